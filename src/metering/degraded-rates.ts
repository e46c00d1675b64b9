import { forgetOldest } from '../kernel/forget-oldest';
import { type ScopeLimits } from '../kernel/limits';
import { bookKey } from './machine/book-keys';

/** A limit of this process alone that has no room. */
export interface DegradedRefusal {
  readonly scope: ScopeLimits;
  readonly limit: 'requests' | 'parallel';
  /** This process' part. */
  readonly max: number;
  /** Milliseconds until another try makes sense. */
  readonly retryAfterMs: number;
}

interface Window {
  startMs: number;
  requests: number;
}

const mostWindows = 10_000;
/** A slot becomes free when some answer ends; nobody knows when. */
const slotRetryMs = 1_000;

/**
 * Rates while the shared state is away: each process lets its part of a limit through, limit ÷ replicas, at least one. Token
 * limits are not kept, since nobody knows what the others used; budgets are not for this place at all. A window lasts to its
 * end also when the state answers in between: one that comes and goes would else let another part through each time.
 */
export class DegradedRates {
  private readonly windows = new Map<string, Window>();

  /** @param replicas processes that share the limits. */
  constructor(private readonly options: { readonly windowMs: number; readonly replicas: number }) {}

  /**
   * Counts a request in every scope, or in none.
   *
   * @param running requests that this process itself serves at the moment, by the key of the scope.
   * @returns what has no room; undefined when it may go.
   */
  take(
    scopes: readonly ScopeLimits[],
    nowMs: number,
    running: (scope: ScopeLimits) => number = () => 0,
  ): DegradedRefusal | undefined {
    const windows = scopes.map((scope) => this.windowOf(bookKey(scope), nowMs));
    for (const [at, scope] of scopes.entries()) {
      if (scope.mode === 'observe') continue;
      const { requestsPerWindow, parallel } = scope.limits;
      const { startMs, requests } = windows[at] ?? { startMs: nowMs, requests: 0 };
      const most = this.partOf(requestsPerWindow);
      if (requests + 1 > most) {
        const retryAfterMs = Math.max(1, startMs + this.options.windowMs - nowMs);
        return { scope, limit: 'requests', max: most, retryAfterMs };
      }
      const slots = this.partOf(parallel);
      if (running(scope) >= slots) return { scope, limit: 'parallel', max: slots, retryAfterMs: slotRetryMs };
    }
    for (const window of windows) window.requests += 1;
    return undefined;
  }

  private partOf(limit: number | undefined): number {
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    return limit === 0 ? 0 : Math.max(1, Math.floor(limit / this.options.replicas));
  }

  private windowOf(key: string, nowMs: number): Window {
    const known = this.windows.get(key);
    if (known !== undefined && nowMs >= known.startMs && nowMs < known.startMs + this.options.windowMs) return known;
    const window = { startMs: nowMs, requests: 0 };
    this.windows.delete(key);
    this.windows.set(key, window);
    forgetOldest(this.windows, mostWindows);
    return window;
  }
}
