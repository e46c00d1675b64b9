import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Clock } from '../kernel/clock';
import { type GatewayError, shuttingDown } from '../kernel/errors';
import { type Principal } from '../kernel/principal';
import { type SpanFacts, type Tracer } from '../kernel/tracing';
import { type CallContext, setCallContext } from './call-context';
import { callContextFor } from './call-context-factory';
import { type Lifecycle } from './lifecycle';
import { expectationFailed, malformedRequest, upgradeNotServed } from './refusals';
import { sendError } from './send-error';

/** What the first hook needs. */
export interface EdgeParts {
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  /** Undefined while no traces are recorded. */
  readonly tracer?: Tracer | undefined;
}

/** A draining process sends its clients away for this long: time enough for the balancer to notice. */
const drainRetryMs = 1_000;
const openWhileDraining = /^\/(?:health|metrics)(?:[/?]|$)/;

/** Installs the first hook: context, ids, the count of running work, and the refusals that need no route. */
export function installEdgeHooks(instance: FastifyInstance, parts: EdgeParts): void {
  // Node answers other expectations than 100-continue with a bare 417 unless somebody else takes them.
  instance.server.on('checkExpectation', (request, response) => {
    instance.server.emit('request', request, response);
  });
  instance.addHook('onRequest', (request, reply, done) => {
    const context = openCall(request, reply, parts.clock);
    if (parts.tracer !== undefined && !isAlwaysOpen(request))
      openSpan({ request, reply, context }, parts.tracer, parts.clock);
    const refusal = refusalAtTheEdge(request, parts.lifecycle);
    if (refusal !== undefined) {
      void reply.header('connection', 'close');
      sendError(request, reply, refusal, context);
      return;
    }
    // Whoever keeps its connection would never notice that others are ready.
    if (parts.lifecycle.state !== 'ready') void reply.header('connection', 'close');
    if (!isAlwaysOpen(request)) countWhileOpen(reply, parts.lifecycle);
    done();
  });
}

/** Makes the context and sets the two id headers that every answer carries. */
export function openCall(request: FastifyRequest, reply: FastifyReply, clock: Clock): CallContext {
  const context = callContextFor(request, clock);
  setCallContext(request, context);
  void reply.header('x-request-id', context.requestId).header('x-litellm-call-id', context.callId);
  return context;
}

interface Opened {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly context: CallContext;
}

/** The span of a whole request, from its head until the last byte of the answer or the loss of the client. */
function openSpan({ request, reply, context }: Opened, tracer: Tracer, clock: Clock): void {
  const route = request.routeOptions.url ?? 'unknown';
  const { traceparent } = request.raw.headers;
  const parent = typeof traceparent === 'string' ? traceparent : undefined;
  const span = tracer.request(`${request.method} ${route}`, context.startedMs, parent);
  context.span = span;
  if (span.traceId !== undefined) void reply.header('x-codex-gateway-trace-id', span.traceId);
  if (!span.isRecording) return;
  reply.raw.once('close', () => {
    const { statusCode: status } = reply.raw;
    span.tell({ requestId: context.requestId, route, status, ...holderFacts(context.principal) });
    if (status >= 500) span.tell({ failure: String(status) });
    span.end(clock.monotonicMs());
  });
}

function holderFacts(principal: Principal | undefined): SpanFacts {
  if (principal === undefined) return {};
  const { keyHash, keyAlias, teamId, userId } = principal;
  return { keyHash, keyAlias, teamId, userId };
}

function refusalAtTheEdge(request: FastifyRequest, lifecycle: Lifecycle): GatewayError | undefined {
  // Other upgrades (h2c from Java clients) are ignored, as HTTP allows: the request is served over HTTP/1.1.
  if (request.headers.upgrade?.toLowerCase() === 'websocket') return upgradeNotServed();
  if (lacksHost(request)) return malformedRequest('HTTP/1.1 asks for a host header.', 'host_missing');
  if (expectsTheUnknown(request)) return expectationFailed();
  if (lifecycle.state === 'draining' && !isAlwaysOpen(request)) return shuttingDown(drainRetryMs);
  return undefined;
}

/** HTTP/1.0 is served without it. */
function lacksHost({ raw }: FastifyRequest): boolean {
  return raw.headers.host === undefined && raw.httpVersion !== '1.0';
}

/** HTTP/1.0 had no such header and is served without it. */
function expectsTheUnknown({ raw }: FastifyRequest): boolean {
  const { expect } = raw.headers;
  return expect !== undefined && raw.httpVersion !== '1.0' && !/(?:^|\W)100-continue(?:$|\W)/i.test(expect);
}

function isAlwaysOpen(request: FastifyRequest): boolean {
  return openWhileDraining.test(request.raw.url ?? '');
}

/** The raw `close` comes exactly once, after the last byte or the loss of the client, hijacked or not. */
function countWhileOpen(reply: FastifyReply, lifecycle: Lifecycle): void {
  lifecycle.enter();
  reply.raw.once('close', () => {
    lifecycle.leave();
  });
}
