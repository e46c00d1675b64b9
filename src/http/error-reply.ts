import { GatewayError, type GatewayErrorOptions } from '../kernel/errors';
import { headerSafe } from '../kernel/well-formed';
import { errorBody, explainsItself, unixSeconds } from '../protocol/openai/error-body';

/** What of a request decides the shape of its refusal. */
export interface ReplyContext {
  readonly surface: 'openai' | 'native';
  readonly isCodexCli: boolean;
  /** Our key travels beside a ChatGPT login, whose owner reads 401 as "log in again". */
  readonly besideChatGptLogin: boolean;
  /** Of the trace that shows this request. */
  readonly traceId?: string | undefined;
}

/** A refusal as HTTP. */
export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A Codex CLI sleeps as long as it is told, so a short limit never asks for more. */
const longestCliPauseMs = 30_000;
/** A burst limit that does not say when it ends: without a pause the CLI gives up at its first try. */
const unknownCliPauseMs = 5_000;
/** Beyond this a limit is no burst but a spent window; the CLI shows our words and stops. */
const longWindowMs = 60_000;

/** The one place where a refusal becomes status, headers and body. Pure; `error` is never changed. */
export function errorReply(error: GatewayError, context: ReplyContext): ErrorReply {
  if (context.surface === 'native' || context.isCodexCli) return codexReply(error, context);
  return { status: error.status, headers: headersOf(error), body: errorBody(error, 'openai', context.traceId) };
}

function codexReply(error: GatewayError, context: ReplyContext): ErrorReply {
  if (isSpentWindow(error)) return spentWindowReply(error, context.traceId);
  const shaped = codexShape(error, context);
  return { status: shaped.status, headers: headersOf(shaped), body: errorBody(shaped, 'native', context.traceId) };
}

/** The statuses and codes to which the CLI reacts with the fewest repeats. */
function codexShape(error: GatewayError, context: ReplyContext): GatewayError {
  if (error.status === 401 && context.besideChatGptLogin) return reshaped(error, { status: 403 });
  if (error.status === 429) {
    const pauseMs = Math.min(error.details.retryAfterMs ?? unknownCliPauseMs, longestCliPauseMs);
    return reshaped(error, { retryAfterMs: pauseMs });
  }
  // Not every release stops at a 404; a 400 is asked once by all of them.
  if (error.code === 'model_not_found') return reshaped(error, { status: 400 });
  // What an operator's hook has made impossible stays so, and a 500 would be asked for thirty times.
  if (error.code === 'hook_failed') return reshaped(error, { status: 400, code: 'invalid_prompt' });
  if (error.status >= 502 && error.status <= 504) return reshaped(error, { status: 503, code: 'server_is_overloaded' });
  return error;
}

function reshaped(error: GatewayError, change: Partial<GatewayErrorOptions>): GatewayError {
  return new GatewayError({ ...error.details, ...change });
}

/** A budget, a plan's quota or a window longer than a minute: repeating is useless until its reset. */
function isSpentWindow(error: GatewayError): boolean {
  if (error.type === 'budget_exceeded' || error.type === 'usage_limit_reached') return true;
  return error.status === 429 && (error.details.retryAfterMs ?? 0) > longWindowMs;
}

function spentWindowReply(error: GatewayError, traceId: string | undefined): ErrorReply {
  return {
    status: 429,
    headers: { ...headersOf(error), 'x-codex-promo-message': promoMessage(error.message) },
    body: errorBody(reshaped(error, { type: 'usage_limit_reached' }), 'native', traceId),
  };
}

/** The CLI puts these words before "or try again at": one ASCII line without a full stop. */
function promoMessage(message: string): string {
  return message
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 300)
    .trim()
    .replace(/\.+$/, '');
}

function headersOf(error: GatewayError): Record<string, string> {
  const { retryAfterMs, shouldRetry, limit, remaining, resetAtMs } = error.details;
  const headers: Record<string, string> = { ...error.details.headers };
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  if (shouldRetry !== undefined) headers['x-should-retry'] = String(shouldRetry);
  if (!explainsItself(error)) return headers;
  headers['x-codex-gateway-refused-by'] = error.author;
  // It names a model, which may be called anything; a header that cannot be written would end the process.
  if (limit !== undefined) headers['x-codex-gateway-limit'] = headerSafe(limit);
  if (remaining !== undefined) headers['x-codex-gateway-remaining'] = String(remaining);
  if (resetAtMs !== undefined) headers['x-codex-gateway-reset-at'] = String(unixSeconds(resetAtMs));
  return headers;
}
