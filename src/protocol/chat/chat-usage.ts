import { dollarsFromNanos } from '../../kernel/money';
import { type TokenUsage } from '../../kernel/usage';
import { type JsonObject } from '../canonical/canonical-request';

/**
 * Usage in Chat Completions words: cached and written tokens are part of the prompt, reasoning of the completion.
 *
 * @param costNanos LiteLLM's `cost` beside it, as dollars; left out when undefined.
 */
export function chatUsage(usage: TokenUsage, costNanos?: number): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteTokens === 0 ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    ...(costNanos === undefined ? {} : { cost: dollarsFromNanos(costNanos) }),
  };
}

/** A token is about four characters of text; `characters` are those told so far, reasoning and arguments included. */
export function estimatedUsage(inputTokens: number, characters: number): TokenUsage {
  return {
    inputTokens,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: Math.ceil(characters / 4),
    reasoningTokens: 0,
  };
}
