import { type Login } from './accounts';
import { type Answer, json } from './answer';
import { compactedBlob } from './answers';
import { type Ask, judgeAsk, judgeCompaction, liteHeader, refuse } from './ask-rules';
import { bodyObject } from './body';
import { converse } from './conversation';
import { type SeenRequest } from './journal';
import { objectsOf, stringOf } from './json';
import { type Script } from './script';
import { refusalOfForeignSeals } from './seals';
import { askedOf, type Routed, type World } from './world';

/** A route of the Codex backend. */
export type Route = (world: World, seen: SeenRequest) => Routed;

/** `POST /backend-api/codex/responses` */
export function responsesRoute(world: World, seen: SeenRequest): Routed {
  return judged(world, seen, {
    judge: judgeAsk,
    script: world.scripts.responses,
    count: 'responses',
    usual: converse,
  });
}

/** `POST /backend-api/codex/responses/compact`: one JSON answer with the kept user messages and a compaction. */
export function compactRoute(world: World, seen: SeenRequest): Routed {
  return judged(world, seen, {
    judge: judgeCompaction,
    script: world.scripts.compact,
    count: 'compactions',
    usual: compacted,
  });
}

/** @returns the JSON that a compaction call gives back. */
export function compacted({ input }: Pick<Ask, 'input'>): Answer {
  const kept = input.filter((item) => item['role'] === 'user');
  return json(200, { output: [...kept, { type: 'compaction', encrypted_content: compactedBlob() }] });
}

interface JudgedCall {
  readonly judge: (ask: Ask) => Answer | undefined;
  readonly script: Script;
  readonly count: 'responses' | 'compactions';
  readonly usual: (ask: Ask) => Answer;
}

function judged(world: World, seen: SeenRequest, call: JudgedCall): Routed {
  const body = bodyObject(seen.body);
  const ask: Ask = {
    body: body ?? {},
    headers: seen.headers,
    input: objectsOf(body?.['input']),
    isLite: seen.headers[liteHeader] === 'true',
    catalog: world.catalog,
    instructions: world.switches.instructions,
    missingVersion: world.switches.missingVersion,
  };
  const entrance = enter(world, seen);
  const unreadable = body === undefined ? refuse('The body could not be read as a JSON object') : undefined;
  const foreign = world.switches.sealsByAccount ? refusalOfForeignSeals(seen, ask.input) : undefined;
  const refusal = entrance.refusal ?? unreadable ?? call.judge(ask) ?? foreign;
  if (refusal !== undefined) return refused(world, seen, refusal);
  world.journal.counts[call.count] += 1;
  const asked = askedOf(world, seen, { body: ask.body, model: stringOf(ask.body['model']) ?? '' });
  return { script: call.script, usual: () => call.usual(ask), asked, isCodex: true };
}

/** `GET /backend-api/codex/models?client_version=…` */
export function modelsRoute(world: World, seen: SeenRequest): Routed {
  const { refusal } = enter(world, seen);
  if (refusal !== undefined) return refused(world, seen, refusal);
  const version = seen.query['client_version'];
  if (version === undefined) return refused(world, seen, missingVersion());
  const { catalog, journal } = world;
  journal.counts.catalogFetches += 1;
  const usual = (): Answer => {
    if (seen.headers['if-none-match'] !== catalog.etag) {
      return json(200, { models: catalog.visibleTo(version) }, { etag: catalog.etag });
    }
    journal.counts.catalogNotModified += 1;
    return json(304, '', { etag: catalog.etag });
  };
  return { script: world.scripts.models, usual, asked: askedOf(world, seen), isCodex: true };
}

function missingVersion(): Answer {
  const message = "[{'type': 'missing', 'loc': ('query', 'client_version'), 'msg': 'Field required', 'input': None}]";
  return json(400, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}

/** `GET /backend-api/wham/usage`: the limits that the rate-limit headers tell as well. */
export function usageRoute(world: World, seen: SeenRequest): Routed {
  return forAccount(world, seen, world.scripts.usage, (login) => {
    const now = Math.floor(Date.now() / 1000);
    const window = (used: number, seconds: number, left: number): Record<string, number> => ({
      used_percent: used,
      limit_window_seconds: seconds,
      reset_after_seconds: left,
      reset_at: now + left,
    });
    return json(200, {
      plan_type: login?.plan ?? 'plus',
      rate_limit: {
        allowed: true,
        limit_reached: false,
        primary_window: window(12.5, 18_000, 13_873),
        secondary_window: window(29, 604_800, 434_962),
      },
      code_review_rate_limit: null,
      credits: { has_credits: false, unlimited: false, balance: '0' },
    });
  });
}

/** `GET /backend-api/wham/accounts/check`: tells the CLI where its workspace lives. */
export function accountsCheckRoute(world: World, seen: SeenRequest): Routed {
  return forAccount(world, seen, world.scripts.accountsCheck, (login) => {
    const id = login?.accountId ?? seen.headers['chatgpt-account-id'] ?? '';
    const account = { id, workspace_backend_origin: 'https://chatgpt.com', account_routing_override: 'NO_CONSTRAINT' };
    return json(200, { accounts: [account], account_ordering: [id], default_account_id: id });
  });
}

function forAccount(
  world: World,
  seen: SeenRequest,
  script: Script,
  answer: (login: Login | undefined) => Answer,
): Routed {
  const { refusal, login } = enter(world, seen);
  if (refusal !== undefined) return refused(world, seen, refusal);
  return { script, usual: () => answer(login), asked: askedOf(world, seen), isCodex: false };
}

interface Entrance {
  readonly refusal: Answer | undefined;
  readonly login: Login | undefined;
}

/** Bearer first, account header second, as the backend does it. */
function enter(world: World, seen: SeenRequest): Entrance {
  const [scheme, bearer] = (seen.headers['authorization'] ?? '').split(' ');
  const verdict = scheme?.toLowerCase() === 'bearer' ? world.accounts.judge(bearer ?? '') : undefined;
  if (verdict?.kind !== 'valid') {
    world.journal.counts.unauthorized += 1;
    const isWithdrawn = verdict?.kind === 'invalidated';
    const error = { message: 'The authentication token was withdrawn.', code: 'token_invalidated' };
    const refusal = isWithdrawn ? json(401, { error, status: 401 }) : refuse('Unauthorized', 401);
    return { refusal, login: undefined };
  }
  const account = seen.headers['chatgpt-account-id'];
  const isForeign = account === undefined || (verdict.accountId !== undefined && verdict.accountId !== account);
  const refusal = isForeign ? json(403, { detail: { code: 'invalid_workspace_selected' } }) : undefined;
  return { refusal, login: verdict.login };
}

function refused(world: World, seen: SeenRequest, answer: Answer): Routed {
  world.journal.counts.refusedRequests += 1;
  return { script: undefined, usual: () => answer, asked: askedOf(world, seen), isCodex: false };
}
