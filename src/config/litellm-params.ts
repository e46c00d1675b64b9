import { isPriceKey } from '../protocol/pricing/own-price';
import { deploymentParamsSchema } from './gateway-file.schema';

/** OpenAI parameters that a deployment may preset; the request's own value wins. Chat and Responses spellings. */
const openAiParameters: ReadonlySet<string> = new Set([
  'audio', 'frequency_penalty', 'function_call', 'functions', 'include', 'instructions', 'logit_bias', 'logprobs',
  'max_completion_tokens', 'max_output_tokens', 'max_tokens', 'max_tool_calls', 'metadata', 'modalities', 'n',
  'parallel_tool_calls', 'prediction', 'presence_penalty', 'prompt_cache_key', 'prompt_cache_retention', 'reasoning',
  'reasoning_effort', 'response_format', 'safety_identifier', 'seed', 'service_tier', 'stop', 'store', 'temperature',
  'text', 'thinking', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'truncation', 'user', 'verbosity',
  'web_search_options',
]); // prettier-ignore

/** What becomes of one key of `litellm_params`. */
export type ParamRole = 'setting' | 'default' | 'price' | 'unknown';

/** Sorts a key of `litellm_params`: ours, an OpenAI parameter, a price (kept in `model_info`), or not understood. */
export function roleOfParam(name: string): ParamRole {
  if (Object.hasOwn(deploymentParamsSchema.shape, name)) return 'setting';
  if (openAiParameters.has(name)) return 'default';
  return isPriceKey(name) || name.includes('cost_per_') ? 'price' : 'unknown';
}

/** The entries of `litellm_params` that play one role; empty values are left out. */
export function paramsOfRole(
  params: Readonly<Record<string, unknown>>,
  role: ParamRole,
): Readonly<Record<string, unknown>> {
  const chosen = Object.entries(params).filter(
    ([name, value]) => roleOfParam(name) === role && value !== null && value !== undefined,
  );
  return Object.fromEntries(chosen);
}
