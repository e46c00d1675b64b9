import { type BudgetUnit } from '../kernel/limits';
import { type LedgerRow } from './ledger-row';
import { type BookName } from './meter';

/** Whose activity a daily figure counts. `proxy` has one id, `all`. */
export type RollupKind = 'proxy' | 'key' | 'team' | 'user' | 'customer' | 'tag' | 'account';

/** One day of one entity, split by everything that reports group by. */
export interface RollupCell {
  /** `YYYY-MM-DD`, UTC, of the moment of admission. */
  readonly day: string;
  readonly kind: RollupKind;
  readonly id: string;
  readonly keyHash: string;
  readonly teamId: string;
  readonly userId: string;
  readonly model: string;
  readonly modelGroup: string;
  readonly provider: string;
  /** Call type, for example `acompletion`. */
  readonly endpoint: string;
  readonly account: string;
  readonly metrics: RollupMetrics;
}

/** Sums of a day. Money is nano-dollars. */
export interface RollupMetrics {
  readonly spend: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** Which rows, newest first unless told otherwise. Times are Unix milliseconds of admission, `untilMs` exclusive. */
export interface LedgerQuery {
  readonly keyHash?: string;
  readonly teamId?: string;
  readonly userId?: string;
  readonly customerId?: string;
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly order: 'newest' | 'oldest';
  readonly offset: number;
  readonly limit: number;
  /** Looked at row by row, so a page of few matches may take several reads. */
  readonly matches?: (row: LedgerRow) => boolean;
}

/** One page. `total` counts the rows of key, team, user and time; with `matches` it is what was found up to this page. */
export interface LedgerPage {
  readonly rows: readonly LedgerRow[];
  readonly total: number;
  /** False when `matches` hid how many there are. */
  readonly isTotalExact: boolean;
}

/** What a scope has spent and holds. Money is nano-dollars. */
export interface ScopeCounters extends BookName {
  /** Since it exists, or was last reset. */
  readonly spent: number;
  /** Set aside by requests that run. */
  readonly held: number;
  readonly running: number;
  /** Of the rate window that runs; undefined when none does. */
  readonly window?: { readonly requests: number; readonly tokens: number; readonly resetAtMs: number };
  /** Budgets that were asked for at an admission of their period; those of periods that are over may be among them. */
  readonly budgets: readonly BudgetState[];
}

/** A book and a money budget's period of it. */
export interface SpentQuery {
  readonly book: BookName;
  /** As the budget says it, with the bounds of the period that is asked for. Undefined: of all time. */
  readonly period?: { readonly duration: string; readonly startMs: number; readonly endMs: number } | undefined;
}

/** What was spent of a book, nano-dollars. Nothing that is only held. */
export interface SpentSums {
  /** Since it exists, or was last reset. */
  readonly total: number;
  /** In the period that was asked for. */
  readonly inPeriod: number;
}

/** How a budget stands in one of its periods, in its own unit. */
export interface BudgetState {
  readonly unit: BudgetUnit;
  /** As the budget says it; undefined for one without. */
  readonly duration?: string;
  readonly used: number;
  readonly held: number;
  readonly startsAtMs?: number;
  readonly resetAtMs?: number;
}

/**
 * Port: reading the books, apart from the requests' way (with Redis on a connection of its own).
 *
 * @throws {StateUnavailable} every method, when the state cannot be reached.
 */
export abstract class Ledger {
  abstract row(id: string): Promise<LedgerRow | undefined>;
  abstract page(query: LedgerQuery): Promise<LedgerPage>;
  /** Cells of one entity, or of all of a kind when `id` is undefined, oldest day first. Days are inclusive. */
  abstract days(kind: RollupKind, id: string | undefined, from: string, to: string): Promise<readonly RollupCell[]>;
  /** In the order asked; all zero for a book that nobody has written in. */
  abstract counters(scopes: readonly BookName[]): Promise<readonly ScopeCounters[]>;
  /** In the order asked. */
  abstract spent(queries: readonly SpentQuery[]): Promise<readonly SpentSums[]>;
}
