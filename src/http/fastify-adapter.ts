import { type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { type Settings } from '../config/settings';
import { type Clock } from '../kernel/clock';
import { type GatewayError } from '../kernel/errors';
import { callContextOf } from './call-context';
import { type EdgeParts, installEdgeHooks, openCall } from './edge-hooks';
import { errorReply } from './error-reply';
import { headersTooLarge, malformedRequest, senderTooSlow } from './refusals';
import { nextRequestId } from './request-ids';
import { routedUrl } from './routed-url';
import { sendError } from './send-error';

/** What the listener needs to know. */
export type ListenerSettings = Pick<Settings, 'times' | 'trustedProxyHops'>;

const maxHeaderBytes = 16 * 1024;
/** Longer than the idle limits of common balancers (60 s), so that the balancer closes first. */
const keepAliveMs = 75_000;
/** Node only looks for slow senders this often; milliseconds. */
const slowSenderCheckMs = 1_000;
/** `/v1/models/{id}`: longer names than LiteLLM's are not needed, and a 404 reads better than a 414. */
const maxParamLength = 512;

/**
 * The HTTP listener, with the first hook installed. Create the Nest application with `bodyParser: false`: bodies stay on
 * the raw stream until `readJsonBody` asks for them.
 */
export function createAdapter(settings: ListenerSettings, parts: EdgeParts): FastifyAdapter {
  // There is no Express-style middleware here, and its plugin would look at every request.
  const adapter = new FastifyAdapter({ ...listenerOptions(settings, parts.clock), skipMiddie: true });
  const instance = adapter.getInstance<FastifyInstance>();
  listRoutes(instance);
  leaveBodiesUnread(instance);
  installEdgeHooks(instance, parts);
  endStalledReaders(instance, settings.times.stalledReaderMs);
  return adapter;
}

/** What every listener of this process is held to. */
export function listenerOptions(settings: ListenerSettings, clock: Clock): FastifyHttpOptions<RawServerDefault> {
  const { times, trustedProxyHops } = settings;
  return {
    logger: false,
    rewriteUrl: ({ url }) => routedUrl(url),
    trustProxy: trustedProxyHops === 0 ? false : (_address, hop) => hop < trustedProxyHops,
    keepAliveTimeout: keepAliveMs,
    // The body reader's own limit comes first and answers better; this one ends connections that nobody reads.
    requestTimeout: times.requestHeadersMs + times.requestBodyMs,
    // No `maxConnections`: Node drops what is above it unread, so that any number would let idle strangers shut out the
    // probes of a balancer. They are ended by `headersTimeout`, a keep-alive by `keepAliveTimeout`; the number of open
    // files is the operator's.
    http: {
      insecureHTTPParser: false,
      // Node's own answer is bare: the first hook refuses such a request in the envelope.
      requireHostHeader: false,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: times.requestHeadersMs,
      connectionsCheckingInterval: slowSenderCheckMs,
      noDelay: true,
    },
    routerOptions: { maxParamLength, caseSensitive: true, ignoreTrailingSlash: false, ignoreDuplicateSlashes: false },
    frameworkErrors: (_error, request, reply) => {
      answerBadUrl(request, reply, clock);
    },
    clientErrorHandler: (error, socket) => {
      answerBrokenRequest(error, socket, settings);
    },
  };
}

/** A route of the listener; `HEAD` stands for itself. */
export interface ListedRoute {
  readonly method: string;
  /** Template, for example `/v1/models/:id`. */
  readonly path: string;
}

const listed = new WeakMap<object, ListedRoute[]>();

/** Every route that a listener made by `createAdapter` has, whoever declared it. */
export function routesOf(instance: object): readonly ListedRoute[] {
  return listed.get(instance) ?? [];
}

function listRoutes(instance: FastifyInstance): void {
  const routes: ListedRoute[] = [];
  listed.set(instance, routes);
  instance.addHook('onRoute', ({ method, path }) => {
    for (const each of [method].flat()) routes.push({ method: each, path });
  });
}

/** Smaller answers go into the buffers of the system whether anybody reads them or not. */
const mostUnread = 64 * 1024;

/**
 * Whole answers that nobody reads would be kept as long as the connection. Streams look after themselves. Node counts bytes
 * that leave as life, and sets its own limit again for the idle connection once the answer is out.
 */
function endStalledReaders(instance: FastifyInstance, stalledReaderMs: number): void {
  instance.addHook('onSend', (_request, reply, payload, done) => {
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
    // What is neither is a file on its way (`/spend/export`), or nothing at all.
    if (isWhole ? payload.length > mostUnread : payload instanceof Readable) reply.raw.setTimeout(stalledReaderMs);
    done();
  });
}

/** One parser for every content type, which reads nothing. What nearly all bodies are is named: unnamed types are parsed anew each time. */
export function leaveBodiesUnread(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  for (const type of ['application/json', '*']) {
    instance.addContentTypeParser(type, (_request, _payload, done) => {
      done(null, undefined);
    });
  }
}

/** Targets that cannot be routed never reach the hooks, so their context is made here. */
function answerBadUrl(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  openCall(request, reply, clock);
  void reply.header('connection', 'close');
  const refusal = malformedRequest('The request path is not a valid URL path.', 'invalid_url');
  sendError(request, reply, refusal, callContextOf(request));
}

/** No request object exists, or its body broke off: the answer is written by hand, and the connection ends. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, settings: ListenerSettings): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunAnswering(socket)) {
    socket.destroy();
    return;
  }
  const { status, body } = errorReply(refusalFor(error.code, settings), {
    surface: 'openai',
    isCodexCli: false,
    besideChatGptLogin: false,
  });
  const text = JSON.stringify(body);
  const id = nextRequestId();
  socket.end(
    `HTTP/1.1 ${status} ${reasons[status] ?? 'Bad Request'}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nx-request-id: ${id}\r\nx-litellm-call-id: ${id}\r\n` +
      `connection: close\r\n\r\n${text}`,
  );
  socket.once('finish', () => socket.destroy());
}

const reasons: Readonly<Record<number, string>> = { 408: 'Request Timeout', 431: 'Request Header Fields Too Large' };

function refusalFor(code: string | undefined, settings: ListenerSettings): GatewayError {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge(maxHeaderBytes);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return senderTooSlow('headers', settings.times.requestHeadersMs);
  return malformedRequest('This is not a well-formed HTTP/1.1 request.', 'malformed_http');
}

/** Node keeps the answer in progress on the socket; bytes written by hand would land inside it. */
function hasBegunAnswering(socket: Socket): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage');
  return typeof answer === 'object' && answer !== null && Reflect.get(answer, 'headersSent') === true;
}
