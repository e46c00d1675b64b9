/**
 * Second baseline: chat completions to Codex and back on bare node:http. It has no keys, limits, retries, metrics or
 * logs: the least that the gateway's own work can cost.
 *
 * Usage: node bench/translator.mjs <upstream origin>
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { codexRequest } from './chat-to-codex.mjs';
import { ChatAnswer, ChatStream } from './codex-to-chat.mjs';
import { ResponseRelay } from './relay.mjs';
import { announcePort } from './ready.mjs';

const upstream = new Pool(process.argv[2], { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const upstreamHeaders = {
  'content-type': 'application/json',
  accept: 'text/event-stream',
  authorization: 'Bearer bench',
  'chatgpt-account-id': '00000000-0000-4000-8000-00000000be0c',
};

function translate(body, response) {
  const chat = JSON.parse(body.toString('utf8'));
  const createdSeconds = Math.floor(Date.now() / 1_000);
  const translation = chat.stream
    ? new ChatStream(chat.model, createdSeconds)
    : new ChatAnswer(chat.model, createdSeconds);
  const call = {
    path: '/backend-api/codex/responses',
    method: 'POST',
    headers: upstreamHeaders,
    body: Buffer.from(JSON.stringify(codexRequest(chat))),
  };
  upstream.dispatch(call, new ResponseRelay(response, translation));
}

const server = createServer({ noDelay: true }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => translate(parts.length === 1 ? parts[0] : Buffer.concat(parts), response));
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => announcePort(server.address().port));
