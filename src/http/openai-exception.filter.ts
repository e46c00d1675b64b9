import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { GatewayError, internalError, routeNotFound } from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { Clock } from '../kernel/clock';
import { Observer, type RequestRecord } from '../kernel/observer';
import { GatewayLogger } from '../telemetry/logger';
import { callContextOf } from './call-context';
import { malformedRequest, unsupportedMedia } from './refusals';
import { sendError } from './send-error';
import { whyUnserved } from './unserved-routes';

/** The only place where something thrown becomes HTTP: everything else just throws. */
@Catch()
export class OpenAiExceptionFilter implements ExceptionFilter {
  constructor(
    private readonly logger: GatewayLogger,
    private readonly observer: Observer,
    private readonly clock: Clock,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const context = callContextOf(request);
    const error = asGatewayError(thrown, request);
    if (error.status === 500) this.logger.failure(error.details.cause ?? error, { requestId: context.requestId });
    if (!context.settled) this.observer.requestEnded(refusalRecord(request, error, this.clock.monotonicMs()));
    if (reply.raw.headersSent) {
      // A stream tells its own failures in-band; what still arrives here would otherwise leave it open for ever. It frames
      // its own chunks, so that an end without the connection's would be none to its reader.
      reply.raw.destroy();
      return;
    }
    sendError(request, reply, error, context);
  }
}

/** What the books say of a request that never reached the story. */
function refusalRecord(request: FastifyRequest, error: GatewayError, nowMs: number): RequestRecord {
  const context = callContextOf(request);
  return {
    requestId: context.requestId,
    route: request.routeOptions.url ?? 'unknown',
    principal: context.principal,
    requestedModel: undefined,
    modelLabel: undefined,
    upstreamModel: undefined,
    deploymentId: undefined,
    apiBase: undefined,
    stream: false,
    status: error.status,
    end: 'refused',
    errorCode: error.code,
    errorType: error.type,
    usage: undefined,
    attempts: 0,
    durationMs: nowMs - context.startedMs,
    upstreamMs: undefined,
    firstContentMs: undefined,
    droppedParams: [],
    remappedFrom: undefined,
    traceId: context.span.traceId,
    clientIp: context.clientIp,
    userAgent: context.userAgent,
  };
}

/** Anything thrown, as a refusal that may be shown. Foreign messages are never shown. */
export function asGatewayError(thrown: unknown, request: Pick<FastifyRequest, 'method' | 'url'>): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof UpstreamFailure) return thrown.toGatewayError();
  if (!(thrown instanceof HttpException)) return internalError(thrown);
  const status = thrown.getStatus();
  if (status === 404) return routeNotFound(request.method, pathOf(request.url), whyUnserved(request.url));
  if (status === 415) return unsupportedMedia('The content-type header of this request cannot be read.');
  if (status >= 400 && status < 500) return malformedRequest('This request is not well-formed.');
  return internalError(thrown);
}

/** Without the query, which may carry what must not be repeated. */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
