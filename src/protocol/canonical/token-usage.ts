import { type TokenUsage } from '../../kernel/usage';
import { type JsonObject } from './canonical-request';
import { asObject } from './parsed-event';

/**
 * Usage as a Responses object reports it. Parts never exceed their whole: what says so is cut, because money follows.
 * @returns undefined when there is no usage object at all.
 */
export function usageOf(response: JsonObject | undefined): TokenUsage | undefined {
  const usage = asObject(response?.['usage']);
  if (usage === undefined) return undefined;
  const input = asObject(usage['input_tokens_details']);
  const output = asObject(usage['output_tokens_details']);
  const inputTokens = count(usage['input_tokens']);
  const outputTokens = count(usage['output_tokens']);
  const cachedInputTokens = Math.min(count(input?.['cached_tokens']), inputTokens);
  return {
    inputTokens,
    cachedInputTokens,
    cacheWriteTokens: Math.min(count(input?.['cache_write_tokens']), inputTokens - cachedInputTokens),
    outputTokens,
    reasoningTokens: Math.min(count(output?.['reasoning_tokens']), outputTokens),
  };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
