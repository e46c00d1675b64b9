import { type FastifyRequest } from 'fastify';
import { type Clock } from '../kernel/clock';
import { noSpan } from '../kernel/tracing';
import { type CallContext } from './call-context';
import { callIdOf, nextRequestId } from './request-ids';

const nativePrefix = '/backend-api/codex';

/** What the edge knows of a request from its head alone. */
export function callContextFor(request: FastifyRequest, clock: Clock): CallContext {
  const { headers, url } = request.raw;
  const requestId = nextRequestId();
  return {
    requestId,
    callId: callIdOf(headers, requestId),
    startedMs: clock.monotonicMs(),
    surface: url?.startsWith(nativePrefix) === true ? 'native' : 'openai',
    isCodexCli: isCodexCli(headers),
    clientIp: request.ip,
    userAgent: headers['user-agent'] ?? '',
    principal: undefined,
    settled: false,
    span: noSpan,
  };
}

function isCodexCli(headers: FastifyRequest['raw']['headers']): boolean {
  const { originator } = headers;
  return (
    (typeof originator === 'string' && originator.startsWith('codex')) ||
    headers['user-agent']?.startsWith('codex') === true ||
    headers['x-codex-window-id'] !== undefined
  );
}
