import { type LimitState } from '../../metering/meter';
import { rateKindOf, type RateKind, scopeWord } from './limit-words';

/** What header names may hold. */
const unfitName = /[^A-Za-z0-9._-]/g;

/**
 * The rate limits of a request: OpenAI's names from the key's own limits or, where the key has none, from the tightest
 * other one; the limiter's names for each scope; LiteLLM's names for limits of one model. Counts and, for `reset`, the time
 * that is left (`6m0s`).
 */
export function rateHeaders(limits: readonly LimitState[], nowMs: number): Record<string, string> {
  const headers: Record<string, string> = {};
  const rates = limits.flatMap((state) => {
    const kind = rateKindOf(state);
    return kind === undefined ? [] : [{ state, kind }];
  });
  for (const { state, kind } of rates) addScope(headers, state, kind);
  for (const kind of ['requests', 'tokens'] as const) {
    const states = rates.filter((rate) => rate.kind === kind).map(({ state }) => state);
    const shown = states.find(({ scope, model }) => scope === 'key' && model === undefined) ?? tightest(states);
    if (shown === undefined) continue;
    headers[`x-ratelimit-limit-${kind}`] = String(shown.max);
    headers[`x-ratelimit-remaining-${kind}`] = String(left(shown));
    if (shown.resetAtMs !== undefined) headers[`x-ratelimit-reset-${kind}`] = durationWords(shown.resetAtMs - nowMs);
  }
  return headers;
}

function addScope(headers: Record<string, string>, state: LimitState, kind: RateKind): void {
  const scope = scopeWord(state);
  const names = { limit: `x-ratelimit-${scope}-limit-${kind}`, remaining: `x-ratelimit-${scope}-remaining-${kind}` };
  const earlier = headers[names.remaining];
  // Two teams' worth of the same scope cannot be; two models of a fallback can, and the tighter one is told.
  if (earlier === undefined || left(state) < Number(earlier)) {
    headers[names.limit] = String(state.max);
    headers[names.remaining] = String(left(state));
  }
  if (state.scope !== 'key' || state.model === undefined || kind === 'max_parallel_requests') return;
  headers[`x-litellm-key-remaining-${kind}-${state.model.replace(unfitName, '-')}`] = String(left(state));
}

function tightest(states: readonly LimitState[]): LimitState | undefined {
  return states.reduce<LimitState | undefined>(
    (best, state) => (best === undefined || left(state) < left(best) ? state : best),
    undefined,
  );
}

function left({ max, used }: LimitState): number {
  return Math.max(0, max - used);
}

/** OpenAI's way to write a wait: `820ms`, `12s`, `6m0s`, `1h0m0s`. */
export function durationWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const total = Math.ceil(ms / 1_000);
  const [hours, minutes, seconds] = [Math.floor(total / 3_600), Math.floor((total % 3_600) / 60), total % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
