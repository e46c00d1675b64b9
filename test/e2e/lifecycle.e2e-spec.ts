import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { chatBody, post, send } from '../support/calls';
import { testKey } from '../support/gateway';
import { type HeldStream, holdAnswers, openHeldStream } from '../support/held-stream';
import { eventually } from '../support/login-gateways';
import { ProgramBench, type Served } from '../support/program';
import { describeWithRedis, RedisServer } from '../support/redis-server';
import { stall } from '../simulator/answer';
import { text } from '../simulator/answers';

const chat = '/v1/chat/completions';

let bench: ProgramBench;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterEach(() => {
  bench.simulator.release();
  bench.simulator.script.clear();
});
afterAll(async () => {
  await bench.close();
});

const at = ({ url }: Served): { url: string; key: string } => ({ url, key: testKey });

async function openStream(served: Served): Promise<HeldStream> {
  holdAnswers(bench.simulator);
  return openHeldStream(served.url);
}

/** Asks until the process says that it drains: the signal reaches it some time after it was sent. */
async function draining(served: Served): Promise<void> {
  for (;;) if ((await send(at(served), '/health/readiness')).status === 503) return;
}

const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

(canUnshare ? describe : describe.skip)('the first process of a container, which no signal ends by itself', () => {
  let silent: Server;
  beforeAll(async () => {
    silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(() => silent.close());

  it('ends at a signal that comes during its start', async () => {
    const { port } = silent.address() as AddressInfo;
    const program = join(__dirname, '..', '..', 'dist', 'main.js');
    const env = {
      ...bench.environment(),
      REDIS_URL: `redis://127.0.0.1:${port}`,
      GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite',
    };
    const words = ['--pid', '--fork', '--kill-child', process.execPath, program, '--port', '0'];
    const outside = spawn('unshare', words, { cwd: bench.folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    outside.stdout.on('data', (text: Buffer) => (output += text.toString('utf8')));
    // It waits for a Redis that says nothing, which takes seconds.
    await once(silent, 'connection');
    const first = Number(readFileSync(`/proc/${outside.pid}/task/${outside.pid}/children`, 'utf8'));
    process.kill(first, 'SIGTERM');
    await once(outside, 'exit');
    expect(outside.exitCode).toBe(143);
    expect(output).not.toContain('listening on');
  });
});

describe('SIGTERM', () => {
  it('lets a running stream finish, refuses new work, and ends with 0', async () => {
    const served = await bench.serve();
    expect((await send(at(served), '/health/readiness')).json).toMatchObject({ status: 'healthy' });
    const stream = await openStream(served);
    served.signal('SIGTERM');
    await draining(served);
    // A kept connection may end under the question: idle ones are closed as the drain begins.
    const readiness = await send(at(served), '/health/readiness').catch(() => send(at(served), '/health/readiness'));
    expect(readiness.json).toMatchObject({ status: 'draining', in_flight_requests: 1 });
    expect((await send(at(served), '/health/liveliness')).status).toBe(200);
    const refused = await post(at(served), chat, chatBody());
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.json).toMatchObject({ error: { type: 'service_unavailable', code: '503' } });
    bench.simulator.release();
    const heard = await stream.rest();
    expect(heard).toContain('eight');
    expect(heard).toContain('data: [DONE]');
    expect((await served.finished).status).toBe(0);
  });

  it('is not held up by a connection on which nobody ever asked anything', async () => {
    const served = await bench.serve();
    const { hostname, port } = new URL(served.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    // The process has taken it: it answers somebody who came later.
    await send(at(served), '/health/liveliness');
    served.signal('SIGTERM');
    const { status, stdout, stderr } = await served.finished;
    expect(status).toBe(0);
    expect(stdout + stderr).not.toContain('could not be closed in time');
    silent.destroy();
  });

  it('past the drain limit ends what still runs with an error, never a false end', async () => {
    const served = await bench.serve([], { DRAIN_TIMEOUT_SECONDS: '1' });
    const stream = await openStream(served);
    const upstream = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    served.signal('SIGTERM');
    const heard = await stream.rest();
    expect(heard).toMatch(/data: \{"error":.*shutting down/);
    expect(heard).not.toContain('[DONE]');
    expect((await served.finished).status).toBe(0);
    expect(await upstream?.ended).toBe('cancelled');
  });

  it('ends an idle process at once, also with idle connections open', async () => {
    const served = await bench.serve();
    await post(at(served), chat, chatBody());
    const started = performance.now();
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('sent twice waits no longer: what runs is told the truth, and the end is still 0', async () => {
    const served = await bench.serve();
    const stream = await openStream(served);
    served.signal('SIGTERM');
    await draining(served);
    served.signal('SIGINT');
    const heard = await stream.rest();
    expect(heard).toMatch(/data: \{"error":.*shutting down/);
    expect((await served.finished).status).toBe(0);
  });

  it('sent three times ends the process at once', async () => {
    const served = await bench.serve();
    const { hostname, port } = new URL(served.url);
    // A body that never comes is work in hand that no error can be told to.
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testKey}\r\ncontent-type: application/json`;
    socket.write(`${head}\r\ncontent-length: 99\r\n\r\n{`);
    await eventually('it is in hand', async () => {
      const { json } = await send(at(served), '/health/readiness');
      return (json as { in_flight_requests: number }).in_flight_requests === 1;
    });
    served.signal('SIGTERM');
    await draining(served);
    served.signal('SIGINT');
    served.signal('SIGTERM');
    expect((await served.finished).status).toBeNull();
    socket.destroy();
  });

  it('leaves balancers time to notice: not ready at once, and serving all the same, on connections that end', async () => {
    const served = await bench.serve([], { DRAIN_DELAY_SECONDS: '60', DRAIN_TIMEOUT_SECONDS: '60' });
    served.signal('SIGTERM');
    await draining(served);
    const late = await post(at(served), chat, chatBody());
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
    const stream = await post(at(served), chat, chatBody({ stream: true }));
    expect([stream.status, stream.headers.get('connection')]).toEqual([200, 'close']);
    expect(stream.text).toContain('data: [DONE]');
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
  });
});

describe('an exception that nobody caught', () => {
  const hook = `let armed = true;
module.exports = { request: (asked) => {
  if (armed && JSON.stringify(asked).includes('break')) {
    armed = false;
    setTimeout(() => { throw new Error('a-bug-of-a-hook'); });
    setTimeout(() => { Promise.reject(new Error('another-bug')); });
  }
  return asked;
} };`;

  it('is logged once, drains like a signal, and ends with 1', async () => {
    const file = bench.write('breaking.js', hook);
    const config = bench.write('breaking.yaml', `codex_hooks: [${file}]\n`);
    const served = await bench.serve(['--config', config]);
    const stream = await openStream(served);
    bench.simulator.script.clear();
    const answer = await post(at(served), chat, chatBody({ messages: [{ role: 'user', content: 'break' }] }));
    expect(answer.status).toBe(200);
    await draining(served);
    bench.simulator.release();
    expect(await stream.rest()).toContain('data: [DONE]');
    const { status, stdout } = await served.finished;
    expect(status).toBe(1);
    expect(stdout.match(/a-bug-of-a-hook/g)?.length).toBeGreaterThan(0);
    expect(stdout.split('\n').filter((line) => line.includes('a bug: the process ends'))).toHaveLength(1);
    expect(stdout).not.toContain('another-bug');
  });
});

describeWithRedis('readiness with Redis', () => {
  it('holds while what is known is fresh, ends half a minute after Redis fell silent, and comes back; liveness stays', async () => {
    const redis = await RedisServer.start();
    const env = {
      REDIS_URL: redis.url,
      GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite',
      NODE_ENV: 'test',
      CODEX_GATEWAY_TIMES: JSON.stringify({ staleStateMs: 8_000 }),
    };
    const served = await bench.serve([], env);
    const ready = async (): Promise<unknown> => {
      const { status, json } = await send(at(served), '/health/readiness');
      return { status, ...(json as object) };
    };
    expect(await ready()).toMatchObject({ status: 'healthy', cache: 'redis' });
    redis.freeze();
    const frozenAtMs = performance.now();
    await eventually('it is told', async () => JSON.stringify(await ready()).includes('state_unavailable'));
    expect(await ready()).toMatchObject({ status: 'healthy' });
    await eventually('it is not ready', async () => (await send(at(served), '/health/readiness')).status === 503);
    expect(performance.now() - frozenAtMs).toBeLessThan(9_000);
    expect(await ready()).toMatchObject({ status: 'unavailable' });
    expect((await send(at(served), '/health/liveliness')).status).toBe(200);
    redis.thaw();
    await eventually('it is ready again', async () => (await send(at(served), '/health/readiness')).status === 200);
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
    await redis.close();
  });
});

describe('a client that hangs up', () => {
  it('is one line of the log, no error, and the process serves on', async () => {
    const served = await bench.serve();
    bench.simulator.script.always(stall(text('One two'), 0));
    const gone = new AbortController();
    const call = fetch(`${served.url}${chat}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody()),
      signal: gone.signal,
    });
    const refused = expect(call).rejects.toThrow();
    const before = bench.simulator.seen.length;
    const seen = await bench.simulator.waitForRequest(
      (request) => request.path.endsWith('/responses') && bench.simulator.seen.indexOf(request) >= before,
    );
    gone.abort();
    await refused;
    expect(await seen.ended).toBe('cancelled');
    bench.simulator.script.clear();
    expect((await post(at(served), chat, chatBody())).status).toBe(200);
    served.signal('SIGTERM');
    const { status, stdout, stderr } = await served.finished;
    expect(status).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ end }) => end === 'client_gone')).toHaveLength(1);
    expect(lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});
