import { type AnswerEnd } from './observer';
import { type TokenUsage } from './usage';

/** What spans tell, in words of the house; the tracer spells them for its receiver. No prompt, answer, key or token. */
export interface SpanFacts {
  /** What went wrong, in one word: a kind of failure, or the code of an error. Marks the span as failed. */
  readonly failure?: string | undefined;
  readonly requestId?: string | undefined;
  /** Route template. */
  readonly route?: string | undefined;
  readonly status?: number | undefined;
  readonly end?: AnswerEnd | undefined;
  readonly stream?: boolean | undefined;
  /** `chat`, or `compact` for a compaction. */
  readonly operation?: string | undefined;
  readonly requestModel?: string | undefined;
  readonly responseModel?: string | undefined;
  readonly usage?: TokenUsage | undefined;
  readonly firstContentMs?: number | undefined;
  readonly costNanos?: number | undefined;
  readonly attempts?: number | undefined;
  /** Deployment id, its base URL, and the credential that was used, by an opaque id. */
  readonly deploymentId?: string | undefined;
  readonly apiBase?: string | undefined;
  readonly account?: string | undefined;
  /** Which try this is, from 1. */
  readonly attempt?: number | undefined;
  readonly upstreamStatus?: number | undefined;
  /** Holder of the key. */
  readonly keyHash?: string | undefined;
  readonly keyAlias?: string | undefined;
  readonly teamId?: string | undefined;
  readonly userId?: string | undefined;
  /** Only for keys that opted in, and only where the operator wants content in traces. */
  readonly question?: string | undefined;
  readonly answer?: string | undefined;
}

/** Parts of a request. */
export type SpanName = 'admission' | 'attempt' | 'refresh' | 'instruction_fetch' | 'settlement';

/**
 * A stretch of work, as a value that is handed down. Moments are milliseconds of the monotonic clock. Nothing here throws or
 * waits, and nothing costs anything while no trace is recorded.
 */
export abstract class Span {
  /** 32 hex digits; undefined while there is no trace. */
  abstract readonly traceId: string | undefined;
  /** Whether anybody keeps what is told; false also for requests that are not sampled. */
  abstract readonly isRecording: boolean;
  /** A part that began at `startMs`; end it. */
  abstract child(name: SpanName, startMs: number): Span;
  abstract tell(facts: SpanFacts): void;
  /** Something that happened at a moment. */
  abstract event(name: 'first_token', atMs: number): void;
  /** Once. */
  abstract end(endMs: number): void;
}

class NoSpan extends Span {
  readonly traceId = undefined;
  readonly isRecording = false;
  child(): Span {
    return this;
  }
  tell(): void {
    // Nobody listens.
  }
  event(): void {
    // Nobody listens.
  }
  end(): void {
    // Nobody listens.
  }
}

/** Where no trace is recorded. */
export const noSpan: Span = new NoSpan();

/** Port: makes the spans of requests. */
export abstract class Tracer {
  /**
   * The whole of a request.
   *
   * @param traceparent of the client, W3C; what is malformed counts as none.
   */
  abstract request(name: string, startMs: number, traceparent: string | undefined): Span;
}
