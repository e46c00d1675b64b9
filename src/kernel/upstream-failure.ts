import { type ErrorAuthor, GatewayError } from './errors';

/** What went wrong upstream, in words that routing can act on. */
export type FailureKind =
  | 'rate_limited' // a burst limit: soon free again
  | 'quota_exhausted' // a plan window is used up until its reset
  | 'unauthorized' // the login was refused
  | 'workspace_refused' // workspace gone or wrong
  | 'blocked' // an edge page (Cloudflare) instead of an answer
  | 'overloaded' // no capacity for this model
  | 'server_error' // 5xx or an error event without a better name
  | 'context_too_long'
  | 'content_policy'
  | 'invalid_request'
  | 'model_unavailable' // this account cannot use this model
  | 'network' // no connection, reset
  | 'timeout' // one of our clocks ran out; `code` says which
  | 'cut' // the stream ended without a terminal event
  | 'client_gone'; // our caller hung up

/** Who is to blame; decided before anything else is. */
export type Blame = 'request' | 'account' | 'model' | 'network' | 'edge' | 'upstream' | 'client';

export interface UpstreamFailureOptions {
  readonly kind: FailureKind;
  /** Sentence for the caller; written by us, or an upstream JSON message already cleaned and cut. Never a page or a secret. */
  readonly message: string;
  /** Upstream's machine code when it had one. */
  readonly code?: string;
  readonly param?: string;
  /** Upstream's HTTP status, when there was an answer at all. */
  readonly upstreamStatus?: number;
  readonly retryAfterMs?: number;
  readonly resetAtMs?: number;
  readonly cause?: unknown;
}

interface KindFacts {
  readonly blame: Blame;
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly author: ErrorAuthor;
  /** Another deployment, or the same one later, may succeed. */
  readonly retryable: boolean;
}

/** One row a kind: who is to blame, and what the client sees when nothing else answers. Statuses: protocol reference 9.2. */
const facts: Readonly<Record<FailureKind, KindFacts>> = {
  rate_limited: row('account', 429, 'rate_limit_error', 'rate_limit_exceeded', 'upstream', true),
  quota_exhausted: row('account', 429, 'usage_limit_reached', 'usage_limit_reached', 'plan_window', true),
  unauthorized: row('account', 503, 'upstream_authentication_error', 'upstream_authentication_error', 'upstream', true),
  workspace_refused: row('account', 503, 'upstream_authentication_error', 'upstream_workspace_refused', 'upstream', true),
  blocked: row('edge', 503, 'upstream_blocked', 'upstream_blocked', 'edge', true),
  overloaded: row('upstream', 503, 'service_unavailable', 'server_is_overloaded', 'upstream', true),
  server_error: row('upstream', 502, 'bad_gateway', 'server_error', 'upstream', true),
  context_too_long: row('request', 400, 'invalid_request_error', 'context_length_exceeded', 'upstream', false),
  content_policy: row('request', 400, 'invalid_request_error', 'invalid_prompt', 'upstream', false),
  invalid_request: row('request', 400, 'invalid_request_error', 'invalid_request_error', 'upstream', false),
  model_unavailable: row('model', 404, 'invalid_request_error', 'model_not_found', 'upstream', true),
  network: row('network', 502, 'bad_gateway', 'upstream_unreachable', 'upstream', true),
  timeout: row('upstream', 504, 'timeout', 'upstream_timeout', 'gateway', true),
  cut: row('upstream', 502, 'bad_gateway', 'stream_cut', 'upstream', true),
  client_gone: row('client', 499, 'client_closed_request', 'client_closed_request', 'gateway', false),
};

function row(
  blame: Blame,
  status: number,
  type: string,
  code: string,
  ...[author, retryable]: [ErrorAuthor, boolean]
): KindFacts {
  return { blame, status, type, code, author, retryable };
}

/** A failed attempt at one deployment. The router decides from `kind` and `blame`; nobody else reads status codes. */
export class UpstreamFailure extends Error {
  readonly kind: FailureKind;
  readonly blame: Blame;
  readonly retryable: boolean;
  readonly details: UpstreamFailureOptions;

  constructor(options: UpstreamFailureOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UpstreamFailure';
    this.kind = options.kind;
    this.blame = facts[options.kind].blame;
    this.retryable = facts[options.kind].retryable;
    this.details = options;
  }

  /** What the client sees when this failure is the last word. */
  toGatewayError(): GatewayError {
    const { status, type, code, author } = facts[this.kind];
    const { param, retryAfterMs, resetAtMs } = this.details;
    return new GatewayError({
      status,
      type,
      code: this.blame === 'request' ? (this.details.code ?? code) : code,
      message: this.message,
      author,
      ...(param === undefined ? {} : { param }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(resetAtMs === undefined ? {} : { resetAtMs }),
      ...(this.retryable ? {} : { shouldRetry: false }),
      cause: this,
    });
  }
}
