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
  /** Books to enter it in, the key's first; at most 16. */
  readonly scopes: readonly ScopeLimits[];
  readonly hold: Hold;
  /** After this the ticket may be given up even if its owner lives. Unix milliseconds. */
  readonly deadlineMs: number;
  /** What a stranger needs to settle the ticket when its owner is gone. */
  readonly draft: LedgerRow;
  /** What routing wants to know in the same round trip. */
  readonly routing: RoutingQuestion;
}

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
  /** Duration of a budget, `window` for the others. */
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

/** How a request ended, for the books. */
export interface Settlement {
  readonly ticketId: string;
  /** The scopes of its admission. */
  readonly scopes: readonly ScopeLimits[];
  readonly row: LedgerRow;
  /** Parts per million of the plan's windows that it moved. */
  readonly plan5h: number;
  readonly planWeek: number;
}

/**
 * Port: the books. One atomic operation each; the state decides, never this process alone. Two engines behind one
 * conformance suite: this process with a journal, or Redis for all replicas.
 */
export abstract class Meter {
  /**
   * Takes slot, windows and holds of all scopes, or nothing.
   *
   * @throws {StateUnavailable} when nobody can say; then nothing may be served that a budget must cover.
   */
  abstract admit(request: AdmitRequest): Promise<Admitted | Refused>;
  /** Sets aside `nanos` and `tokens` more. @returns false when a budget has no room; then nothing changed. */
  abstract extend(ticketId: string, more: Pick<Hold, 'nanos' | 'tokens'>): Promise<boolean>;
  /** Tells which deployment works on the ticket. Not waited for; never fails. */
  abstract assign(ticketId: string, deploymentId: string): void;
  /** Remembers where a conversation went. Not waited for; never fails. */
  abstract pin(pin: string, value: string, ttlMs: number): void;
  /** What the row would be if the process died now; the newest counts. Sent in batches; never fails. */
  abstract checkpoint(ticketId: string, row: LedgerRow): void;
  /**
   * Replaces the holds by the truth and appends the row. Idempotent by ticket. With the state away it is kept on disk and
   * replayed: settles once it is written down somewhere that lasts.
   */
  abstract settle(settlement: Settlement): Promise<void>;
}
