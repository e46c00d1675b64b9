import { type ErrorAuthor, GatewayError } from './errors';
import { type PlanQuota } from './plan-quota';

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

/** Everything that is known of a failure. Times are milliseconds, `resetAtMs` on the Unix clock. */
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
  /** What the refusal said of the account's plan. */
  readonly quota?: PlanQuota;
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

/** One row a kind: who is to blame, and what the client sees when nothing else answers.  */
const facts: Readonly<Record<FailureKind, KindFacts>> = {
  rate_limited: {
    blame: 'account',
    status: 429,
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    author: 'upstream',
    retryable: true,
  },
  quota_exhausted: {
    blame: 'account',
    status: 429,
    type: 'usage_limit_reached',
    code: 'usage_limit_reached',
    author: 'plan_window',
    retryable: true,
  },
  unauthorized: {
    blame: 'account',
    status: 503,
    type: 'upstream_authentication_error',
    code: 'upstream_authentication_error',
    author: 'upstream',
    retryable: true,
  },
  workspace_refused: {
    blame: 'account',
    status: 503,
    type: 'upstream_authentication_error',
    code: 'upstream_workspace_refused',
    author: 'upstream',
    retryable: true,
  },
  blocked: {
    blame: 'edge',
    status: 503,
    type: 'upstream_blocked',
    code: 'upstream_blocked',
    author: 'edge',
    retryable: true,
  },
  overloaded: {
    blame: 'upstream',
    status: 503,
    type: 'service_unavailable',
    code: 'server_is_overloaded',
    author: 'upstream',
    retryable: true,
  },
  server_error: {
    blame: 'upstream',
    status: 502,
    type: 'bad_gateway',
    code: 'server_error',
    author: 'upstream',
    retryable: true,
  },
  context_too_long: {
    blame: 'request',
    status: 400,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    author: 'upstream',
    retryable: false,
  },
  content_policy: {
    blame: 'request',
    status: 400,
    type: 'invalid_request_error',
    code: 'invalid_prompt',
    author: 'upstream',
    retryable: false,
  },
  invalid_request: {
    blame: 'request',
    status: 400,
    type: 'invalid_request_error',
    code: 'invalid_request_error',
    author: 'upstream',
    retryable: false,
  },
  model_unavailable: {
    blame: 'model',
    status: 404,
    type: 'invalid_request_error',
    code: 'model_not_found',
    author: 'upstream',
    retryable: true,
  },
  network: {
    blame: 'network',
    status: 502,
    type: 'bad_gateway',
    code: 'upstream_unreachable',
    author: 'upstream',
    retryable: true,
  },
  timeout: {
    blame: 'upstream',
    status: 504,
    type: 'timeout',
    code: 'upstream_timeout',
    author: 'gateway',
    retryable: true,
  },
  cut: { blame: 'upstream', status: 502, type: 'bad_gateway', code: 'stream_cut', author: 'upstream', retryable: true },
  client_gone: {
    blame: 'client',
    status: 499,
    type: 'client_closed_request',
    code: 'client_closed_request',
    author: 'gateway',
    retryable: false,
  },
};

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
    const { status, type, author } = facts[this.kind];
    const { param, retryAfterMs, resetAtMs } = this.details;
    const limit = limitOf[this.kind];
    return new GatewayError({
      status,
      type,
      code: this.clientCode,
      message: this.message,
      author,
      ...(limit === undefined ? {} : { limit, remaining: 0 }),
      ...(param === undefined ? {} : { param }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(resetAtMs === undefined ? {} : { resetAtMs }),
      ...(this.isPassing ? {} : { shouldRetry: false }),
      cause: this,
    });
  }

  /** Whether the client's own retries, seconds later, may hear something else. */
  private get isPassing(): boolean {
    const { retryAfterMs } = this.details;
    if (!this.retryable || isLastingWait(retryAfterMs)) return false;
    return retryAfterMs !== undefined || !lasting.has(this.kind);
  }

  /** Upstream's own code for what is wrong with a request; ours for clocks and connections, each of which has its own. */
  private get clientCode(): string {
    const { code, upstreamStatus } = this.details;
    const isOurs = upstreamStatus === undefined && (this.kind === 'timeout' || this.kind === 'network');
    return (isOurs || this.blame === 'request' ? code : undefined) ?? facts[this.kind].code;
  }
}

/** Names of the limits that upstreams keep; nothing is left of one that refused. */
const limitOf: Partial<Readonly<Record<FailureKind, string>>> = {
  quota_exhausted: 'plan_window',
  rate_limited: 'upstream_rate',
};

/** What stays as it is until a window, a person or an edge network changes it, unless the upstream says when. */
const lasting: ReadonlySet<FailureKind> = new Set([
  'quota_exhausted',
  'unauthorized',
  'workspace_refused',
  'blocked',
  'model_unavailable',
]);

/** Further wait past which a client's own retries only repeat the refusal, milliseconds. */
const lastingMs = 60_000;

/** Whether a client that tries again by itself within its usual seconds would hear the same. */
export function isLastingWait(retryAfterMs: number | undefined): boolean {
  return retryAfterMs !== undefined && retryAfterMs > lastingMs;
}
