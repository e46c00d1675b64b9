import { type PlanCredits, type PlanQuota, type PlanWindow } from '../../kernel/plan-quota';

/** Where a statement about a plan came from. */
export type QuotaSource = 'headers' | 'frame' | 'poll';

/** One statement of the upstream about an account. */
export interface QuotaStatement {
  readonly quota: PlanQuota;
  readonly source: QuotaSource;
  /** Unix milliseconds. */
  readonly seenAtMs: number;
}

/** A window, and when and where it was last heard of. */
export interface KnownWindow extends PlanWindow {
  readonly source: QuotaSource;
  readonly seenAtMs: number;
}

/** All that is known of an account's plan. */
export interface QuotaRecord {
  readonly planType: string | undefined;
  readonly credits: PlanCredits | undefined;
  readonly resetCredits: number | undefined;
  readonly windows: readonly KnownWindow[];
  /** Of the newest statement, Unix milliseconds. */
  readonly seenAtMs: number;
}

/** Two resets this close are the same one, told with different roundings; milliseconds. */
const sameResetMs = 120_000;
/** Answers cross on their way, and the usage route lags behind them: what is this much younger may say less, milliseconds. */
const crossingMs = 10_000;
const pollLagMs = 60_000;

/**
 * What is known after one more statement. Statements may arrive in any order, from any replica.
 *
 * Windows are told apart by limit and length, never by slot. Within one window use only grows, so of two statements that may
 * have crossed the larger counts; a statement about another reset is about another window, and the younger counts.
 */
export function withStatement(
  known: QuotaRecord | undefined,
  { quota, source, seenAtMs }: QuotaStatement,
): QuotaRecord {
  const said = quota.windows.map((window): KnownWindow => ({ ...window, source, seenAtMs }));
  if (known === undefined) {
    const { planType, credits, resetCredits } = quota;
    return { planType, credits, resetCredits, windows: said, seenAtMs };
  }
  const others = known.windows.filter((old) => !said.some((window) => isSameKind(window, old)));
  const merged = said.map((window) => {
    const old = known.windows.find((each) => isSameKind(window, each));
    return old === undefined ? window : newer(old, window);
  });
  const isNewer = seenAtMs >= known.seenAtMs;
  return {
    planType: (isNewer ? quota.planType : undefined) ?? known.planType ?? quota.planType,
    credits: (isNewer ? quota.credits : undefined) ?? known.credits ?? quota.credits,
    resetCredits: (isNewer ? quota.resetCredits : undefined) ?? known.resetCredits ?? quota.resetCredits,
    windows: [...merged, ...others].sort((a, b) => a.minutes - b.minutes),
    seenAtMs: Math.max(known.seenAtMs, seenAtMs),
  };
}

/** What the record of another replica adds. */
export function withRecord(known: QuotaRecord | undefined, other: QuotaRecord): QuotaRecord {
  let merged = known;
  for (const window of other.windows) {
    const quota = { ...other, activeLimit: undefined, windows: [window] };
    merged = withStatement(merged, { quota, source: window.source, seenAtMs: window.seenAtMs });
  }
  return merged ?? other;
}

/** Use of a window now: nothing of one whose reset has passed. */
export function usedPercentAt({ usedPercent, resetAtMs }: PlanWindow, nowMs: number): number {
  return resetAtMs !== undefined && resetAtMs <= nowMs ? 0 : usedPercent;
}

function newer(old: KnownWindow, said: KnownWindow): KnownWindow {
  const isYounger = said.seenAtMs >= old.seenAtMs;
  if (old.resetAtMs === undefined || said.resetAtMs === undefined) return isYounger ? said : old;
  if (Math.abs(said.resetAtMs - old.resetAtMs) > sameResetMs) {
    // Who speaks of a window that is over has not noticed yet.
    return isYounger && said.resetAtMs > said.seenAtMs ? said : old;
  }
  const isBelieved = said.seenAtMs - old.seenAtMs > (said.source === 'poll' ? pollLagMs : crossingMs);
  if (isYounger && (isBelieved || said.usedPercent >= old.usedPercent)) return said;
  return said.usedPercent > old.usedPercent ? { ...old, usedPercent: said.usedPercent } : old;
}

function isSameKind(a: PlanWindow, b: PlanWindow): boolean {
  return a.limit === b.limit && Math.abs(a.minutes - b.minutes) <= a.minutes / 10;
}
