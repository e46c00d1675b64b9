import { type ScopeLimits } from '../kernel/limits';
import { type LimitState } from './meter';

/** A figure that the ledger and its copy do not agree on. */
export interface Mismatch {
  /** `key`, `team` and so on, or the kind of a rollup. */
  readonly scope: string;
  readonly id: string;
  /** What differs, for example `spent` or `held`. */
  readonly field: string;
  /** As the ledger has it, and as it stood in the counter. */
  readonly ledger: number;
  readonly counter: number;
}

/** What a look at all books found. */
export interface Reconciliation {
  /** Figures that were compared. */
  readonly checked: number;
  readonly mismatches: readonly Mismatch[];
  /** How many of them were put right. */
  readonly repaired: number;
  readonly tookMs: number;
}

/**
 * Port: looking after the books, apart from the requests' way.
 *
 * @throws {StateUnavailable} every method, when the state cannot be reached.
 */
export abstract class Bookkeeper {
  /** Compares ledger, counters, rollups and live holds. @param repair false only looks. */
  abstract reconcile(repair: boolean): Promise<Reconciliation>;
  /** Zeroes the spend of every key and team, and keeps the rows. @returns how many books were changed. */
  abstract resetSpend(): Promise<number>;
  /** How every limit of these scopes stands now, in the order of the scopes; takes nothing. */
  abstract limits(scopes: readonly ScopeLimits[]): Promise<readonly LimitState[]>;
}
