import { randomBytes, randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Answer, json, type Reply } from './answer';
import { decodeBody, readBody } from './body';
import { accountsCheckRoute, compactRoute, modelsRoute, responsesRoute, type Route, usageRoute } from './codex-routes';
import { deliver, type Gate } from './delivery';
import { type Ending, flatHeaders, type SeenRequest } from './journal';
import { deviceTokenRoute, revokeRoute, userCodeRoute } from './device-routes';
import { tokenRoute, whoamiRoute } from './oauth-routes';
import { foldedUnlessStreaming, openAiCompactRoute, openAiResponsesRoute } from './openai-host';
import { promptRoute, releaseRoute } from './prompt-host';
import { sealedFor } from './seals';
import { askedOf, type Routed, type World } from './world';

const routes: Readonly<Record<string, Route>> = {
  'POST /backend-api/codex/responses': responsesRoute,
  'POST /backend-api/codex/responses/compact': compactRoute,
  'GET /backend-api/codex/models': modelsRoute,
  'GET /backend-api/wham/usage': usageRoute,
  'GET /backend-api/wham/accounts/check': accountsCheckRoute,
  'POST /oauth/token': tokenRoute,
  'POST /oauth/revoke': revokeRoute,
  'POST /api/accounts/deviceauth/usercode': userCodeRoute,
  'POST /api/accounts/deviceauth/token': deviceTokenRoute,
  'POST /openai/v1/responses': openAiResponsesRoute,
  'POST /openai/v1/responses/compact': openAiCompactRoute,
};

/** Takes one request from its first byte to the end of its answer. */
export async function converseOver(
  world: World,
  gate: Gate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const raw = await readBody(request);
  const { seen, settle } = seenFrom(request, raw);
  const { journal } = world;
  const { counts } = journal;
  const routed = routeOf(seen)(world, seen);
  const reply = routed.script?.take(seen);
  journal.record(seen);
  const seals = world.switches.sealsByAccount && routed.isCodex;
  const sealed = (answer: Answer): Answer => (seals ? sealedFor(seen, answer) : answer);
  const scripted = folded(routed, reply);
  const ending = await deliver({
    response,
    gate,
    asked: routed.asked,
    scripted: scripted?.kind === 'answer' ? sealed(scripted) : scripted,
    usual: () => sealed(foldedUnlessStreaming(routed.asked, routed.usual())),
    headers: (status) => usualHeaders(world, routed, status),
  });
  if (ending === 'cancelled') counts.cancelled += 1;
  settle(ending);
}

function folded({ asked }: Routed, reply: Reply | undefined): Reply | undefined {
  return reply?.kind === 'answer' ? foldedUnlessStreaming(asked, reply) : reply;
}

function routeOf({ method, path }: SeenRequest): Route {
  const exact = routes[`${method} ${path}`];
  if (exact !== undefined) return exact;
  if (method === 'GET' && path.endsWith('/whoami')) return whoamiRoute;
  if (method === 'GET' && path.endsWith('/releases/latest')) return releaseRoute;
  if (method === 'GET' && path.startsWith('/raw/')) return promptRoute;
  return notFoundRoute;
}

function notFoundRoute(world: World, seen: SeenRequest): Routed {
  world.journal.counts.notFound += 1;
  const usual = (): ReturnType<typeof json> => json(404, { detail: 'Not Found' });
  return { script: undefined, usual, asked: askedOf(world, seen), isCodex: false };
}

/** @returns the request as the journal keeps it, and the way to say how it ended. */
export function seenFrom(
  request: IncomingMessage,
  raw: Buffer,
): { readonly seen: SeenRequest; readonly settle: (ending: Ending) => void } {
  let settle: (ending: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((resolve) => {
    settle = resolve;
  });
  const url = new URL(request.url ?? '/', 'http://simulator.test');
  const headers = flatHeaders(request.headers);
  const seen: SeenRequest = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers,
    rawHeaders: request.rawHeaders,
    body: decodeBody(raw, headers).json,
    rawBytes: raw.length,
    rawBody: raw,
    ended,
  };
  return { seen, settle };
}

function usualHeaders(
  { catalog }: World,
  { asked, isCodex }: Routed,
  status: number,
): Readonly<Record<string, string>> {
  const traced = { 'x-request-id': randomUUID(), 'cf-ray': `${randomBytes(8).toString('hex')}-FRA` };
  if (!isCodex || (status !== 200 && status !== 429)) return traced;
  const now = Math.floor(Date.now() / 1000);
  return {
    ...traced,
    'x-oai-request-id': randomUUID(),
    'x-models-etag': catalog.etag,
    ...(asked.model === '' ? {} : { 'openai-model': asked.model }),
    'x-codex-active-limit': 'codex',
    'x-codex-plan-type': 'plus',
    'x-codex-primary-used-percent': '12.5',
    'x-codex-primary-window-minutes': '300',
    'x-codex-primary-reset-after-seconds': '13873',
    'x-codex-primary-reset-at': String(now + 13_873),
    'x-codex-secondary-used-percent': '29',
    'x-codex-secondary-window-minutes': '10080',
    'x-codex-secondary-reset-after-seconds': '434962',
    'x-codex-secondary-reset-at': String(now + 434_962),
    'x-codex-primary-over-secondary-limit-percent': '0',
    'x-codex-credits-has-credits': 'False',
    'x-codex-credits-unlimited': 'False',
    'x-codex-credits-balance': '0',
  };
}
