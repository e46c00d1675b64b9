import { type BudgetUnit, type ScopeKind } from './limits';
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

/** A further call after a failure. */
export interface RetryRecord {
  /** Model group from the closed set of `RequestRecord.modelLabel`. */
  readonly modelLabel: string;
  /** What ended the call before. */
  readonly failure: FailureKind;
}

/** Why another group was asked: the group is tired, the text too long, or its content refused. */
export type FallbackReason = 'general' | 'context_window' | 'content_policy';

/** A fallback from one model group to another. */
export interface FallbackRecord {
  readonly requestedLabel: string;
  readonly fallbackLabel: string;
  readonly reason: FallbackReason;
  /** What ended the last call of the group before, and with which upstream status. */
  readonly failure: FailureKind;
  readonly upstreamStatus: number | undefined;
  readonly succeeded: boolean;
  /** The deployment that answered, or was tried last. */
  readonly deploymentId: string | undefined;
  readonly principal?: Principal | undefined;
}

/** A deployment of the configuration, with its own limits; undefined where it has none. */
export interface DeploymentFacts extends DeploymentName {
  readonly rpmLimit?: number | undefined;
  readonly tpmLimit?: number | undefined;
}

/** A cooldown that begins, or is made longer. */
export interface CooldownRecord extends DeploymentName {
  readonly failure: FailureKind;
  readonly upstreamStatus: number | undefined;
  readonly untilMs: number;
}

/** What ties a conversation to an account. */
export type AffinityKind = 'session' | 'prompt_cache' | 'response' | 'encrypted_content';

/** `hit`: went where it went before; `new`: nothing was remembered; `broken`: the place it was at could not be used. */
export interface AffinityRecord {
  readonly kind: AffinityKind;
  readonly outcome: 'hit' | 'new' | 'broken';
}

/** Rate-limit headers of an upstream's answer; undefined for what it did not say. */
export interface UpstreamLimits extends DeploymentName {
  readonly modelLabel: string;
  readonly principal?: Principal | undefined;
  readonly remainingRequests: number | undefined;
  readonly remainingTokens: number | undefined;
}

/** One quota window of an account's plan. */
export interface AccountWindow {
  readonly account: string;
  /** By its length: `5h`, `week`, `month`, else minutes as `Nm`. */
  readonly window: string;
  /** 0 to 1; above 1 never. */
  readonly usedRatio: number;
  readonly resetAtMs: number | undefined;
}

/** Credits of an account. */
export interface AccountCredits {
  readonly account: string;
  /** In the provider's own measure; undefined when it does not tell. */
  readonly balance: number | undefined;
  readonly unlimited: boolean;
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
