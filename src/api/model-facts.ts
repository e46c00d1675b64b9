import { type Deployment } from '../config/deployment';
import { type CatalogEntry, type ResolvedModel } from '../models/catalog-entry';
import { type JsonObject } from '../protocol/canonical/canonical-request';

/** Parameters that reach a Codex model or are honoured at our edge. */
const openAiParams: readonly string[] = [
  'include',
  'instructions',
  'parallel_tool_calls',
  'prompt_cache_key',
  'reasoning',
  'reasoning_effort',
  'response_format',
  'stop',
  'stream',
  'stream_options',
  'text',
  'tool_choice',
  'tools',
];

/** What LiteLLM tells of a model, as far as the catalog knows it; `null` is its word for unknown. */
export function modelFacts({ provider }: Deployment, model: ResolvedModel): JsonObject {
  const base = { litellm_provider: provider, mode: 'responses' };
  const { entry, profile } = model;
  if (entry === undefined) return { ...base, max_tokens: null, max_input_tokens: null, max_output_tokens: null };
  const isOrdinary = profile === 'ordinary';
  return {
    ...base,
    max_tokens: null,
    max_input_tokens: entry.contextWindow ?? null,
    max_output_tokens: null,
    supports_system_messages: true,
    supports_native_streaming: true,
    supports_prompt_caching: true,
    supports_response_schema: true,
    supports_function_calling: true,
    // The lite profile takes one call at a time, lets nobody force one, and has no hosted tools.
    supports_parallel_function_calling: isOrdinary && entry.supportsParallelToolCalls,
    supports_tool_choice: isOrdinary,
    supports_web_search: isOrdinary,
    supports_vision: entry.supportsImages,
    supports_reasoning: entry.efforts.length > 0,
    supports_verbosity: entry.supportsVerbosity,
    supported_reasoning_efforts: entry.efforts,
    default_reasoning_effort: entry.defaultEffort ?? null,
    supported_service_tiers: entry.serviceTiers,
    supported_openai_params: paramsOf(entry),
    codex_profile: profile,
  };
}

function paramsOf({ supportsVerbosity, serviceTiers }: CatalogEntry): readonly string[] {
  const more = [...(supportsVerbosity ? ['verbosity'] : []), ...(serviceTiers.length > 0 ? ['service_tier'] : [])];
  return [...openAiParams, ...more].sort();
}
