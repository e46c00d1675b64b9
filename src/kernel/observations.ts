import { type BudgetUnit, type ScopeKind } from './limits';
import { type PlanQuota } from './plan-quota';
import { type Principal } from './principal';
import { type FailureKind } from './upstream-failure';

/**
 * What the rooms tell the observer beside requests and attempts. Durations are milliseconds, moments Unix milliseconds,
 * money nano-dollars. `account` is the name of a credential, which may be shown. Nothing here holds a secret or a text of
 * a request.
 */

/** A deployment as metrics name it. */
export interface DeploymentName {
  readonly deploymentId: string;
  readonly upstreamModel: string;
  readonly apiBase: string;
}

/** A call is tried once more. */
export interface RetryRecord {
  /** Model group from the closed set of `RequestRecord.modelLabel`. */
  readonly modelLabel: string;
  /** Where it failed. */
  readonly deploymentId: string;
  readonly failure: FailureKind;
  /** Pause before the next try. */
  readonly waitMs: number;
}

/** What is left alone: an account, one model on it, one deployment, or the way to a host. */
export type CooldownScope = 'account' | 'model' | 'deployment' | 'route';

/** Something is left alone for a while, or is used again. */
export interface CooldownRecord {
  readonly scope: CooldownScope;
  /** Credential name, deployment id, or host: never an upstream account id. */
  readonly name: string;
  /** `burst`, `quota`, `quarantine`, `model`, `errors`, `network`, `edge`. */
  readonly kind: string;
  /** Undefined when it is used again. */
  readonly untilMs: number | undefined;
}

/** One model group was asked in the place of another. */
export interface FallbackRecord {
  /** Labels of both groups, from the closed set of `RequestRecord.modelLabel`; `other` for what is none. */
  readonly from: string;
  readonly to: string;
  readonly kind: 'general' | 'context_window' | 'content_policy';
  readonly succeeded: boolean;
  /** What ended the last call of the group before, and with which upstream status. */
  readonly failure?: FailureKind | undefined;
  readonly upstreamStatus?: number | undefined;
  /** The deployment that answered, or was tried last. */
  readonly deploymentId?: string | undefined;
  readonly principal?: Principal | undefined;
}

/** How a conversation that ought to stay with an account fared. */
export interface AffinityRecord {
  /** `hard`: bound by encrypted content or a stored answer; `soft`: for the sake of the prompt cache. */
  readonly bond: 'hard' | 'soft';
  /** `hit`: it stayed; `break`: it had to move. */
  readonly outcome: 'hit' | 'break';
  readonly modelLabel: string;
  /** Of the answer, once it is over; undefined when upstream did not say. */
  readonly inputTokens: number | undefined;
  readonly cachedInputTokens: number | undefined;
}

/** What an account said last of its plan. */
export interface AccountQuotaRecord {
  readonly account: string;
  readonly quota: PlanQuota;
}

/** A deployment of the configuration, with its own limits; undefined where it has none. */
export interface DeploymentFacts extends DeploymentName {
  readonly modelGroup: string;
  /** Name of its credential. */
  readonly account: string;
  readonly rpmLimit?: number | undefined;
  readonly tpmLimit?: number | undefined;
}

/** Rate-limit headers of an upstream's answer; undefined for what it did not say. */
export interface RemainingLimits {
  readonly remainingRequests: number | undefined;
  readonly remainingTokens: number | undefined;
}

/** The same with where it was said, and on whose behalf it was asked. */
export interface UpstreamLimits extends DeploymentName, RemainingLimits {
  readonly modelLabel: string;
  readonly principal?: Principal | undefined;
}

/** Conditions of a login, from good to bad. */
export const accountConditions = [
  'ok', 'refreshing', 'expiring', 'backing_off', 'file_not_writable', 'quarantined', 'unusable',
] as const; // prettier-ignore

