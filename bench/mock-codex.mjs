/**
 * A Codex-shaped upstream that costs next to nothing: raw sockets, answers built beforehand. It parses no JSON and
 * believes every credential; what it proves is speed, the simulator in test/ proves behaviour.
 *
 * Usage: node bench/mock-codex.mjs <workload> — prints its port as one JSON line, serves until it is ended.
 */
import { createServer } from 'node:net';
import { catalogJson } from './catalog.mjs';
import { answersFor, jsonResponse } from './frames.mjs';
import { announcePort } from './ready.mjs';
import { workloadNamed } from './workloads.mjs';

const workload = workloadNamed(process.argv[2]);
const answers = answersFor(workload);
const catalog = jsonResponse('200 OK', catalogJson, 'etag: W/"bench-catalog"\r\n');
const received = jsonResponse('200 OK', '{}');
const notFound = jsonResponse('404 Not Found', '{"detail":"Not Found"}');
const headEnd = Buffer.from('\r\n\r\n');
const chunkedEnd = Buffer.from('0\r\n\r\n');

/** Whether paced streams keep their pace; while targets are warmed nobody waits. */
let isPaced = true;
process.on('message', (message) => {
  if (message?.bench === 'pace') isPaced = message.isOn;
});

/** Paced streams are spread over the milliseconds of one pace, so that they do not arrive as one burst. */
const phases = Array.from({ length: Math.max(1, workload.paceMs) }, () => new Set());
let nextPhase = 0;
let lastTick = 0;

function serveTick(tick) {
  const due = phases[tick % phases.length];
  for (const stream of due) {
    if (stream.socket.destroyed) {
      due.delete(stream);
    } else if (stream.silentTicks > 0) {
      stream.silentTicks -= 1;
    } else {
      stream.socket.write(stream.writes[stream.next]);
      stream.next += 1;
      if (stream.next === stream.writes.length) due.delete(stream);
    }
  }
}

if (workload.paceMs > 0) {
  const start = performance.now();
  setInterval(() => {
    const now = Math.floor(performance.now() - start);
    for (; lastTick < now; lastTick += 1) serveTick(lastTick + 1);
  }, 1);
}

function writeInTurns(socket, writes, next) {
  if (socket.destroyed) return;
  socket.write(writes[next]);
  if (next + 1 < writes.length) setImmediate(writeInTurns, socket, writes, next + 1);
}

function stream(socket, writes) {
  socket.write(writes.first);
  if (writes.rest.length === 0) return;
  if (workload.paceMs === 0 || !isPaced) {
    setImmediate(writeInTurns, socket, writes.rest, 0);
    return;
  }
  const silentTicks = Math.round(workload.firstTokenMs / workload.paceMs);
  phases[nextPhase % phases.length].add({ socket, writes: writes.rest, next: 0, silentTicks });
  nextPhase += 1;
}

function answer(socket, requestLine) {
  if (requestLine.includes('/codex/responses')) stream(socket, answers.codex);
  else if (requestLine.includes('/codex/models')) socket.write(catalog);
  else if (requestLine.includes('/otlp/')) socket.write(received);
  else if (!requestLine.includes('/chat/completions')) socket.write(notFound);
  else if (workload.body.stream) stream(socket, answers.chat);
  else socket.write(answers.chatJson);
}

/** Reads request after request from one connection without keeping their bodies. */
class Connection {
  #pending = Buffer.alloc(0);
  #bodyLeft = 0;
  #untilChunkedEnd = false;
  #requestLine = '';

  constructor(socket) {
    this.socket = socket;
  }

  read(bytes) {
    let rest = bytes;
    while (rest.length > 0)
      rest = this.#bodyLeft > 0 || this.#untilChunkedEnd ? this.#readBody(rest) : this.#readHead(rest);
  }

  #readHead(bytes) {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const end = this.#pending.indexOf(headEnd);
    if (end < 0) return Buffer.alloc(0);
    const head = this.#pending.latin1Slice(0, end);
    const rest = this.#pending.subarray(end + headEnd.length);
    this.#pending = Buffer.alloc(0);
    this.#requestLine = head.slice(0, head.indexOf('\r\n'));
    this.#bodyLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    this.#untilChunkedEnd = /\r\ntransfer-encoding: *chunked/i.test(head);
    if (this.#bodyLeft === 0 && !this.#untilChunkedEnd) answer(this.socket, this.#requestLine);
    return rest;
  }

  #readBody(bytes) {
    if (this.#untilChunkedEnd) {
      const seen = Buffer.concat([this.#pending, bytes]);
      this.#pending = seen.subarray(-chunkedEnd.length);
      if (!this.#pending.equals(chunkedEnd)) return Buffer.alloc(0);
      this.#pending = Buffer.alloc(0);
      this.#untilChunkedEnd = false;
      answer(this.socket, this.#requestLine);
      return Buffer.alloc(0);
    }
    const taken = Math.min(this.#bodyLeft, bytes.length);
    this.#bodyLeft -= taken;
    if (this.#bodyLeft === 0) answer(this.socket, this.#requestLine);
    return bytes.subarray(taken);
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  const connection = new Connection(socket);
  socket.on('data', (bytes) => connection.read(bytes));
  socket.on('error', () => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => announcePort(server.address().port));
