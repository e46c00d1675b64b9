import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type FastifyInstance } from 'fastify';
import { SystemClock } from '../config/system-clock';
import { defaultTimeLimits } from '../config/time-limits';
import { createAdapter } from './fastify-adapter';
import { Lifecycle } from './lifecycle';
import { RawEventStream } from './raw-event-stream';

const options = { keepAliveFrame: ': alive\n\n', keepAliveMs: 60, stalledReaderMs: 400 };
let listener: FastifyInstance;
let port: number;
let opened: (stream: RawEventStream) => void = () => undefined;
const nextStream = () => new Promise<RawEventStream>((resolve) => (opened = resolve));

beforeAll(async () => {
  const parts = { lifecycle: new Lifecycle(), clock: new SystemClock() };
  listener = createAdapter({ times: defaultTimeLimits, trustedProxyHops: 0 }, parts).getInstance<FastifyInstance>();
  listener.get('/v1/stream', (_request, reply) => {
    opened(new RawEventStream(reply, options));
    return new Promise(() => undefined);
  });
  await listener.listen({ port: 0, host: '127.0.0.1' });
  ({ port } = listener.server.address() as AddressInfo);
});
afterAll(async () => {
  listener.server.closeAllConnections();
  await listener.close();
});

function abortOf({ signal }: RawEventStream): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
}

describe('RawEventStream', () => {
  const open = async (signal?: AbortSignal) => {
    const coming = nextStream();
    const response = fetch(`http://127.0.0.1:${port}/v1/stream`, { signal: signal ?? null });
    response.catch(() => undefined);
    return { response, stream: await coming };
  };

  it('sends headers with the first frames, and every byte as it is', async () => {
    const { response, stream } = await open();
    stream.commit({ 'x-litellm-model-id': 'm1' });
    void stream.write(Buffer.from('data: "ü€"\n\n').toString('latin1'));
    stream.end('data: [DONE]\n\n');
    const answer = await response;
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    expect(answer.headers.get('x-litellm-model-id')).toBe('m1');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    expect(await answer.text()).toBe('data: "ü€"\n\ndata: [DONE]\n\n');
    expect(stream.signal.aborted).toBe(false);
  });

  it('sends a header once, as the answer says it', async () => {
    const { response, stream } = await open();
    stream.commit({ connection: 'close', 'cache-control': 'no-store', 'x-request-id': 'mine' });
    stream.end();
    const { headers } = await response;
    expect(['connection', 'cache-control', 'x-request-id'].map((name) => headers.get(name))).toEqual([
      'close',
      'no-store',
      'mine',
    ]);
  });

  it('keeps a silent stream alive, and only a committed one', async () => {
    const { response, stream } = await open();
    expect(stream.committed).toBe(false);
    stream.commit({});
    const reader = (await response).body?.getReader();
    const first = await reader?.read();
    const second = await reader?.read();
    expect([first, second].map((read) => Buffer.from(read?.value ?? []).toString())).toEqual([
      ': alive\n\n',
      ': alive\n\n',
    ]);
    await reader?.cancel();
  });

  it('aborts its signal when the client hangs up, and swallows what is written then', async () => {
    const hangUp = new AbortController();
    const { response, stream } = await open(hangUp.signal);
    stream.commit({});
    await response;
    const aborted = abortOf(stream);
    hangUp.abort();
    await aborted;
    expect(stream.write('data: 1\n\n')).toBeUndefined();
    stream.end('data: 2\n\n');
  });

  it('makes the writer wait for a slow reader, and goes on when it reads', async () => {
    const { response, stream } = await open();
    const frame = `data: ${'x'.repeat(100_000)}\n\n`;
    let waiting: Promise<void> | undefined;
    let written = 0;
    while (waiting === undefined && written < 400) {
      waiting = stream.write(frame);
      written += 1;
    }
    expect(waiting).toBeInstanceOf(Promise);
    const text = (await response).text();
    await waiting;
    stream.end();
    expect((await text).length).toBe(frame.length * written);
  });

  it('gives up on a reader that stopped', async () => {
    const coming = nextStream();
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write('GET /v1/stream HTTP/1.1\r\nhost: a\r\n\r\n');
    socket.pause();
    const stream = await coming;
    const aborted = abortOf(stream);
    for (let written = 0; written < 200; written += 1) void stream.write('x'.repeat(100_000));
    await aborted;
    expect(stream.write('late')).toBeUndefined();
    socket.destroy();
  });
});

