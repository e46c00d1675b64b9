/**
 * First baseline: Fastify in, undici out, not a byte changed. It forwards to the mock's chat endpoint, so it is the
 * least that any proxy on this stack can cost.
 *
 * Usage: node bench/passthrough.mjs <upstream origin>
 */
import Fastify from 'fastify';
import { Pool } from 'undici';
import { announcePort } from './ready.mjs';

const upstream = new Pool(process.argv[2], { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const app = Fastify({ logger: false, bodyLimit: 32 * 1_024 * 1_024 });

app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

app.post('/v1/chat/completions', async (request, reply) => {
  const answer = await upstream.request({
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: request.headers.authorization },
    body: request.body,
  });
  return reply.code(answer.statusCode).type(answer.headers['content-type']).send(answer.body);
});

await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
announcePort(app.server.address().port);
