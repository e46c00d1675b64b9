import { type OutgoingHttpHeaders } from 'node:http';
import { type FastifyReply } from 'fastify';

/** The headers collected on a reply, for answers that are written on the raw response. Fastify's own type is wider than Node's. */
export function repliedHeaders(reply: FastifyReply): OutgoingHttpHeaders {
  return reply.getHeaders() as OutgoingHttpHeaders;
}
