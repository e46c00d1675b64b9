import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type GatewayError } from '../kernel/errors';
import { type CallContext } from './call-context';
import { isBodyUnread } from './body-reader';
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
  if (isBodyUnread(request.raw)) sendBeforeBody(request, reply, text);
  else void reply.send(text);
}

/**
 * The client is still sending. Closing now would reset the connection and could destroy the answer before it is read,
 * so the answer goes out whole, what still arrives is thrown away for a moment, and only then the connection closes.
 */
function sendBeforeBody(request: FastifyRequest, reply: FastifyReply, text: string): void {
  const { raw } = reply;
  reply.hijack();
  const head = { ...repliedHeaders(reply), connection: 'close', 'content-length': String(Buffer.byteLength(text)) };
  raw.writeHead(reply.statusCode, head);
  raw.write(text);
  const finish = (): void => {
    clearTimeout(timer);
    raw.end();
  };
  const timer = setTimeout(finish, lingerMs);
  request.raw.once('end', finish).once('close', finish).on('error', finish).resume();
}
