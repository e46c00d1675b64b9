import { type LimitState } from '../../metering/meter';
import { rateKindOf, type RateKind, scopeWord } from './limit-words';

type Headers = Record<string, string>;

/** What header names may hold. */
const unfitName = /[^A-Za-z0-9._-]/g;

/**
 * The rate limits of a request: OpenAI's names from the key's own limits or, where the key has none, from the tightest
 * other one; the limiter's names for each scope; LiteLLM's names for limits of one model. Counts and, for `reset`, the time
 * that is left (`6m0s`).
 */
export function rateHeaders(limits: readonly LimitState[], nowMs: number): Headers {
  const headers: Headers = {};
  addRateHeaders(headers, limits, nowMs);
  return headers;
}

/** The same into headers that are there: it runs for every answer. */
export function addRateHeaders(headers: Headers, limits: readonly LimitState[], nowMs: number): void {
  let requests: LimitState | undefined;
  let tokens: LimitState | undefined;
  for (const state of limits) {
    const kind = rateKindOf(state);
    if (kind === undefined) continue;
    addScope(headers, state, kind);
    if (kind === 'requests') requests = firstOf(requests, state);
    else if (kind === 'tokens') tokens = firstOf(tokens, state);
  }
  if (requests !== undefined) addCommon(headers, commonNames.requests, requests, nowMs);
  if (tokens !== undefined) addCommon(headers, commonNames.tokens, tokens, nowMs);
}

/** OpenAI's way to write a wait: `820ms`, `12s`, `6m0s`, `1h0m0s`. */
export function durationWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const total = Math.ceil(ms / 1_000);
  const seconds = `${total % 60}s`;
  if (total < 60) return seconds;
  const minutes = `${Math.floor(total / 60) % 60}m${seconds}`;
  return total < 3_600 ? minutes : `${Math.floor(total / 3_600)}h${minutes}`;
}

interface CommonNames {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

const commonNames: Readonly<Record<'requests' | 'tokens', CommonNames>> = {
  requests: namesOf('requests'),
  tokens: namesOf('tokens'),
};

function namesOf(kind: string): CommonNames {
  const name = (what: string): string => `x-ratelimit-${what}-${kind}`;
  return { limit: name('limit'), remaining: name('remaining'), reset: name('reset') };
}

function addCommon(headers: Headers, names: CommonNames, state: LimitState, nowMs: number): void {
  headers[names.limit] = String(state.max);
  headers[names.remaining] = String(left(state));
  if (state.resetAtMs !== undefined) headers[names.reset] = durationWords(state.resetAtMs - nowMs);
}

/** The key's own limit goes before all others, then the tightest. */
function firstOf(best: LimitState | undefined, state: LimitState): LimitState {
  if (best === undefined || isOwn(state)) return state;
  return isOwn(best) || left(best) <= left(state) ? best : state;
}

function isOwn({ scope, model }: LimitState): boolean {
  return scope === 'key' && model === undefined;
}

interface ScopeNames {
  readonly limit: string;
  readonly remaining: string;
}

/** There are a dozen scopes and three kinds: names are made once. */
const scopeNames = new Map<string, ScopeNames>();

function scopeNamesOf(scope: string, kind: RateKind): ScopeNames {
  const both = `${scope} ${kind}`;
  const known = scopeNames.get(both);
  if (known !== undefined) return known;
  const names = { limit: `x-ratelimit-${scope}-limit-${kind}`, remaining: `x-ratelimit-${scope}-remaining-${kind}` };
  scopeNames.set(both, names);
  return names;
}

function addScope(headers: Headers, state: LimitState, kind: RateKind): void {
  const names = scopeNamesOf(scopeWord(state), kind);
  const rest = left(state);
  const earlier = headers[names.remaining];
  // Two teams' worth of the same scope cannot be; two models of a fallback can, and the tighter one is told.
  if (earlier === undefined || rest < Number(earlier)) {
    headers[names.limit] = String(state.max);
    headers[names.remaining] = String(rest);
  }
  if (state.scope !== 'key' || state.model === undefined || kind === 'max_parallel_requests') return;
  headers[`x-litellm-key-remaining-${kind}-${state.model.replace(unfitName, '-')}`] = String(rest);
}

function left({ max, used }: LimitState): number {
  return max > used ? max - used : 0;
}
