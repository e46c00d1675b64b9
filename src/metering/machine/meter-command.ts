import { type BudgetUnit } from '../../kernel/limits';
import { type Amounts, type Granted } from './amounts';
import { type Posting } from './posting';

/** A budget as a command carries it. */
export interface EnteredBudget {
  /** Place in the scope's `counters`. */
  readonly counter: number;
  readonly max: number;
}

/** A counter of a scope, by name, with the unit it counts. */
export interface EnteredCounter {
  readonly name: string;
  readonly unit: BudgetUnit;
  /** The most that extensions may reach; -1: nothing is refused. */
  readonly max: number;
}

/** A scope with its limits, periods worked out. */
export interface EnteredScope {
  readonly key: string;
  /** False: counts and tells, refuses nothing. */
  readonly isEnforced: boolean;
  /** In a rate window; -1 without a limit. The same for tokens and for tickets at one time. */
  readonly requests: number;
  readonly tokens: number;
  readonly parallel: number;
  /** Each once. */
  readonly counters: readonly EnteredCounter[];
  readonly budgets: readonly EnteredBudget[];
}

/** Enters a request in all its books, or in none. */
export interface AdmitCommand {
  readonly ticketId: string;
  readonly owner: string;
  readonly deadlineMs: number;
  readonly windowMs: number;
  readonly held: Amounts;
  /** With less left than this a budget refuses, even where nobody else holds anything in it. */
  readonly least: Granted;
  readonly scopes: readonly EnteredScope[];
  readonly draft: string;
}

/** A limit of an `EnteredScope`: the place of a budget, or one of these. */
export const limitCodes = { requests: -1, tokens: -2, parallel: -3 } as const;

/** Which limit: the place of its scope, and its code. */
export interface LimitRef {
  readonly scope: number;
  readonly limit: number;
}

/** How a book stands, its counters in the order of the `EnteredScope`. */
export interface BookView {
  readonly windowStartMs: number;
  readonly requests: number;
  readonly tokens: number;
  readonly running: number;
  /** Used and held, in turn. */
  readonly counters: readonly number[];
}

/** What must be worked out from the ledger before a scope can be judged. */
export interface Unseeded {
  readonly scope: number;
  /** To be told again with the sums. */
  readonly seq: number;
  /** The book as a whole is new here. */
  readonly isNew: boolean;
  /** When its sums were last worked out: a counter of a later period cannot have been lost. 0 for a new one. */
  readonly openedMs: number;
  /** Places of the counters that are missing. */
  readonly counters: readonly number[];
}

/** `admitted` is also the answer for a ticket that was let in before; nothing is entered twice. */
export type AdmitReply =
  | {
      readonly kind: 'admitted';
      readonly books: readonly BookView[];
      readonly observed: readonly LimitRef[];
      /** Set aside for the ticket: what was asked for, or what was left. */
      readonly granted: Granted;
    }
  | { readonly kind: 'refused'; readonly by: LimitRef; readonly book: BookView }
  | { readonly kind: 'unseeded'; readonly missing: readonly Unseeded[] };

/** Sets more aside for a ticket. */
export interface ExtendCommand {
  readonly ticketId: string;
  readonly nanos: number;
  readonly tokens: number;
}

/** `extended` by what was asked for, or by what was left; `full`: nothing is left; `gone`: there is no such ticket. */
export type ExtendReply =
  | { readonly kind: 'extended'; readonly nanos: number; readonly tokens: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'gone' };

/** Closes a ticket with a row. Without a ticket the row is charged all the same. */
export interface SettleCommand {
  readonly ticketId: string;
  readonly text: string;
  readonly posting: Posting;
  /** On behalf of a process that seems dead: only while the ticket is there, and to be replaced by the owner's own. */
  readonly isProvisional: boolean;
}

/** `repeated`: the row was there; `replaceable`: there is a provisional one, which `correct` replaces. */
export type SettleReply =
  { readonly kind: 'settled' | 'repeated' | 'gone' } | { readonly kind: 'replaceable'; readonly text: string };

/** Puts the true row in the place of a provisional one. */
export interface CorrectCommand {
  readonly ticketId: string;
  /** The provisional row as it was read, and what it had changed. */
  readonly oldText: string;
  readonly oldPosting: Posting;
  readonly text: string;
  readonly posting: Posting;
}

/** `moved`: the row is not the one that was read. */
export type CorrectReply = 'corrected' | 'moved';

/** Sums of a book that were worked out from the ledger. */
export interface SeedCommand {
  readonly key: string;
  readonly seq: number;
  /** Undefined where only counters are missing. */
  readonly sums: { readonly spent: number; readonly running: number } | undefined;
  readonly counters: readonly SeededCounter[];
  /** Replace what is there instead of filling gaps. */
  readonly isRepair: boolean;
}

/** One counter's sums. */
export interface SeededCounter {
  readonly name: string;
  readonly used: number;
  readonly held: number;
}

/** `moved`: something was entered meanwhile, so the sums are old. */
export type SeedReply = 'seeded' | 'moved';

/** Sets the spend of a book by a row of its own. */
export interface AdjustCommand {
  readonly key: string;
  readonly seq: number;
  readonly rowId: string;
  readonly text: string;
  readonly startMs: number;
  readonly indexes: readonly string[];
  readonly spend: number;
  /** Counter → change. */
  readonly periods: Readonly<Record<string, number>>;
}

/** `moved`: the book changed since it was read. */
export type AdjustReply = 'adjusted' | 'moved';

/** Sets one stored daily figure right. */
export interface MendCommand {
  /** `cell` with dims, or `total`. */
  readonly figure: 'cell' | 'total';
  readonly entity: string;
  readonly day: string;
  readonly dims: string;
  /** Undefined: absent. */
  readonly expected: readonly number[] | undefined;
  readonly metrics: readonly number[] | undefined;
}

/** `moved`: it is not what was expected any more. */
export type MendReply = 'mended' | 'moved';
