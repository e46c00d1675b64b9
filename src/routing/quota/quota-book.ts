import { type PlanQuota } from '../../kernel/plan-quota';
import { headroomOf, tightestWindow } from './headroom';
import {
  type KnownWindow,
  type QuotaRecord,
  type QuotaSource,
  usedPercentAt,
  withRecord,
  withStatement,
} from './quota-record';

/** Percent of the shortest window that one call uses, until calls have shown it. */
const unknownCallPercent = 0.1;
/** How much the newest measurement counts. */
const learning = 0.1;
/** Less news than this is not worth telling the other replicas; percent. */
const tellingPercent = 0.5;
/** Old news is told again after so long, milliseconds. */
const retellMs = 60_000;

/** A statement that says the same again is entered only so often, milliseconds. */
const sameStatementMs = 1_000;

interface Entry {
  record: QuotaRecord;
  /** Percent of the shortest window that a call uses on average. */
  callPercent: number;
  /** Calls that ended since use was last seen to grow. */
  callsSinceGrowth: number;
  /** What the other replicas were told last. */
  told: QuotaRecord | undefined;
  /** The last statement, and when it was entered. */
  last: { readonly quota: PlanQuota; readonly atMs: number } | undefined;
}

/** The newest that is known of every account's plan. Times are Unix milliseconds. */
export class QuotaBook {
  private readonly entries = new Map<string, Entry>();

  /** The upstream said something about an account. @returns false when it had just said that. */
  said(account: string, quota: PlanQuota, source: QuotaSource, nowMs: number): boolean {
    const known = this.entries.get(account);
    if (known?.last?.quota === quota && nowMs - known.last.atMs < sameStatementMs) return false;
    const record = withStatement(known?.record, { quota, source, seenAtMs: nowMs });
    if (known === undefined) {
      this.entries.set(account, {
        record,
        callPercent: unknownCallPercent,
        callsSinceGrowth: 0,
        told: undefined,
        last: { quota, atMs: nowMs },
      });
      return true;
    }
    learn(known, record);
    known.record = record;
    known.last = { quota, atMs: nowMs };
    return true;
  }

  /** Another replica knows this. @returns what is known now. */
  heard(account: string, record: QuotaRecord): QuotaRecord {
    const known = this.entries.get(account);
    if (known === undefined) {
      this.entries.set(account, {
        record,
        callPercent: unknownCallPercent,
        callsSinceGrowth: 0,
        told: record,
        last: undefined,
      });
      return record;
    }
    known.record = withRecord(known.record, record);
    known.told = known.record;
    return known.record;
  }

  /** The next statement is the first one. */
  forget(account: string): void {
    this.entries.delete(account);
  }

  /** A call to the account ended. */
  called(account: string): void {
    const known = this.entries.get(account);
    if (known !== undefined) known.callsSinceGrowth += 1;
  }

  /** See `headroomOf`. @param inFlight calls whose use the record cannot hold yet. */
  headroom(account: string, inFlight: number, nowMs: number): number {
    const known = this.entries.get(account);
    // Calls that ended since the last growth used something too, though it does not show yet.
    const unseen = known === undefined ? inFlight : inFlight + known.callsSinceGrowth / 2;
    return headroomOf(known?.record, nowMs, unseen * (known?.callPercent ?? unknownCallPercent));
  }

  recordOf(account: string): QuotaRecord | undefined {
    return this.entries.get(account)?.record;
  }

  /** When the account's used-up windows are all free again; undefined when none is used up. */
  exhaustedUntil(account: string, nowMs: number): number | undefined {
    const record = this.entries.get(account)?.record;
    const spent = (record?.windows ?? []).filter((window) => usedPercentAt(window, nowMs) >= 100);
    const resets = spent.flatMap(({ resetAtMs }) => resetAtMs ?? []);
    return resets.length === 0 ? undefined : Math.max(...resets);
  }

  /** Whether something is left in every window. */
  hasRoom(account: string, nowMs: number): boolean {
    const record = this.entries.get(account)?.record;
    return record !== undefined && (tightestWindow(record, nowMs, 0)?.left ?? 0) > 0;
  }

  /** What is worth telling the other replicas; counts as told afterwards. */
  takeNews(nowMs: number): readonly (readonly [account: string, record: QuotaRecord])[] {
    const news: (readonly [string, QuotaRecord])[] = [];
    for (const [account, entry] of this.entries) {
      if (entry.told === entry.record || !isWorthTelling(entry.told, entry.record, nowMs)) continue;
      entry.told = entry.record;
      news.push([account, entry.record]);
    }
    return news;
  }
}

/** Growth of the shortest window over the calls since it last grew. Percentages may be whole numbers, so growth comes in steps. */
function learn(entry: Entry, next: QuotaRecord): void {
  const [before] = entry.record.windows;
  const [after] = next.windows;
  const growth = (after?.usedPercent ?? 0) - (before?.usedPercent ?? 0);
  if (growth <= 0 || before === undefined || after?.resetAtMs !== before.resetAtMs) return;
  const sample = growth / Math.max(entry.callsSinceGrowth, 1);
  entry.callPercent += (sample - entry.callPercent) * learning;
  entry.callsSinceGrowth = 0;
}

function isWorthTelling(told: QuotaRecord | undefined, record: QuotaRecord, nowMs: number): boolean {
  if (told?.windows.length !== record.windows.length) return true;
  if (record.seenAtMs - told.seenAtMs >= retellMs && nowMs - told.seenAtMs >= retellMs) return true;
  return record.windows.some((window, place) => differs(told.windows[place], window));
}

function differs(told: KnownWindow | undefined, { resetAtMs, usedPercent }: KnownWindow): boolean {
  const toldPercent = told?.usedPercent ?? Number.NEGATIVE_INFINITY;
  const becameSpent = toldPercent >= 100 !== usedPercent >= 100;
  return told?.resetAtMs !== resetAtMs || becameSpent || Math.abs(usedPercent - toldPercent) >= tellingPercent;
}
