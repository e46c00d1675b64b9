import { type Counter } from './machine/counter';
import { type Ticket } from './machine/meter-state';
import { type RowPage, type RowSpan } from './machine/row-list';

/** A book as it was at one moment. */
export interface BookReading {
  readonly key: string;
  readonly seq: number;
  readonly isOpen: boolean;
  readonly openedMs: number;
  readonly spent: number;
  readonly running: number;
  readonly windowStartMs: number;
  readonly windowRequests: number;
  readonly windowTokens: number;
  readonly counters: ReadonlyMap<string, Readonly<Counter>>;
}

/** A stored row; `isProvisional` while its owner may still tell the truth. */
export interface RowReading {
  readonly id: string;
  readonly text: string;
  readonly isProvisional: boolean;
}

/** One daily figure. */
export interface CellReading {
  readonly dims: string;
  readonly metrics: readonly number[];
}

/**
 * Port: looking at the state, in pieces that never hold it up. Pieces of one look may be from different moments.
 *
 * @throws {StateUnavailable} every method, when the state cannot be reached.
 */
export abstract class BookReads {
  abstract row(id: string): Promise<RowReading | undefined>;
  abstract countRows(span: RowSpan): Promise<number>;
  /** At most `limit` rows from `offset` on. */
  abstract rows(span: RowSpan, order: 'newest' | 'oldest', page: RowPage): Promise<readonly RowReading[]>;
  /** Books that are there, in the order asked; undefined where there is none. */
  abstract books(keys: readonly string[]): Promise<readonly (BookReading | undefined)[]>;
  /** Keys of all books, in pieces. */
  abstract bookKeys(): AsyncIterable<readonly string[]>;
  /** Metrics of entities (`kind:id`) on one UTC day over all their cells, in the order asked. */
  abstract totalsOn(day: string, entities: readonly string[]): Promise<readonly (readonly number[] | undefined)[]>;
  /** Cells of entities (`kind:id`) on one UTC day, in the order asked. */
  abstract cellsOn(day: string, entities: readonly string[]): Promise<readonly (readonly CellReading[])[]>;
  /** Ids of a kind that have cells on a UTC day. */
  abstract entities(kind: string, day: string): Promise<readonly string[]>;
  /** Day → metrics over all cells of an entity. */
  abstract totals(entity: string): Promise<ReadonlyMap<string, readonly number[]>>;
  /** Live tickets, in pieces. */
  abstract tickets(): AsyncIterable<readonly Ticket[]>;
  abstract inFlight(): Promise<ReadonlyMap<string, number>>;
  /** Texts of the adjustments of a book. */
  abstract adjustments(key: string): Promise<readonly string[]>;
  /** Rows admitted before this moment may be in the archive instead of the ledger; 0 when none is. */
  abstract archivedUntilMs(): Promise<number>;
}
