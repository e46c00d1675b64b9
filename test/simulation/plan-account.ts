import { type PlanQuota } from '../../src/kernel/plan-quota';
import { UpstreamFailure } from '../../src/kernel/upstream-failure';

/** How much of anything a plan allows, in units of work. */
export interface PlanSize {
  readonly per5h: number;
  readonly perWeek: number;
}

interface SimulatedWindow {
  readonly minutes: number;
  readonly capacity: number;
  used: number;
  /** Unix milliseconds; a window begins with the first call after the last one ended. */
  resetAtMs: number;
}

/** An upstream account whose plan has two windows, as they are told in headers: used percent and time of reset. */
export class PlanAccount {
  /** Calls that were answered, and that were refused because a window was used up. */
  answered = 0;
  refused = 0;
  private readonly windows: readonly SimulatedWindow[];

  constructor(
    readonly name: string,
    size: PlanSize,
    /** How long the windows have run already when the simulation begins, as a part of their length. */
    phase: number,
    startMs: number,
  ) {
    this.windows = [
      { minutes: 300, capacity: size.per5h },
      { minutes: 10_080, capacity: size.perWeek },
    ].map((each) => ({ ...each, used: 0, resetAtMs: startMs + (1 - phase) * each.minutes * 60_000 }));
  }

  /** A call arrives. @returns what the head of the answer says. @throws {UpstreamFailure} `quota_exhausted`. */
  begin(nowMs: number): PlanQuota {
    for (const window of this.windows) {
      if (window.resetAtMs > nowMs) continue;
      window.used = 0;
      window.resetAtMs = nowMs + window.minutes * 60_000;
    }
    const spent = this.windows.filter(({ used, capacity }) => used >= capacity).map(({ resetAtMs }) => resetAtMs);
    if (spent.length > 0) {
      this.refused += 1;
      const resetAtMs = Math.max(...spent);
      throw new UpstreamFailure({
        kind: 'quota_exhausted',
        message: 'The upstream plan has used up its quota for this window.',
        upstreamStatus: 429,
        resetAtMs,
        retryAfterMs: resetAtMs - nowMs,
        quota: this.quota(),
      });
    }
    this.answered += 1;
    return this.quota();
  }

  /** A call has done its work. */
  charge(units: number): void {
    for (const window of this.windows) window.used += units;
  }

  /** Whether a window is used up. */
  get isDry(): boolean {
    return this.windows.some(({ used, capacity }) => used >= capacity);
  }

  /** Percentages as whole numbers, as the backend tells them. */
  private quota(): PlanQuota {
    return {
      planType: 'plus',
      activeLimit: 'codex',
      credits: undefined,
      windows: this.windows.map(({ minutes, capacity, used, resetAtMs }) => ({
        limit: 'codex',
        minutes,
        usedPercent: Math.min(Math.floor((100 * used) / capacity), 100),
        resetAtMs,
      })),
    };
  }
}
