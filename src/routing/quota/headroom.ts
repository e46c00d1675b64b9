import { type KnownWindow, type QuotaRecord, usedPercentAt } from './quota-record';

/** Of an account that nothing is known of: as if its windows had just begun. */
export const fullHeadroom = 100;
/** Of what has no plan at all, such as a paid key: less than anything that is left of a plan. */
export const overflowHeadroom = 1e-6;
/** A window about to be reset would else count as endless. */
const leastTimeShare = 0.01;

/** What is left of one window, and how soon it is renewed. */
export interface WindowRoom {
  readonly window: KnownWindow;
  /** Percent. */
  readonly left: number;
  /** `left` for each part of the window that is still to come: 100 is even use, less is a tight window. */
  readonly room: number;
}

/**
 * The tightest window of an account: the one with the least left relative to the time until its reset.
 *
 * @param reserved percent of the shortest window that calls in flight will probably use.
 * @returns undefined when no window is known.
 */
export function tightestWindow(record: QuotaRecord, nowMs: number, reserved: number): WindowRoom | undefined {
  let tightest: WindowRoom | undefined;
  const shortest = record.windows[0]?.minutes ?? 1;
  for (const window of record.windows) {
    if (window.limit !== 'codex') continue;
    const left = Math.max(100 - usedPercentAt(window, nowMs) - (reserved * shortest) / window.minutes, 0);
    const room = left / timeShare(window, nowMs);
    if (tightest === undefined || room < tightest.room) tightest = { window, left, room };
  }
  return tightest;
}

/** How good an account is to take the next call; 0 when a window is used up and no credits are there. */
export function headroomOf(record: QuotaRecord | undefined, nowMs: number, reserved: number): number {
  if (record === undefined) return Math.max(fullHeadroom - reserved, 0);
  const tightest = tightestWindow(record, nowMs, reserved);
  if (tightest === undefined) return Math.max(fullHeadroom - reserved, 0);
  const hasCredits = record.credits?.unlimited === true || record.credits?.has === true;
  return tightest.room === 0 && hasCredits ? overflowHeadroom : tightest.room;
}

/** 1 at the beginning of a window, towards 0 at its end; 1 when it was reset since. */
function timeShare({ resetAtMs, minutes }: KnownWindow, nowMs: number): number {
  if (resetAtMs === undefined || resetAtMs <= nowMs) return 1;
  return Math.min(Math.max((resetAtMs - nowMs) / (minutes * 60_000), leastTimeShare), 1);
}
