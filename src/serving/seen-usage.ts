import { type TokenUsage } from '../kernel/usage';
import { type AnswerTracker } from '../protocol/canonical/answer-tracker';

/** Bytes of a token, about, in prose and code alike. */
const bytesPerToken = 4;

/** Nothing was used. */
export const noUsage: TokenUsage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

/** Output tokens that came so far: never fewer than deltas, since a model sends at least one token in each. */
export function seenOutputTokens({ deltas, deltaBytes }: Pick<AnswerTracker, 'deltas' | 'deltaBytes'>): number {
  return Math.max(deltas, Math.ceil(deltaBytes / bytesPerToken));
}

/** What an answer used whose upstream never said so. @param input an estimate of the question. */
export function seenUsage(
  tracker: Pick<AnswerTracker, 'deltas' | 'deltaBytes'>,
  input: Pick<TokenUsage, 'inputTokens' | 'cachedInputTokens'>,
): TokenUsage {
  return { ...noUsage, ...input, outputTokens: seenOutputTokens(tracker) };
}
