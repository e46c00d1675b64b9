import { type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type GatewayError } from '../kernel/errors';
import { type CallContext } from './call-context';
import { errorReply } from './error-reply';
import { repliedHeaders } from './replied-headers';

/** How long a refused sender may go on sending before its connection is cut; milliseconds. */
const lingerMs = 2_000;

/** Answers with a refusal, unless the client is gone or an answer has begun. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: GatewayError,
  context: CallContext,
): void {
  if (reply.raw.headersSent || reply.sent || reply.raw.destroyed) return;
  const { status, headers, body } = errorReply(error, {
    surface: context.surface,
    isCodexCli: context.isCodexCli,
    besideChatGptLogin: request.headers['chatgpt-account-id'] !== undefined,
    traceId: context.span.traceId,
  });
  const text = JSON.stringify(body);
  void reply.code(status).headers(headers).header('content-type', 'application/json; charset=utf-8');
  if (hasUnreadBody(request.raw)) sendOnceRead(request, reply, text);
  else void reply.send(text);
}

/** The parser may be at work on the body at this very moment: what came with the head is read a turn later, and costs no connection. */
function sendOnceRead(request: FastifyRequest, reply: FastifyReply, text: string): void {
  const { raw } = reply;
  reply.hijack();
  request.raw.resume();
  setImmediate(() => {
    if (raw.headersSent || raw.destroyed) return;
    const head = { ...repliedHeaders(reply), 'content-length': String(Buffer.byteLength(text)) };
    if (hasUnreadBody(request.raw)) sendBeforeBody(request, raw, { head: { ...head, connection: 'close' }, text });
    else raw.writeHead(reply.statusCode, head).end(text);
  });
}

function hasUnreadBody(raw: FastifyRequest['raw']): boolean {
  if (raw.complete) return false;
  return raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0;
}

/**
 * The client is still sending. Closing now would reset the connection and could destroy the answer before it is read,
 * so the answer goes out whole, what still arrives is thrown away for a moment, and only then the connection closes.
 */
function sendBeforeBody({ raw: request }: FastifyRequest, raw: ServerResponse, { head, text }: Told): void {
  raw.writeHead(raw.statusCode, head);
  raw.write(text);
  const finish = (): void => {
    clearTimeout(timer);
    raw.end();
  };
  const timer = setTimeout(finish, lingerMs);
  request.once('end', finish).once('close', finish).on('error', finish).resume();
}

interface Told {
  readonly head: OutgoingHttpHeaders;
  readonly text: string;
}
