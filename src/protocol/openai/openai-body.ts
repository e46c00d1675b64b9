import { type CanonicalRequest, type JsonObject } from '../canonical/canonical-request';
import { type UpstreamBody } from '../canonical/upstream-body';

/** Client spelling → Responses spelling, for the fields that a Responses host knows. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['max_tokens', 'max_output_tokens'],
  ['max_completion_tokens', 'max_output_tokens'],
  ['max_output_tokens', 'max_output_tokens'],
  ['max_tool_calls', 'max_tool_calls'],
  ['temperature', 'temperature'],
  ['top_p', 'top_p'],
  ['top_logprobs', 'top_logprobs'],
  ['user', 'user'],
  ['safety_identifier', 'safety_identifier'],
  ['metadata', 'metadata'],
  ['truncation', 'truncation'],
  ['prompt_cache_retention', 'prompt_cache_retention'],
  ['prompt_cache_options', 'prompt_cache_options'],
  ['context_management', 'context_management'],
  ['moderation', 'moderation'],
  ['previous_response_id', 'previous_response_id'],
  ['conversation', 'conversation'],
  ['prompt', 'prompt'],
]);
const tokenProbabilities = 'message.output_text.logprobs';

/**
 * The body for a host of the OpenAI Responses API.
 * @param slug the host's own name of the model.
 * @param stream false for a whole answer; `store` is false either way.
 * @returns also the chat fields that the Responses API has no word for, in the client's spelling.
 */
export function openAiBody(request: CanonicalRequest, slug: string, stream: boolean): UpstreamBody {
  const dropped: string[] = [];
  const body: JsonObject = {
    model: slug,
    input: request.input,
    ...optionalFields(request),
    stream,
    store: false,
  };
  addSampling(body, request.sampling ?? {}, dropped);
  if (request.client_metadata !== undefined) dropped.push('client_metadata');
  return { body, dropped: dropped.sort() };
}

const passedFields = [
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'include',
  'prompt_cache_key',
] as const satisfies readonly (keyof CanonicalRequest)[];

function optionalFields(request: CanonicalRequest): JsonObject {
  const fields: JsonObject = {};
  for (const name of passedFields) {
    if (request[name] !== undefined) fields[name] = request[name];
  }
  const tier = request.service_tier;
  if (tier !== undefined) fields['service_tier'] = tier === 'fast' ? 'priority' : tier;
  return fields;
}

function addSampling(body: JsonObject, sampling: JsonObject, dropped: string[]): void {
  for (const name of Object.keys(sampling)) {
    const spelling = spellings.get(name);
    if (spelling !== undefined) body[spelling] = sampling[name];
    else if (name === 'logprobs') body['include'] = withProbabilities(body['include']);
    else dropped.push(name);
  }
  // Chat's newer name wins over its older one, whatever their order.
  if (sampling['max_completion_tokens'] !== undefined) body['max_output_tokens'] = sampling['max_completion_tokens'];
}

function withProbabilities(include: unknown): readonly unknown[] {
  return Array.isArray(include) ? [...(include as readonly unknown[]), tokenProbabilities] : [tokenProbabilities];
}
