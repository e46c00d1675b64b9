import { GatewayError } from '../kernel/errors';

const refusal = (status: number, code: string, message: string): GatewayError =>
  new GatewayError({ status, type: 'invalid_request_error', code, message, shouldRetry: false });

/** 400: the bytes are no HTTP request, or no JSON body. The message never repeats what was sent. */
export function malformedRequest(message: string, code = 'invalid_request'): GatewayError {
  return refusal(400, code, message);
}

/** 408: the sender was slower than `REQUEST_HEADERS_TIMEOUT_SECONDS` or `REQUEST_BODY_TIMEOUT_SECONDS` allow. */
export function senderTooSlow(part: 'headers' | 'body', limitMs: number): GatewayError {
  return refusal(408, 'request_timeout', `The request ${part} did not arrive within ${limitMs / 1000} seconds.`);
}

/** 429: one key sends more bytes of bodies at the same time than the process wants to hold for it. */
export function tooMuchUnderWay(limitBytes: number): GatewayError {
  return new GatewayError({
    status: 429,
    type: 'throttling_error',
    code: 'rate_limit_exceeded',
    message: `More than ${limitBytes} bytes of request bodies are under way with this key. Let some of them arrive, then send this one again.`,
    limit: 'body_bytes_under_way',
    retryAfterMs: 1_000,
  });
}

/** 415: a content type or encoding that the gateway does not read. */
export function unsupportedMedia(message: string): GatewayError {
  return refusal(415, 'unsupported_media_type', message);
}

/** 417: an `expect` header asks for something other than `100-continue`. */
export function expectationFailed(): GatewayError {
  return refusal(
    417,
    'expectation_failed',
    'The header expect may only say 100-continue here. Send the request without it.',
  );
}

/** 426: an upgrade was asked for; the Codex CLI falls back to HTTP at once. */
export function upgradeNotServed(): GatewayError {
  return refusal(426, 'upgrade_not_served', 'WebSocket is not served here. Send the same request over HTTP.');
}

/** 431: more header bytes than the listener takes. */
export function headersTooLarge(limitBytes: number): GatewayError {
  return refusal(431, 'headers_too_large', `The request headers are larger than ${limitBytes} bytes.`);
}

/** 499: the client hung up while its request was still being read; nobody receives this answer. */
export function clientLeft(): GatewayError {
  return new GatewayError({
    status: 499,
    type: 'client_closed_request',
    code: 'client_closed_request',
    message: 'The client closed the connection before its request was complete.',
    shouldRetry: false,
  });
}
