import {
  type AccountQuotaRecord,
  type AccountReading,
  type AffinityRecord,
  type BreakerRecord,
  type CooldownRecord,
  type DeploymentFacts,
  type FallbackRecord,
  type HoldRecord,
  type InstructionFetch,
  type InstructionUse,
  type LimitMove,
  type LimitReading,
  type ReapRecord,
  type ReconcileRecord,
  type RefreshRecord,
  type RetryRecord,
  type SettleRecord,
  type StateCommandRecord,
  type StateReading,
  type UpstreamLimits,
} from './observations';
import { type FailureKind } from './upstream-failure';
import { type PlainValues } from './plain-values';
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
  /** Name of the credential that was used last; one that may be shown. */
  readonly account?: string | undefined;
  readonly stream: boolean;
  /** Of a stream: whether its head had left, so that a failure was told within it. Undefined: not known. */
  readonly isBegun?: boolean | undefined;
  readonly status: number;
  readonly end: AnswerEnd;
  /** Machine code of the error; undefined on success. */
  readonly errorCode: string | undefined;
  readonly errorType: string | undefined;
  readonly usage: TokenUsage | undefined;
  /** Nobody told the usage: it was worked out from what was seen. */
  readonly usageIsEstimated?: boolean | undefined;
  /** What it was charged, nano-dollars; undefined while nobody knows a price. */
  readonly costNanos?: number | undefined;
  /** What its cached input tokens would have cost more, nano-dollars. */
  readonly cacheSavedNanos?: number | undefined;
  readonly attempts: number;
  readonly durationMs: number;
  /** From the arrival of the request until the first call upstream: edge, admission, waiting. */
  readonly queueMs?: number | undefined;
  /** From our call to upstream until its last byte. */
  readonly upstreamMs: number | undefined;
  readonly firstContentMs: number | undefined;
  readonly droppedParams: readonly string[];
  readonly remappedFrom: string | undefined;
  /** End user (customer), as the request named it. */
  readonly customerId?: string | undefined;
  /** Tags of key and request, for `custom_prometheus_tags`. */
  readonly tags?: readonly string[] | undefined;
  /** `spend_logs_metadata` of the request, for `custom_prometheus_metadata_labels`; nothing else of it is told. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** What else the request's own metadata says for these labels, by path; that of key and team is the holder's. */
  readonly labelled?: PlainValues | undefined;
  /** Of the trace that shows this request; undefined when none is recorded. */
  readonly traceId?: string | undefined;
  readonly clientIp: string;
  readonly userAgent: string;
}

/** One call to one deployment. */
export interface AttemptRecord {
  readonly modelLabel: string;
  readonly upstreamModel: string;
  readonly deploymentId: string;
  readonly apiBase: string;
  /** On whose behalf. */
  readonly principal?: Principal | undefined;
  /** Also what broke an answer after its first content. */
  readonly failure: FailureKind | undefined;
  readonly upstreamStatus: number | undefined;
  /** Until the first content, or the failure before it. */
  readonly durationMs: number;
}

/**
 * Port: what the rooms tell to metrics, logs and callbacks. Implementations never throw and never wait. Whoever brings an
 * event calls its method; what nobody implements is told to nobody.
 */
export abstract class Observer {
  /** Once for each client request, whatever became of it. */
  abstract requestEnded(record: RequestRecord): void;
  /** Once for each call upstream, when its answer is over or it failed. */
  abstract attemptEnded(record: AttemptRecord): void;

  /** All deployments of the configuration: at start, and whenever it was read anew. */
  deploymentsAre(_deployments: readonly DeploymentFacts[]): void {}

  /** The same for the names of all credentials that requests may be sent with. */
  accountsAre(_names: readonly string[]): void {}

  /** The router is about to call once more after a failure, within one model group. */
  retried(_record: RetryRecord): void {}

  /** A fallback group was asked, when that is over. */
  fellBack(_record: FallbackRecord): void {}

  /** Something takes no calls for a while, or takes them again. */
  cooldownChanged(_record: CooldownRecord): void {}

  /** A conversation that ought to stay with an account was answered. */
  affinityEnded(_record: AffinityRecord): void {}

  /** What is left at the upstream, by the rate-limit headers of an answer. */
  upstreamLimitsSeen(_limits: UpstreamLimits): void {}

  /**
   * Quota windows and credits of an account, heard from its answers or from another replica; the newest reading counts. The
   * account may be one that only others have.
   */
  accountQuotaSeen(_record: AccountQuotaRecord): void {}

  /** How an account stands; told again at every change and at every look. */
  accountStateSeen(_account: AccountReading): void {}

  /** A renewal of a login ended, whoever asked for it; not told by those who only waited. */
  refreshDone(_record: RefreshRecord): void {}

  /** The books were asked to let a request in. */
  ticketHeld(_record: HoldRecord): void {}

  /** A ticket was closed, for the first time or late. */
  ticketSettled(_record: SettleRecord): void {}

  /** Settlements that are written down here and wait for the shared state. */
  settlementsWaiting(_count: number): void {}

  /** One limit as it stood at an admission or a look at the books; the newest reading counts. */
  limitSeen(_limit: LimitReading): void {}
  /** What this process knows to have changed since; until the next admission of the same holder says how it stands. */
  limitsMoved(_move: LimitMove): void {}

  /** A reaper's round that found work. */
  reaped(_record: ReapRecord): void {}

  /** Counters were compared with the ledger. */
  reconciled(_record: ReconcileRecord): void {}

  /** How many counters the last comparison left wrong, whichever replica made it. */
  leftWrongKnown(_count: number): void {}

  /** A command to the state ended. */
  stateCommandDone(_record: StateCommandRecord): void {}

  /** A breaker opened or closed. */
  breakerChanged(_record: BreakerRecord): void {}

  /** What the state says of itself. */
  stateSeen(_reading: StateReading): void {}

  /** Official instructions were put into a request. */
  instructionsUsed(_use: InstructionUse): void {}

  /** Instructions were asked for at their host. */
  instructionsFetched(_fetch: InstructionFetch): void {}
}
