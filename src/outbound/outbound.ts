import { type StopSignal } from '../kernel/stop-signal';

/** One request to an allowed origin. */
export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'HEAD';
  /** Absolute; its origin must be one that settings name. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly connectMs?: number;
  /** Until the response headers. */
  readonly headersMs: number;
  readonly signal?: StopSignal;
}

/**
 * What a reader says of what it was handed: nothing to be handed the next thing at once, a promise to be handed it when
 * that is fulfilled, `false` to be handed no more.
 */
export type Taken = Promise<void> | undefined | false;

/** An answer whose body is still arriving. Read it with `next`, then with `each` if at all, or whole with `text`. */
export interface OutboundResponse {
  readonly status: number;
  /** Lower-case names; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * All bytes that arrived since the last call, in order, one array; `undefined` at a clean end.
   * The socket is paused while more than 256 KiB wait here.
   * @throws {UpstreamFailure} of kind `network` when the connection breaks, with the signal's reason when aborted.
   */
  next(): Promise<readonly Buffer[] | undefined>;
  /**
   * Hands down the rest of the body by calls: a chunk goes to `take` while it is read, with no promise between. The socket
   * is paused while `take` has asked to wait. Call once, and `next` no more.
   *
   * @returns when the body ended cleanly, or `take` wanted no more of it.
   * @throws {UpstreamFailure} as `next`; what came before the break was handed down. What `take` throws ends the call.
   */
  each(take: (chunk: Buffer) => Taken): Promise<void>;
  /** Whole body, at most `limitBytes` (the rest is discarded). */
  text(limitBytes: number, withinMs: number): Promise<string>;
  /** Lets the body end on its own, unread, so that the connection can be used again; frees the socket when that takes longer. */
  release(withinMs: number): void;
  /** Frees the socket; safe to call at any time and more than once. */
  cancel(): void;
}

/** Port: the only way out. Holds the allowed origins, proxies, pools and deadlines. Follows no redirect. */
export abstract class Outbound {
  /**
   * @throws {UpstreamFailure} `network` (no connection) or `timeout` (no headers in time).
   * @throws {Error} when the origin is not allowed: a bug, since no request field can name a host.
   */
  abstract send(request: OutboundRequest): Promise<OutboundResponse>;
  abstract close(): Promise<void>;
}
