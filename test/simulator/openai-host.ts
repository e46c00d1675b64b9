import { type Answer, type Asked, json } from './answer';
import { bodyObject } from './body';
import { compacted } from './codex-routes';
import { converse } from './conversation';
import { type SeenRequest } from './journal';
import { isJsonObject, type JsonObject, objectOf, objectsOf, stringOf } from './json';
import { askedOf, type Routed, type World } from './world';

/** A key that the plain host knows and no longer accepts. */
export const withdrawnKey = 'sk-withdrawn';

/** `POST /openai/v1/responses`: the public Responses API with a bearer key, streaming or not. */
export function openAiResponsesRoute(world: World, seen: SeenRequest): Routed {
  const body = objectOf(bodyObject(seen.body));
  const model = stringOf(body['model']) ?? '';
  const asked = askedOf(world, seen, { host: 'openai', body, model, metadataFrames: false });
  const refusal = objection(world, seen, world.switches.openAiLacksResponses) ?? missingField(body);
  if (refusal !== undefined) return refused(world, asked, refusal);
  world.journal.counts.openAiResponses += 1;
  const usual = (): Answer => converse({ body: withInputList(body) });
  return { script: world.scripts.openAi, usual, asked, isCodex: false };
}

/** `POST /openai/v1/responses/compact` */
export function openAiCompactRoute(world: World, seen: SeenRequest): Routed {
  const body = objectOf(bodyObject(seen.body));
  const asked = askedOf(world, seen, { host: 'openai', body, metadataFrames: false });
  const refusal = objection(world, seen, world.switches.openAiLacksCompact);
  if (refusal !== undefined) return refused(world, asked, refusal);
  world.journal.counts.compactions += 1;
  const usual = (): Answer => compacted({ input: objectsOf(withInputList(body)['input']) });
  return { script: world.scripts.compact, usual, asked, isCodex: false };
}

/** A caller that did not ask for a stream gets the end of it as one JSON body. */
export function foldedUnlessStreaming(asked: Asked, reply: Answer): Answer {
  if (asked.host !== 'openai' || asked.body['stream'] === true) return reply;
  const last = reply.events?.(asked).at(-1)?.fields;
  if (last === undefined) return reply;
  const response = last['response'];
  const failure = objectOf(objectOf(response)['error'] ?? last);
  const isDone = last.type === 'response.completed' || last.type === 'response.incomplete';
  const folded = isDone
    ? json(200, response)
    : json(failure['code'] === 'server_error' ? 500 : 400, { error: failure });
  return { ...folded, preface: reply.preface };
}

function objection(world: World, seen: SeenRequest, isLacking: boolean): Answer | undefined {
  const key = (seen.headers['authorization'] ?? '').replace(/^bearer /i, '');
  if (!key.startsWith('sk-') || key === withdrawnKey) {
    world.journal.counts.unauthorized += 1;
    return json(401, error('Incorrect API key provided.', null, 'invalid_api_key'));
  }
  return isLacking
    ? json(404, error(`Invalid URL (POST ${seen.path.replace(/^\/openai/, '')})`, null, null))
    : undefined;
}

function missingField(body: JsonObject): Answer | undefined {
  const missing = typeof body['model'] !== 'string' ? 'model' : 'input' in body ? undefined : 'input';
  if (missing === undefined) return undefined;
  return json(400, error(`Missing required parameter: '${missing}'.`, missing, 'missing_required_parameter'));
}

function error(message: string, param: string | null, code: string | null): JsonObject {
  return { error: { message, type: 'invalid_request_error', param, code } };
}

function withInputList(body: JsonObject): JsonObject {
  const { input } = body;
  if (typeof input !== 'string') return body;
  return { ...body, input: [{ type: 'message', role: 'user', content: input }].filter(isJsonObject) };
}

function refused(world: World, asked: Asked, answer: Answer): Routed {
  world.journal.counts.refusedRequests += 1;
  return { script: undefined, usual: () => answer, asked, isCodex: false };
}