/** How an account stands. */
export interface AccountReading {
  readonly account: string;
  readonly condition: (typeof accountConditions)[number];
  /** `plus`, `pro`, `business` and so on; undefined when unknown. */
  readonly plan: string | undefined;
  readonly tokenExpiresAtMs: number | undefined;
  readonly lastRefreshMs: number | undefined;
}

/** `refused`: the login server ended this login; `failed`: to be tried again; `uncertain`: no answer came back. */
export interface RefreshRecord {
  readonly account: string;
  readonly outcome: 'renewed' | 'refused' | 'failed' | 'uncertain';
  readonly durationMs: number;
}

/** An admission. */
export interface HoldRecord {
  /** `unavailable`: the state could not be asked. */
  readonly outcome: 'admitted' | 'refused' | 'unavailable';
  /** Of a refusal. */
  readonly scope?: ScopeKind | undefined;
  readonly limit?: LimitReading['limit'] | undefined;
  readonly holdNanos: number;
  readonly holdTokens: number;
  readonly durationMs: number;
}

/**
 * `settled`: by its own request; `estimated`: usage was worked out; `reaped`: for a process that died; `late`: corrects a
 * reaped one; `replayed`: was written down while the state was away; `void`: nothing was used.
 */
export type SettleKind = 'settled' | 'estimated' | 'reaped' | 'late' | 'replayed' | 'void';

/** A settlement. */
export interface SettleRecord {
  readonly kind: SettleKind;
  readonly holdNanos: number;
  readonly costNanos: number;
  readonly durationMs: number;
}

/** A limit of one scope; the facts of an admission's `LimitState`. Money and counts in the limit's own unit. */
export interface LimitReading {
  readonly scope: ScopeKind;
  readonly scopeId: string;
  readonly model?: string | undefined;
  readonly name?: string | undefined;
  readonly limit: 'requests' | 'tokens' | 'parallel' | BudgetUnit;
  /** Duration of a budget, `window` for the others. */
  readonly period: string;
  readonly max: number;
  readonly used: number;
  readonly resetAtMs?: number | undefined;
}

/** How far readings of limits have moved since they were taken: a request asked for more, or is over. */
export interface LimitMove {
  /** As they stood when the request was let in. */
  readonly limits: readonly LimitReading[];
  /** Set aside further, or settled less what was set aside: below zero in most cases. */
  readonly nanos: number;
  readonly tokens: number;
}

/** A reaper's round. */
export interface ReapRecord {
  readonly tickets: number;
  readonly durationMs: number;
}

/** A comparison of counters and ledger. */
export interface ReconcileRecord {
  readonly checked: number;
  readonly mismatches: number;
  readonly repaired: number;
  readonly durationMs: number;
}

/** A command to Redis or to the journal. */
export interface StateCommandRecord {
  /** From a closed set: `admit`, `settle`, `get`, … */
  readonly command: string;
  /** `breaker`: not sent. */
  readonly outcome: 'ok' | 'timeout' | 'connection' | 'offline' | 'breaker' | 'reply';
  readonly durationMs: number;
}

/** A breaker's new position. */
export interface BreakerRecord {
  readonly breaker: string;
  readonly open: boolean;
}

/** What the shared state says of itself. Bytes; undefined when its user may not ask. */
export interface StateReading {
  /** The state cannot be used as it should: away, or kept on this process only. */
  readonly degraded: boolean;
  readonly memoryUsedBytes?: number | undefined;
  /** 0 or undefined: no limit. */
  readonly memoryMaxBytes?: number | undefined;
}

/** Official instructions in a request. */
export interface InstructionUse {
  readonly source: string;
  /** Of the text, lower-case hex. */
  readonly sha256: string;
  /** Since the source last confirmed the text. */
  readonly ageMs: number;
}

/** A look at the host of the instructions. */
export interface InstructionFetch {
  readonly outcome: 'changed' | 'unchanged' | 'failed';
  readonly durationMs: number;
}
