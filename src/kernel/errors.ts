/** Who decided to refuse: our key limits, the gateway itself, a plan's quota window, the upstream, or the network edge before it. */
export type ErrorAuthor = 'key' | 'gateway' | 'plan_window' | 'upstream' | 'edge';

/** Everything a client may learn about a refusal. */
export interface GatewayErrorOptions {
  /** HTTP status the edge answers with. */
  readonly status: number;
  /** OpenAI's `error.type`: the machine kind. */
  readonly type: string;
  /** Machine code, sent as `error.code` inside streams and on the native surface; JSON errors of `/v1` send the status there. */
  readonly code: string;
  /** Sentence for a person: names the field, the limit and the way out; never a secret, prompt or upstream page. */
  readonly message: string;
  /** Request field at fault. */
  readonly param?: string;
  readonly author?: ErrorAuthor;
  /** Milliseconds until another try makes sense; sent as `retry-after` in whole seconds, rounded up. */
  readonly retryAfterMs?: number;
  /** Unix milliseconds at which the limit is free again. */
  readonly resetAtMs?: number;
  /** Name of the limit that was hit, and what is left of it. */
  readonly limit?: string;
  readonly remaining?: number;
  /** Sent as `x-should-retry`, which the OpenAI SDKs obey; left out when undefined. */
  readonly shouldRetry?: boolean;
  /** Further headers of the answer, lower-case names; values are header-safe. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Root of every failure the gateway raises on purpose; anything else is a bug and becomes a bare 500. */
export class GatewayError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly param: string | null;
  readonly author: ErrorAuthor;
  readonly details: GatewayErrorOptions;

  constructor(options: GatewayErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.status = options.status;
    this.type = options.type;
    this.code = options.code;
    this.param = options.param ?? null;
    this.author = options.author ?? 'gateway';
    this.details = options;
  }
}

/** 400: the request itself is at fault; `param` names the field. */
export function invalidRequest(message: string, param?: string, code = 'invalid_value'): GatewayError {
  return new GatewayError({
    status: 400,
    type: 'invalid_request_error',
    code,
    message,
    ...(param === undefined ? {} : { param }),
    shouldRetry: false,
  });
}

/** 401: no key, or one we do not know. Unknown, malformed and deleted keys must all get the same words. */
export function authenticationFailed(message: string): GatewayError {
  return new GatewayError({
    status: 401,
    type: 'auth_error',
    code: 'invalid_api_key',
    message,
    author: 'key',
    shouldRetry: false,
  });
}

/** 404: a model name that no model group, alias or catalog entry carries. */
export function modelNotFound(model: string): GatewayError {
  return new GatewayError({
    status: 404,
    type: 'invalid_request_error',
    code: 'model_not_found',
    param: 'model',
    message: `The model '${shorten(model)}' does not exist here or is not open to this key. GET /v1/models lists what is.`,
    shouldRetry: false,
  });
}

/** 404: no such route. @param why what its caller ought to know, a sentence. */
export function routeNotFound(method: string, path: string, why?: string): GatewayError {
  const hint = why === undefined ? '' : ` ${why}`;
  return new GatewayError({
    status: 404,
    type: 'invalid_request_error',
    code: 'unknown_url',
    message: `Unknown route: ${method} ${shorten(path)}.${hint} GET /openapi.json lists the routes.`,
    shouldRetry: false,
  });
}

/**
 * 404: a route of the other port, where management has one of its own. The port is named as the operator knows it, by its
 * variable: its number is nobody else's business.
 */
export function routeElsewhere(method: string, path: string, port: 'ADMIN_PORT' | 'PORT'): GatewayError {
  const whose = port === 'PORT' ? 'Models' : 'Management routes, reports and /metrics';
  return new GatewayError({
    status: 404,
    type: 'invalid_request_error',
    code: 'unknown_url',
    message: `Unknown route on this port: ${method} ${shorten(path)}. ${whose} are served on the other one (${port}).`,
    shouldRetry: false,
  });
}

/** 413: the body is larger than the operator allows. */
export function bodyTooLarge(limitBytes: number): GatewayError {
  return new GatewayError({
    status: 413,
    type: 'invalid_request_error',
    code: 'request_too_large',
    message: `The request body is larger than the limit of ${limitBytes} bytes, counted after decompression. Send less, or ask the operator to raise general_settings.max_request_size_mb.`,
    limit: 'max_request_size',
    shouldRetry: false,
  });
}

/** 400, because asking again would cost the same again: an answer in one piece is larger than the operator lets out. */
export function answerTooLarge(bytes: number, limitBytes: number): GatewayError {
  return new GatewayError({
    status: 400,
    type: 'invalid_request_error',
    code: 'response_too_large',
    message: `The answer has ${bytes} bytes, which is more than the limit of ${limitBytes} bytes for answers in one piece; it was charged all the same. Ask for a shorter one or stream it, or ask the operator to raise general_settings.max_response_size_mb.`,
    limit: 'max_response_size',
    shouldRetry: false,
  });
}

/** 503: the upstream account cannot be used (login missing, torn, expired or refused); the caller's key is fine. */
export function upstreamAuthenticationFailed(message: string, retryAfterMs?: number): GatewayError {
  return new GatewayError({
    status: 503,
    type: 'upstream_authentication_error',
    code: 'upstream_authentication_error',
    message,
    author: 'upstream',
    ...(retryAfterMs === undefined ? { shouldRetry: false } : { retryAfterMs }),
  });
}

/** 503: the gateway is on its way down and takes no new work. */
export function shuttingDown(retryAfterMs: number): GatewayError {
  return new GatewayError({
    status: 503,
    type: 'service_unavailable',
    code: 'server_is_overloaded',
    message: 'This gateway process is shutting down. Try again; another replica will answer.',
    retryAfterMs,
  });
}

/** 500: a bug of ours. Says nothing about the cause, which goes to the log with the request id. */
export function internalError(cause: unknown): GatewayError {
  return new GatewayError({
    status: 500,
    type: 'internal_server_error',
    code: 'server_error',
    message:
      'The gateway failed to handle this request. Its operator finds the reason in the log under the request id.',
    cause,
  });
}

/** User text inside a message: at most 120 characters, control characters replaced. */
export function shorten(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, '?');
  return clean.length <= 120 ? clean : `${clean.slice(0, 117)}...`;
}
