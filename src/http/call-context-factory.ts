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
    clientIp: withoutPort(request.ip),
    userAgent: headers['user-agent'] ?? '',
    principal: undefined,
    settled: false,
    span: noSpan,
  };
}

/** Some proxies forward the port as well: `203.0.113.7:4711`, `[2001:db8::7]:4711`. It is another for each connection. */
function withoutPort(address: string): string {
  const found = /^(?:([\d.]{7,15}):\d{1,5}|\[([\da-f:.]+)\](?::\d{1,5})?)$/i.exec(address);
  return found?.[1] ?? found?.[2] ?? address;
}

function isCodexCli(headers: FastifyRequest['raw']['headers']): boolean {
  const { originator } = headers;
  return (
    (typeof originator === 'string' && originator.startsWith('codex')) ||
    headers['user-agent']?.startsWith('codex') === true ||
    headers['x-codex-window-id'] !== undefined
  );
}
