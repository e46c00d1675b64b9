import { type ErrorAuthor, type GatewayError } from '../../kernel/errors';
import { type JsonObject } from '../canonical/canonical-request';
import { stringifyWire } from '../wire/wire-text';

/** Refusals that were decided here; they always explain themselves. */
const ourAuthors: ReadonlySet<ErrorAuthor> = new Set<ErrorAuthor>(['key', 'gateway', 'plan_window']);

/** Types that a Codex CLI must see as `usage_limit_reached`: the only 429 it neither retries nor sleeps on. */
const spentTypes: ReadonlySet<string> = new Set(['budget_exceeded', 'usage_limit_reached']);

/** What a client may do nothing about but wait: who keeps it waiting is told, whoever it is. */
const firstWaitingStatus = 429;

/**
 * The body of a JSON error: `{"error":{message,type,param,code}}`.
 *
 * `openai`: `code` is the HTTP status as a string, as LiteLLM users know it. `native`: `code` is the machine code, and a
 * spent limit has the type and the `resets_at` (unix seconds) that the Codex CLI acts on.
 * With a trace that shows the request its id is in `trace_id`.
 * Our own refusals, and whatever keeps a client waiting, add `error.gateway {author, limit, remaining, reset_at}`, `reset_at`
 * in unix seconds or null.
 */
export function errorBody(error: GatewayError, surface: 'openai' | 'native', traceId?: string): JsonObject {
  const native = surface === 'native';
  const spent = native && spentTypes.has(error.type);
  return {
    error: {
      message: error.message,
      type: spent ? 'usage_limit_reached' : error.type,
      param: error.param,
      code: native ? error.code : String(error.status),
      ...(spent && error.details.resetAtMs !== undefined ? { resets_at: unixSeconds(error.details.resetAtMs) } : {}),
      ...gatewayPart(error),
      ...(traceId === undefined ? {} : { trace_id: traceId }),
    },
  };
}

/** The same inside a chat stream, where no status is left to tell: `code` is the machine code. Wire text. */
export function streamErrorBody(error: GatewayError): string {
  const { message, type, param, code } = error;
  return stringifyWire({ error: { message, type, param, code, ...gatewayPart(error) } });
}

/** Whether a refusal says who decided it, and when it will be over. */
export function explainsItself(error: GatewayError): boolean {
  return ourAuthors.has(error.author) || error.status >= firstWaitingStatus;
}

function gatewayPart(error: GatewayError): JsonObject {
  if (!explainsItself(error)) return {};
  const { limit, remaining, resetAtMs } = error.details;
  return {
    gateway: {
      author: error.author,
      limit: limit ?? null,
      remaining: remaining ?? null,
      reset_at: resetAtMs === undefined ? null : unixSeconds(resetAtMs),
    },
  };
}

/** Rounded up: a client that comes back at this second finds the limit free. */
export function unixSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