describe('the bytes on the wire', () => {
  /** Everything the server says on one connection until it has said `last`. */
  function saidUntil(socket: Socket, last: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = '';
      socket.on('data', (bytes: Buffer) => {
        said += bytes.toString('latin1');
        if (said.includes(last)) resolve(said);
      });
      socket.on('error', reject).on('end', () => {
        resolve(said);
      });
    });
  }

  const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

  it('are one chunk for a write, and leave the connection fit for the next request', async () => {
    const coming = nextStream();
    const socket = connect(port, '127.0.0.1');
    const ask = 'GET /v1/stream HTTP/1.1\r\nhost: a\r\n\r\n';
    socket.write(ask);
    const first = await coming;
    const said = saidUntil(socket, '\r\n0\r\n\r\n');
    first.commit({});
    void first.write('data: 1\n\n');
    await new Promise((resolve) => setImmediate(resolve));
    void first.write('data: twelve\n\n');
    first.end('data: 3\n\n');
    expect(bodyOf(await said)).toBe('9\r\ndata: 1\n\n\r\ne\r\ndata: twelve\n\n\r\n9\r\ndata: 3\n\n\r\n0\r\n\r\n');
    const next = nextStream();
    socket.write(ask);
    const again = saidUntil(socket, '\r\n0\r\n\r\n');
    (await next).end('data: again\n\n');
    expect(bodyOf(await again)).toBe('d\r\ndata: again\n\n\r\n0\r\n\r\n');
    socket.destroy();
  });

  /** Two streams that were asked for at once on one connection. */
  async function openBoth(): Promise<{ socket: Socket; first: RawEventStream; second: RawEventStream }> {
    const both = new Promise<[RawEventStream, RawEventStream]>((resolve) => {
      let first: RawEventStream | undefined;
      opened = (stream) => {
        if (first === undefined) first = stream;
        else resolve([first, stream]);
      };
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /v1/stream HTTP/1.1\r\nhost: a\r\n\r\nGET /v1/stream HTTP/1.1\r\nhost: a\r\n\r\n');
    const [first, second] = await both;
    return { socket, first, second };
  }

  it('of an answer whose turn has not come wait for it', async () => {
    const { socket, first, second } = await openBoth();
    const said = saidUntil(socket, 'late\n\n\r\n0\r\n\r\n');
    void second.write('data: early\n\n');
    await new Promise((resolve) => setImmediate(resolve));
    void first.write('data: first\n\n');
    first.end();
    second.end('data: late\n\n');
    const words = [...(await said).matchAll(/data: (\w+)/g)].map(([, word]) => word);
    expect(words).toEqual(['first', 'early', 'late']);
    socket.destroy();
  });

  it('of such an answer wait longer than a reader may be slow', async () => {
    const { socket, first, second } = await openBoth();
    first.commit({});
    void second.write('data: early\n\n');
    // Signs of life of the first stream, for as long as a reader who had stopped would be borne.
    const alive = 1 + Math.ceil(options.stalledReaderMs / (options.keepAliveMs / 2));
    await saidUntil(socket, `9\r\n${options.keepAliveFrame}\r\n`.repeat(alive));
    const said = saidUntil(socket, 'late\n\n\r\n0\r\n\r\n');
    first.end('data: first\n\n');
    second.end('data: late\n\n');
    expect([...(await said).matchAll(/data: (\w+)/g)].map(([, word]) => word)).toEqual(['first', 'early', 'late']);
    socket.destroy();
  });

  it('of such an answer are wanted no more once its client is gone', async () => {
    const { socket, first, second } = await openBoth();
    first.commit({});
    second.commit({});
    const bothAborted = Promise.all([abortOf(first), abortOf(second)]);
    socket.destroy();
    await bothAborted;
    expect(second.write('late')).toBeUndefined();
  });

  it('are followed by the end of the connection, when the client wants it closed', async () => {
    const coming = nextStream();
    const socket = connect(port, '127.0.0.1');
    const closed = once(socket, 'close');
    socket.write('GET /v1/stream HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    const stream = await coming;
    const said = saidUntil(socket, '\r\n0\r\n\r\n');
    void stream.write('data: 1\n\n');
    stream.end('data: 2\n\n');
    const answer = await said;
    expect(answer.match(/^connection: .*$/gim)).toEqual([expect.stringMatching(/: close\r?$/i)]);
    expect(bodyOf(answer)).toBe('9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n');
    await closed;
  });

  it('have no chunks for a client of HTTP/1.0', async () => {
    const coming = nextStream();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /v1/stream HTTP/1.0\r\nhost: a\r\n\r\n');
    const stream = await coming;
    void stream.write('data: 1\n\n');
    const said = saidUntil(socket, 'the end');
    stream.end('data: 2\n\n');
    const answer = await said;
    expect(answer.toLowerCase()).not.toContain('transfer-encoding');
    expect(bodyOf(answer)).toBe('data: 1\n\ndata: 2\n\n');
  });
});
