import { type RequestRecord } from '../kernel/observer';

/** A duration that can be worked out from a finished request. */
export type Duration = 'whole' | 'queue' | 'firstContent' | 'upstream' | 'own' | 'perToken' | 'tokenGap';

/** Each in milliseconds; 0 where the record does not tell. */
export const durationOf: Readonly<Record<Duration, (record: RequestRecord) => number>> = {
  whole: ({ durationMs }) => durationMs,
  queue: ({ queueMs }) => queueMs ?? 0,
  firstContent: ({ firstContentMs, queueMs }) => Math.max(0, (firstContentMs ?? 0) - (queueMs ?? 0)),
  upstream: ({ upstreamMs }) => upstreamMs ?? 0,
  own: ({ durationMs, upstreamMs }) => Math.max(0, durationMs - (upstreamMs ?? 0)),
  perToken: ({ upstreamMs, usage }) => (upstreamMs ?? 0) / Math.max(1, usage?.outputTokens ?? 1),
  tokenGap,
};

/** Reasoning is over when the first content comes, so only what follows it counts. */
function tokenGap({ durationMs, firstContentMs, usage }: RequestRecord): number {
  const shown = (usage?.outputTokens ?? 0) - (usage?.reasoningTokens ?? 0);
  return Math.max(0, durationMs - (firstContentMs ?? durationMs)) / Math.max(1, shown - 1);
}
