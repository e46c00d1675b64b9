/** What a budget counts. `nano_usd` is money in nano-dollars; `plan_*` is parts per million of a plan's quota window. */
export type BudgetUnit = 'nano_usd' | 'tokens' | 'requests' | 'plan_5h' | 'plan_week';

/** A budget over a period. Whole numbers in the unit's own measure. */
export interface BudgetLimit {
  readonly unit: BudgetUnit;
  readonly max: number;
  /** Told, never refused, when this much is used; undefined without a soft budget. */
  readonly soft?: number;
  /** `30d`, `24h`, `1mo` and so on; undefined for a budget that never starts anew. The period is worked out from the clock at use. */
  readonly duration?: string;
  /** Budgets with a duration that is no calendar unit count from here. Unix milliseconds. */
  readonly anchorMs: number;
}

/** The limits of one scope; every member undefined when there is none. */
export interface Limits {
  /** Requests and tokens in one rate window. */
  readonly requestsPerWindow?: number;
  readonly tokensPerWindow?: number;
  /** Requests at the same time. */
  readonly parallel?: number;
  readonly budgets: readonly BudgetLimit[];
}

/** Who is charged. `member` is a user within a team. */
export type ScopeKind = 'key' | 'team' | 'user' | 'member' | 'customer' | 'proxy';

/**
 * One counter book that a request is entered in: a key, its team, its user and so on. With `model` it is the part of that
 * book which belongs to one model group.
 */
export interface ScopeLimits {
  readonly kind: ScopeKind;
  /** Key hash, team id, user id, `team/user`, customer id, or `all` for the proxy. */
  readonly id: string;
  readonly model?: string;
  readonly limits: Limits;
  /** `observe` counts and reports, and refuses nothing. */
  readonly mode: 'enforce' | 'observe';
  /** For messages: alias of the key, name of the team. Never a secret. */
  readonly name?: string;
}

/** The `max` of a money budget that only has a soft amount: it warns and never refuses, so nobody is shown a limit. */
export const endlessMax = Number.MAX_SAFE_INTEGER;

/** No limit at all. */
export const noLimits: Limits = { budgets: [] };
