import { type FailureKind } from './upstream-failure';
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

/** Port: what the story tells to metrics and logs. Implementations never throw and never wait. */
export abstract class Observer {
  abstract requestEnded(record: RequestRecord): void;
  abstract attemptEnded(record: AttemptRecord): void;
}
