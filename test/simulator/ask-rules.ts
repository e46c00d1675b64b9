import { type Answer, json } from './answer';
import { type Catalog } from './catalog';
import { itemRules } from './item-rules';
import { isJsonObject, type JsonObject, objectOf, objectsOf, stringOf } from './json';

/** Whether `instructions` have to be there, have to be an official prompt, or do not matter. */
export type InstructionsPolicy = 'required' | 'exact' | 'lenient';

/** What a request without a `version` header counts as. */
export type MissingVersionPolicy = 'refuse' | 'accept';

/** One call of `/responses` before the judge. */
export interface Ask {
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
  readonly input: readonly JsonObject[];
  readonly isLite: boolean;
  readonly catalog: Catalog;
  readonly instructions: InstructionsPolicy;
  readonly missingVersion: MissingVersionPolicy;
}

/** @returns the refusal, or undefined when the rule has nothing against the request. */
export type AskRule = (ask: Ask) => Answer | undefined;

/** The header that announces the lite profile. */
export const liteHeader = 'x-openai-internal-codex-responses-lite';

const allowed = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'store',
  'include',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'prompt_cache_key',
  'service_tier',
  'client_metadata',
]);

/** A refusal in the words of the backend's outer layer. */
export function refuse(detail: string, status = 400): Answer {
  return json(status, { detail });
}

/** A refusal in the words of the model layer. */
function refuseByModel(message: string, param: string | null, code: string | null = null): Answer {
  return json(400, { error: { message, type: 'invalid_request_error', param, code } });
}

/** Judges a body in the backend's order; the first objection counts. */
export function judgeAsk(ask: Ask): Answer | undefined {
  for (const rule of rules) {
    const objection = rule(ask);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

/** Judges what compaction v1 sends: the same limits, but neither `store` nor `stream`. */
export function judgeCompaction(ask: Ask): Answer | undefined {
  if ('stream' in ask.body || 'store' in ask.body) {
    return refuse(`Unsupported parameter: ${'stream' in ask.body ? 'stream' : 'store'}`);
  }
  for (const rule of rules.slice(2)) {
    const objection = rule(ask);
    if (objection !== undefined) return objection;
  }
  return undefined;
}

function storeRule({ body }: Ask): Answer | undefined {
  return body['store'] === false ? undefined : refuse('Store must be set to false');
}

function streamRule({ body }: Ask): Answer | undefined {
  return body['stream'] === true ? undefined : refuse('Stream must be set to true');
}

function parametersRule({ body }: Ask): Answer | undefined {
  const foreign = Object.keys(body).find((name) => !allowed.has(name));
  if (foreign !== undefined) return refuse(`Unsupported parameter: ${foreign}`);
  const isForeignTier = 'service_tier' in body && body['service_tier'] !== 'priority';
  return isForeignTier ? refuse('Unsupported parameter: service_tier') : undefined;
}

function inputRule({ body }: Ask): Answer | undefined {
  const { input } = body;
  return Array.isArray(input) && input.every(isJsonObject) ? undefined : refuse('Input must be a list');
}

function systemRule({ input }: Ask): Answer | undefined {
  return input.some((item) => item['role'] === 'system') ? refuse('System messages are not allowed') : undefined;
}

function instructionsRule({ body, input, isLite, instructions, catalog }: Ask): Answer | undefined {
  // Lite requests carry none; a mismatch of profile and model is judged later.
  if (instructions === 'lenient' || isLite) return undefined;
  const given = body['instructions'];
  if (instructions === 'exact') {
    if (typeof given !== 'string') return refuse('Instructions are required');
    return catalog.hasPrompt(given) ? undefined : refuse('Instructions are not valid');
  }
  if (typeof given === 'string') return undefined;
  const hasDeveloper = input.some((item) => item['role'] === 'developer' && item['type'] !== 'additional_tools');
  return given === undefined && hasDeveloper ? undefined : refuse('Instructions are required');
}

function modelRule({ body, headers, catalog, missingVersion }: Ask): Answer | undefined {
  const slug = stringOf(body['model']) ?? '';
  const stranger = missingVersion === 'accept' ? '999.0.0' : '0.0.0';
  if (catalog.servedTo(slug, headers['version'] ?? stranger) !== undefined) return undefined;
  return refuse(`The '${slug}' model is not supported when using Codex with a ChatGPT account.`);
}

function modelOf({ body, catalog }: Ask): JsonObject {
  return catalog.models.find((model) => model['slug'] === body['model']) ?? {};
}

function liteRule(ask: Ask): Answer | undefined {
  const { body, isLite } = ask;
  const wantsLite = modelOf(ask)['use_responses_lite'] === true;
  if (isLite && !wantsLite) {
    return refuse('This model is not supported when using X-OpenAI-Internal-Codex-Responses-Lite.');
  }
  if (!wantsLite) return undefined;
  if (!isLite) return refuse(`Model not found ${stringOf(body['model']) ?? ''}`, 404);
  if ('tools' in body) return refuse('Unsupported parameter: tools');
  if ('instructions' in body) return refuse('Unsupported parameter: instructions');
  if (objectOf(body['reasoning'])['context'] !== 'all_turns') {
    return refuseByModel('reasoning.context has to be all_turns for this model.', 'reasoning.context', 'invalid_value');
  }
  return body['parallel_tool_calls'] === true
    ? refuse('Parallel tool calls are not available in this profile')
    : undefined;
}

function effortRule(ask: Ask): Answer | undefined {
  const effort = stringOf(objectOf(ask.body['reasoning'])['effort']);
  if (effort === undefined) return undefined;
  const known = objectsOf(modelOf(ask)['supported_reasoning_levels']).map((level) => level['effort']);
  if (effort !== 'ultra' && (known.length === 0 || known.includes(effort))) return undefined;
  return refuseByModel(`Unsupported effort '${effort}'.`, 'reasoning.effort', 'unsupported_value');
}

const rules: readonly AskRule[] = [
  storeRule,
  streamRule,
  parametersRule,
  inputRule,
  systemRule,
  instructionsRule,
  modelRule,
  liteRule,
  ...itemRules,
  effortRule,
];
