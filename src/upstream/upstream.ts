import { type Deployment } from '../config/deployment';
import { type Span } from '../kernel/tracing';
import { type RemainingLimits } from '../kernel/observations';
import { type PlanQuota } from '../kernel/plan-quota';
import { type StopSignal } from '../kernel/stop-signal';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { type CanonicalRequest } from '../protocol/canonical/canonical-request';
import { type ResolvedModel } from '../models/catalog-entry';
import { type Taken } from '../outbound/outbound';

/** A Codex CLI's own request, forwarded as it came. */
export interface NativeRequest {
  readonly kind: 'native';
  readonly model: string;
  /** The decoded body as UTF-8 bytes; sent unchanged unless the model was remapped. */
  readonly body: Buffer;
  /** Identity headers to pass on, lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As of a `CanonicalCall`: the model's name may ask for more than the body, and is read where the body is said anew. */
  readonly effortCeiling?: string | undefined;
  /** It comes from an SDK and not from a CLI: a compaction that is said anew, because the backend wants more than SDKs send. */
  readonly fromSdk?: boolean;
  /** As of a `CanonicalCall`; read where `fromSdk` is. */
  readonly codexMode?: boolean | undefined;
}

/** A request in the inner language. */
export interface CanonicalCall {
  readonly kind: 'canonical';
  readonly request: CanonicalRequest;
  /** The caller is a Codex CLI on a `/v1` route: its prompt already is in the input, and its identity headers may be passed on. */
  readonly fromCodexCli: boolean;
  /** `codex_mode` of the caller's key; undefined leaves it to deployment and process. */
  readonly codexMode?: boolean | undefined;
  /** Highest reasoning effort of the caller's key. */
  readonly effortCeiling?: string | undefined;
  /** The strings of `request` are wire text: its body is written as latin1, and what is put into it must be wire text too. */
  readonly isWire: boolean;
}

/** One question for an upstream, in whichever way it came. */
export type UpstreamCall = NativeRequest | CanonicalCall;

/** An answer that has begun. */
export interface UpstreamAnswer {
  readonly model: ResolvedModel;
  /** Allow-listed headers for the client (`x-codex-turn-state`, upstream request id), lower case. */
  readonly passHeaders: Readonly<Record<string, string>>;
  /** Parameters that only this upstream could not take, beyond those the edge dropped. */
  readonly droppedParams: readonly string[];
  /** What the head of the answer said of the account's plan; not for clients. */
  readonly quota?: PlanQuota | undefined;
  /** What it said is left of the rate limits of our own key there; undefined when it said nothing. */
  readonly limits?: RemainingLimits | undefined;
  /**
   * Events of all chunks that arrived since the last call; `undefined` at the end of the body.
   * Enforces the first-event and the semantic idle limit.
   * @throws {UpstreamFailure} `network`, `timeout`.
   */
  next(): Promise<readonly AnswerEvent[] | undefined>;
  /**
   * Hands down all further events by calls, a batch for each chunk and while it is read: of thousands of chunks none costs
   * a promise. Call once, and `next` no more.
   *
   * @returns at the end of the body, or once `take` wanted no more. @throws as `next`, and what `take` throws.
   */
  each(take: (events: readonly AnswerEvent[]) => Taken): Promise<void>;
  /** The terminal event came: lets the body end on its own for a moment, so that the connection can be used again. */
  release(): void;
  /** Frees the socket; safe at any time. */
  cancel(): void;
}

/** A request that was made and not sent. */
export interface DescribedCall {
  readonly url: string;
  /** Without secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** SHA-256 of the official instructions in it, hex; null when it has none. */
  readonly instructionsHash: string | null;
  /** As of an answer: what only this upstream cannot take. */
  readonly droppedParams: readonly string[];
}

/** Port of routing: one attempt at one deployment. */
export abstract class Upstream {
  /** @throws {UpstreamFailure} for every answer that is not a stream, with its kind decided. @throws {GatewayError} when the login is unusable. */
  abstract open(deployment: Deployment, call: UpstreamCall, signal: StopSignal, span?: Span): Promise<UpstreamAnswer>;
  /** Unary compaction (`POST …/responses/compact`). @param onAsked told which model is asked and what it goes without, before it is. @returns status 200 JSON bytes. */
  abstract compact(
    deployment: Deployment,
    call: NativeRequest,
    signal: StopSignal,
    onAsked?: (asked: Pick<UpstreamAnswer, 'model' | 'droppedParams'>) => void,
  ): Promise<Buffer>;
  /** The request as it would be sent, headers without secrets: for `POST /utils/transform_request`. */
  abstract describe(deployment: Deployment, call: UpstreamCall): Promise<DescribedCall>;
}
