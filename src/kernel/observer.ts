import { type FailureKind } from './upstream-failure';
import { type PlanQuota } from './plan-quota';
import { type Principal } from './principal';
import { type TokenUsage } from './usage';

/** How an answer ended, as the client saw it. */
export type AnswerEnd = 'completed' | 'incomplete' | 'failed' | 'cut' | 'client_gone' | 'refused';

/** One finished client request. Durations are milliseconds; holds no prompt, answer, key or token. */
export interface RequestRecord {
  readonly requestId: string;
  /** Route template, for example `/v1/chat/completions`. */
  readonly route: string;
  readonly principal: Principal | undefined;
  /** Model group as asked for; undefined when the request was refused before it was known. */
  readonly requestedModel: string | undefined;
  /** The same from a closed set, for metric labels: a configured or catalogued name; undefined when it is neither. */
  readonly modelLabel: string | undefined;
  /** Slug that went upstream. */
  readonly upstreamModel: string | undefined;
  readonly deploymentId: string | undefined;
  readonly apiBase: string | undefined;
  readonly stream: boolean;
  readonly status: number;
  readonly end: AnswerEnd;
  /** Machine code of the error; undefined on success. */
  readonly errorCode: string | undefined;
  readonly errorType: string | undefined;
  readonly usage: TokenUsage | undefined;
  readonly attempts: number;
  readonly durationMs: number;
  /** From our call to upstream until its last byte. */
  readonly upstreamMs: number | undefined;
  readonly firstContentMs: number | undefined;
  readonly droppedParams: readonly string[];
  readonly remappedFrom: string | undefined;
  readonly clientIp: string;
  readonly userAgent: string;
}

/** One call to one deployment. */
export interface AttemptRecord {
  readonly modelLabel: string;
  readonly upstreamModel: string;
  readonly deploymentId: string;
  readonly apiBase: string;
  readonly failure: FailureKind | undefined;
  readonly upstreamStatus: number | undefined;
  readonly durationMs: number;
}

/** A call is tried once more. */
export interface RetryRecord {
  readonly modelLabel: string;
  /** Where it failed. */
  readonly deploymentId: string;
  readonly failure: FailureKind;
  /** Pause before the next try, milliseconds. */
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
  /** Unix milliseconds; undefined when it is used again. */
  readonly untilMs: number | undefined;
}

/** One model group was asked in the place of another. */
export interface FallbackRecord {
  readonly from: string;
  readonly to: string;
  readonly kind: 'general' | 'context_window' | 'content_policy';
  readonly succeeded: boolean;
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
  /** Credential name. */
  readonly account: string;
  readonly quota: PlanQuota;
}

/**
 * Port: what the story tells to metrics and logs. Implementations never throw and never wait. What not
 * every implementation listens to it leaves out.
 */
export abstract class Observer {
  abstract requestEnded(record: RequestRecord): void;
  abstract attemptEnded(record: AttemptRecord): void;
  retried?(record: RetryRecord): void;
  cooldownChanged?(record: CooldownRecord): void;
  fellBack?(record: FallbackRecord): void;
  affinityEnded?(record: AffinityRecord): void;
  accountQuotaSeen?(record: AccountQuotaRecord): void;
}
