import { type BudgetUnit, type ScopeKind, type ScopeLimits } from '../kernel/limits';
import { type LedgerRow } from './ledger-row';

/** What a request may cost before anybody knows what it does cost. Whole numbers. */
export interface Hold {
  /** Nano-dollars set aside in every money budget. */
  readonly nanos: number;
  /** Tokens set aside in every token window and token budget. */
  readonly tokens: number;
  /** Parts per million of the plan's windows. */
  readonly plan5h: number;
  readonly planWeek: number;
}

/** One request asks to be let in. */
export interface AdmitRequest {
  /** Made by the gateway, unique; a repeated one gets the first answer again. */
  readonly ticketId: string;
  /** Books to enter it in, the key's first; at most 64. */
  readonly scopes: readonly ScopeLimits[];
  readonly hold: Hold;
  /**
   * What it must at least be given where a budget has less than its hold and nobody else holds anything in it; then it gets
   * what is left. Default: anything will do.
   */
  readonly least?: Granted;
  /** After this the ticket may be given up even if its owner lives. Unix milliseconds. */
  readonly deadlineMs: number;
  /**
   * What a stranger needs to settle the ticket when its owner is gone: the row as it would be now, under the ticket's id.
   * Its ids and model groups say which books it will be charged to; `scopes` must be among them.
   */
  readonly draft: LedgerRow;
  /** What routing wants to know in the same round trip. */
  readonly routing: RoutingQuestion;
}

/** What is set aside for a request. Nano-dollars and tokens. */
export type Granted = Pick<Hold, 'nanos' | 'tokens'>;

/** Shared facts of routing that ride on the admission. */
export interface RoutingQuestion {
  /** Deployment ids whose calls in flight are asked for. */
  readonly deploymentIds: readonly string[];
  /** Affinity keys (already scoped and hashed), most binding first. */
  readonly pins: readonly string[];
}

/** Answers in the order of the question. */
export interface RoutingAnswer {
  /** Calls in flight over all replicas. */
  readonly inFlight: readonly number[];
  /** What `pin` stored, for example an account; undefined where nothing is, or it is too old. */
  readonly pins: readonly (string | undefined)[];
}

/** How a limit stood at admission, after this request was entered. */
export interface LimitState {
  readonly scope: ScopeKind;
  readonly scopeId: string;
  readonly model?: string;
  readonly name?: string;
  readonly limit: 'requests' | 'tokens' | 'parallel' | BudgetUnit;
  /** Duration of a budget, `lifetime` for one without; `window` for the others. */
  readonly period: string;
  readonly max: number;
  /** Used and set aside. May exceed `max` in observe mode, or after a real overshoot. */
  readonly used: number;
  /** When the window or period is over; undefined for budgets without end and parallel slots. Unix milliseconds. */
  readonly resetAtMs?: number;
}

/** Let in: the ticket must be settled, whatever happens. */
export interface Admitted {
  readonly kind: 'admitted';
  readonly ticketId: string;
  /** The hold, or what was left of a budget. */
  readonly granted: Granted;
  /** Every limit of every scope, for headers and alerts. */
  readonly limits: readonly LimitState[];
  /** Limits in observe mode that would have refused. */
  readonly observed: readonly LimitState[];
  readonly routing: RoutingAnswer;
}

/** Not let in: nothing was changed anywhere. */
export interface Refused {
  readonly kind: 'refused';
  /** The first limit that has no room. */
  readonly limit: LimitState;
}

/** How well the books can be kept at the moment. */
export interface MeterHealth {
  /** False: admissions fail with `StateUnavailable`, settlements are written down here. */
  readonly isUp: boolean;
  /** Settlements that are written down here and wait for the shared state. */
  readonly waiting: number;
}

/** A book to look up or to set. */
export interface BookName {
  readonly kind: ScopeKind;
  readonly id: string;
  readonly model?: string;
}

/**
 * Port: the books. One atomic operation each; the state decides, never this process alone. Two engines behind one
 * conformance suite: this process with a journal, or Redis for all replicas.
 */
export abstract class Meter {
  abstract readonly health: MeterHealth;
  /** False: what is settled now is lost, so nothing may be spent. */
  abstract readonly keepsRows: boolean;
  /** Unix milliseconds that all replicas agree on; the moment of an admission is taken from here. */
  abstract nowMs(): number;
  /**
   * Takes slot, windows and holds of all scopes, or nothing. A budget that is new to its book counts what the ledger has of
   * the period so far.
   *
   * @throws {TypeError} for scopes that the draft's row does not belong to, or more than 16.
   * @throws {RangeError} for a budget whose duration is none.
   * @throws {StateUnavailable} when nobody can say; then nothing may be served that a budget must cover.
   */
  abstract admit(request: AdmitRequest): Promise<Admitted | Refused>;
  /** Sets more aside. @returns how much: what was asked for, or what was left; undefined when nothing was left. */
  abstract extend(ticketId: string, more: Granted): Promise<Granted | undefined>;
  /** Tells which deployment works on the ticket. Not waited for; never fails. */
  abstract assign(ticketId: string, deploymentId: string): void;
  /** Remembers where a conversation went. Not waited for; never fails. */
  abstract pin(pin: string, value: string, ttlMs: number): void;
  /** What the row would be if the process died now; the newest counts. Sent in batches; never fails. */
  abstract checkpoint(row: LedgerRow): void;
  /** @param listener called at every beat, before its batches are sent: what it gives to `checkpoint` is as new as can be. */
  abstract onBeat(listener: () => void): void;
  /** Takes a ticket back as if it had never been: for a request that never ran. Never fails. */
  abstract void(ticketId: string): void;
  /**
   * Replaces the holds of the ticket with the row's id by the truth and appends the row, once, however often it is told.
   * A row without a ticket is charged all the same. With the state away it is kept on disk and replayed: settles once it is
   * written down somewhere that lasts.
   *
   * @param isUnknown the state could not be asked when the request was let in: it is not waited for a second time.
   * @throws {StateUnavailable} when there is no such place; it is tried again until there is one, or the process ends.
   */
  abstract settle(row: LedgerRow, isUnknown?: boolean): Promise<void>;
  /**
   * Sets what a book has spent, in its lifetime and in every money budget that runs, by a row of its own.
   *
   * @throws {StateUnavailable}
   */
  abstract adjust(book: BookName, toNanos: number): Promise<void>;
}
