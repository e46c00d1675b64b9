import { type CountsByError } from '../../config/routing-values';
import { type UpstreamFailure } from '../../kernel/upstream-failure';
import { countFor } from './error-class';

/** What a call may spend on trying in one model group. Milliseconds. */
export interface RetryLimits {
  /** Tries after the first one. */
  readonly retries: number;
  readonly policy: CountsByError | undefined;
  /** First pause before the same deployment is tried again; doubles each time. */
  readonly backoffMs: number;
  /** Longest pause; an upstream that asks for more is left to the client to wait for. */
  readonly longestMs: number;
  /** Shortest pause. */
  readonly leastMs: number;
}

/** What has happened so far in this group. */
export interface TriesSoFar {
  /** Repetitions that count as retries. */
  readonly retries: number;
  /** Moves away from an account that cannot serve the call at all. */
  readonly moves: number;
  /** Deployments that could be tried now and have not been. */
  readonly fresh: number;
  /** This deployment could be tried again. */
  readonly sameIsUp: boolean;
}

/** What to do after a failure. `move`: the next account is asked at once, which is no retry of anything. */
export type RetryChoice =
  { readonly kind: 'stop' } | { readonly kind: 'retry'; readonly waitMs: number } | { readonly kind: 'move' };

/** Accounts that one call may find used up, logged out or without the model before it gives up. */
const mostMoves = 8;
const stop: RetryChoice = { kind: 'stop' };

/**
 * Whether a failed call is tried again, and after which pause. Pure.
 *
 * @param random 0 to 1, for the jitter.
 */
export function retryChoice(
  failure: UpstreamFailure,
  limits: RetryLimits,
  tries: TriesSoFar,
  random: () => number,
): RetryChoice {
  const told = countFor(limits.policy, failure.kind);
  const allowed = told ?? limits.retries;
  if (allowed === 0 || !isWorthwhile(failure, told)) return stop;
  if (isAccountOut(failure)) return tries.fresh > 0 && tries.moves < mostMoves ? { kind: 'move' } : stop;
  if (tries.retries >= allowed) return stop;
  if (tries.fresh > 0) return { kind: 'retry', waitMs: 0 };
  // The edge blocks whoever comes this way; asking again only makes it worse.
  if (failure.blame === 'edge' || !tries.sameIsUp) return stop;
  const waitMs = pauseMs(failure, limits, tries.retries, random);
  return waitMs === undefined ? stop : { kind: 'retry', waitMs };
}

/** What a policy names is tried again whatever it is; nobody waits for the answer to a client that left. */
function isWorthwhile({ kind, retryable }: UpstreamFailure, told: number | undefined): boolean {
  return kind !== 'client_gone' && (told !== undefined || retryable);
}

/** This account will not serve this call, however often it is asked. */
export function isAccountOut({ kind }: UpstreamFailure): boolean {
  return (
    kind === 'quota_exhausted' ||
    kind === 'unauthorized' ||
    kind === 'workspace_refused' ||
    kind === 'model_unavailable'
  );
}

/** What the upstream asks for, else doubling pauses, with jitter so that callers of one outage do not come back together. */
function pauseMs(
  { details }: UpstreamFailure,
  { backoffMs, longestMs, leastMs }: RetryLimits,
  retries: number,
  random: () => number,
): number | undefined {
  const asked = details.retryAfterMs;
  if (asked !== undefined && asked > 0) {
    return asked > longestMs ? undefined : Math.max(asked, leastMs) + random() * Math.min(asked / 10, 250);
  }
  const doubled = Math.min(backoffMs * 2 ** retries, longestMs);
  return Math.max(doubled * (0.5 + random() / 2), leastMs);
}
