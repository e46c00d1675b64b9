/** Length of a slice and how many of them make the minute that is looked at. */
const sliceMs = 10_000;
const slices = 6;

interface Slice {
  /** Number of the slice since the beginning of the clock. */
  at: number;
  calls: number;
  retries: number;
}

/**
 * Holds the retries of one model group to a share of its calls over the last minute, so that an outage is not multiplied by
 * those who wait for its end. A few are always allowed, because a share of little is nothing.
 */
export class RetryBudget {
  private readonly ring: Slice[] = Array.from({ length: slices }, () => ({ at: -slices, calls: 0, retries: 0 }));

  constructor(private readonly limits: { readonly share: number; readonly minimum: number }) {}

  /** A call came for the group. @param nowMs on a clock that never goes back. */
  called(nowMs: number): void {
    this.sliceAt(nowMs).calls += 1;
  }

  /** Takes one retry. @returns false when the budget is spent; then nothing was taken. */
  take(nowMs: number): boolean {
    const current = this.sliceAt(nowMs);
    let calls = 0;
    let retries = 0;
    for (const slice of this.ring) {
      if (slice.at <= current.at - slices) continue;
      calls += slice.calls;
      retries += slice.retries;
    }
    if (retries >= Math.max(this.limits.minimum, Math.floor(calls * this.limits.share))) return false;
    current.retries += 1;
    return true;
  }

  private sliceAt(nowMs: number): Slice {
    const at = Math.floor(nowMs / sliceMs);
    const place = at % slices;
    const known = this.ring[place];
    if (known?.at === at) return known;
    const slice = { at, calls: 0, retries: 0 };
    this.ring[place] = slice;
    return slice;
  }
}
