import { type FastifyRequest } from 'fastify';
import { type Span } from '../kernel/tracing';
import { type Principal } from '../kernel/principal';

/** What the edge knows of a request before its body is read. One per request, made by the first hook. */
export interface CallContext {
  /** Ours, never the client's: names the ticket, the log line and `x-request-id`. */
  readonly requestId: string;
  /** The client's `x-litellm-call-id` or `x-request-id` when it is short and harmless, else ours; only echoed and logged. */
  readonly callId: string;
  /** On `Clock.monotonicMs`. */
  readonly startedMs: number;
  /** `native` under `/backend-api/codex`: errors carry Codex machine codes. */
  readonly surface: 'openai' | 'native';
  /** `originator` or `user-agent` begins with `codex`, or an `x-codex-window-id` is there. */
  readonly isCodexCli: boolean;
  readonly clientIp: string;
  readonly userAgent: string;
  /** Set by the key guard. */
  principal: Principal | undefined;
  /** The story tells the observer how this call ended, now or when its rest is read; the error filter tells it of the others. */
  settled: boolean;
  /** Of the trace that shows this request; `noSpan` where none is recorded. */
  span: Span;
}

const contextKey = Symbol('call-context');

interface ContextCarrier {
  [contextKey]?: CallContext;
}

/** Hangs the context on the raw request, once. */
export function setCallContext(request: FastifyRequest, context: CallContext): void {
  (request as ContextCarrier)[contextKey] = context;
}

/** @throws {Error} when the first hook did not run: a wiring bug. */
export function callContextOf(request: FastifyRequest): CallContext {
  const context = (request as ContextCarrier)[contextKey];
  if (context === undefined) throw new Error('no call context: the edge hook is not installed');
  return context;
}
