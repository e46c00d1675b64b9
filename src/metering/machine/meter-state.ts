import { type Amounts } from './amounts';
import { type Counter } from './counter';
import { type EnteredCounter } from './meter-command';
import { RowList } from './row-list';

/** The book of one scope. */
export interface Book {
  /** Counts every change of the book; sums that were worked out elsewhere are taken over only at the same number. */
  seq: number;
  /** When its sums were last worked out. Unix milliseconds, 0 for never. */
  openedMs: number;
  /** Its sums are known. A book that is not open is only watched, by `seq`. */
  isOpen: boolean;
  /** Since the first row, nano-dollars. */
  spent: number;
  /** Live tickets. */
  running: number;
  /** Start of the rate window, 0 before the first; what it counted. */
  windowStartMs: number;
  windowRequests: number;
  /** Settled and set aside. */
  windowTokens: number;
  readonly counters: Map<string, Counter>;
}

/** Where a ticket is entered: the book, the window it counts in, and its counters with the most they may reach. */
export interface TicketBook {
  readonly key: string;
  readonly windowStartMs: number;
  /** The very list of the scope, which many tickets share. */
  readonly counters: readonly EnteredCounter[];
}

/** A request that was let in and is not settled. */
export interface Ticket {
  readonly id: string;
  /** Process that settles it. */
  readonly owner: string;
  readonly deadlineMs: number;
  /** Extensions included. */
  readonly held: Amounts;
  readonly books: readonly TicketBook[];
  /** Deployment that works on it; empty before one does. */
  readonly deployment: string;
  /** Text of the row that it would be now. */
  readonly draft: string;
}

/** Daily figures: dims of a cell, or day of a total → metrics. */
export type DayCells = Map<string, number[]>;

/** All books, tickets and rows. Changed only by `carryOut`. */
export interface MeterState {
  readonly books: Map<string, Book>;
  readonly tickets: Map<string, Ticket>;
  /** Deployment → live tickets it works on. */
  readonly inFlight: Map<string, number>;
  readonly rows: RowList;
  /** `kind:id:day` → cells. */
  readonly cells: Map<string, DayCells>;
  /** `kind:id` → day → metrics. */
  readonly totals: Map<string, DayCells>;
  /** Daily figures of days before this one have been dropped, but for their totals; empty: none. */
  readonly figures: { from: string };
  /** Book → texts of its adjustments, which outlive the ledger. */
  readonly adjustments: Map<string, string[]>;
}

/** Nothing at all. */
export function newState(): MeterState {
  return {
    books: new Map(),
    tickets: new Map(),
    inFlight: new Map(),
    rows: new RowList(),
    cells: new Map(),
    totals: new Map(),
    figures: { from: '' },
    adjustments: new Map(),
  };
}

/** Makes it nothing at all again. */
export function clearState(state: MeterState): void {
  for (const part of [state.books, state.tickets, state.inFlight, state.cells, state.totals, state.adjustments])
    part.clear();
  state.figures.from = '';
  state.rows.clear();
}

/** A book nobody has written in. */
export function newBook(): Book {
  return {
    seq: 0,
    openedMs: 0,
    isOpen: false,
    spent: 0,
    running: 0,
    windowStartMs: 0,
    windowRequests: 0,
    windowTokens: 0,
    counters: new Map(),
  };
}
