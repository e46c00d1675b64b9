import { type GatewayError } from '../../kernel/errors';
import { type TokenUsage } from '../../kernel/usage';
import { type AnswerEvent } from './answer-event';

/**
 * Tells an answer to a streaming client, in its dialect. Deterministic and without I/O; one per answer.
 * Every string is wire text, ready for a socket as latin1.
 */
export interface AnswerEncoder {
  /** Frames for the events of one upstream chunk, joined for a single write; empty when there is nothing to say. */
  encode(events: readonly AnswerEvent[]): string;
  /** True once the encoder has all it wants (a stop sequence was met): the upstream call can be cancelled. */
  readonly satisfied: boolean;
  /** What the answer used so far, estimated; only for an answer that `satisfied` ended before upstream told its usage. */
  readonly estimatedUsage?: TokenUsage;
  /** Closing frames after the upstream's terminal event was encoded (or `satisfied`), for example `data: [DONE]`. */
  finish(): string;
  /** Frames that tell a failure after the 200 went out, without `[DONE]`. */
  fail(error: GatewayError): string;
}

/** Gathers an answer for a client that did not ask for a stream; must agree with the encoder field by field. */
export interface AnswerFold {
  add(events: readonly AnswerEvent[]): void;
  readonly satisfied: boolean;
  /** See `AnswerEncoder.estimatedUsage`. */
  readonly estimatedUsage?: TokenUsage;
  /** The JSON body as wire text. Call once, after the terminal event or when `satisfied`. */
  result(): string;
}
