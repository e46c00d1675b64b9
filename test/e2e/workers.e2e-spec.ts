import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { chatBody, post, send } from '../support/calls';
import { testKey } from '../support/gateway';
import { holdAnswers, openHeldStream } from '../support/held-stream';
import { Load } from '../support/load';
import { eventually } from '../support/login-gateways';
import { ProgramBench, type ProgramEnv, type Served } from '../support/program';
import { describeWithRedis, RedisServer } from '../support/redis-server';

let bench: ProgramBench;
let redis: RedisServer;
let served: Served;

const env = (more: ProgramEnv = {}): ProgramEnv => ({
  REDIS_URL: redis.url,
  GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite',
  NODE_ENV: 'test',
  CODEX_GATEWAY_TIMES: JSON.stringify({ redisCommandMs: 10_000, connectMs: 10_000 }),
  NUM_WORKERS: '3',
  ...more,
});

const at = (): { url: string; key: string } => ({ url: served.url, key: testKey });

/** Direct children of the primary. */
function workers(): readonly number[] {
  const children = readFileSync(`/proc/${served.pid}/task/${served.pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

const lines = (): Record<string, unknown>[] =>
  served
    .output()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** A metric of all workers, its series added up. */
async function scraped(name: string): Promise<number> {
  const { text } = await send(at(), '/metrics');
  const series = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

async function ended(): Promise<number | null> {
  served.signal('SIGTERM');
  return (await served.finished).status;
}

describeWithRedis('NUM_WORKERS', () => {
  beforeAll(async () => {
    [bench, redis] = await Promise.all([ProgramBench.start(), RedisServer.start()]);
  });
  afterEach(() => {
    bench.simulator.release();
    bench.simulator.script.clear();
  });
  afterAll(async () => {
    await bench.close();
    await redis.close();
  });

  it('runs so many processes behind one port; all of them serve, and a scrape of one shows all', async () => {
    served = await bench.serve([], env());
    await eventually('all are there', () => workers().length === 3);
    expect(lines().filter(({ msg }) => String(msg).startsWith('listening on'))).toEqual([
      expect.objectContaining({ workers: 3 }),
    ]);
    const load = new Load(at(), 6, 'gpt-5.5');
    await eventually('there was load', () => load.answered > 60);
    await load.stop();
    expect(load.failures).toEqual([]);
    const total = await scraped('litellm_proxy_total_requests_metric_total');
    expect(total).toBe(load.answered);
    expect(await scraped('codex_workers')).toBe(3);
    expect(await scraped('codex_config_last_reload_successful')).toBe(1);
    expect(await ended()).toBe(0);
    const texts = lines().map(({ msg }) => msg);
    expect(texts.filter((msg) => msg === 'request').length).toBeGreaterThan(60);
  });

  it('replaces a worker that dies, says so, and serves on meanwhile', async () => {
    served = await bench.serve([], env());
    await eventually('all are there', () => workers().length === 3);
    const [victim = 0] = workers();
    process.kill(victim, 'SIGKILL');
    await eventually('it is told', () => lines().some(({ msg }) => msg === 'a worker ended'));
    expect(lines().find(({ msg }) => msg === 'a worker ended')).toMatchObject({ level: 40, signal: 'SIGKILL' });
    expect((await post(at(), '/v1/chat/completions', chatBody())).status).toBe(200);
    await eventually('another took its place', () => workers().length === 3 && !workers().includes(victim));
    await eventually('it is in the scrape', async () => (await scraped('codex_workers')) === 3);
    expect(await ended()).toBe(0);
  });

  it('lets one worker go without a failed request or a cut stream', async () => {
    served = await bench.serve([], env());
    await eventually('all are there', () => workers().length === 3);
    holdAnswers(bench.simulator);
    const streams = await Promise.all(Array.from({ length: 9 }, () => openHeldStream(served.url)));
    bench.simulator.script.clear();
    const load = new Load(at(), 4, 'gpt-5.5');
    const before = workers();
    for (const pid of before) process.kill(pid, 'SIGTERM');
    await eventually('others took their places', () => workers().filter((pid) => !before.includes(pid)).length === 3);
    const answered = load.answered;
    await eventually('the load goes on', () => load.answered > answered + 20);
    bench.simulator.release();
    for (const stream of streams) expect(await stream.rest()).toContain('data: [DONE]');
    await load.stop();
    expect(load.failures).toEqual([]);
    await eventually('the old ones are gone', () => workers().every((pid) => !before.includes(pid)));
    // What processes counted that are gone by now is still told.
    const total = await scraped('litellm_proxy_total_requests_metric_total');
    expect(total).toBe(load.answered + streams.length);
    expect(await ended()).toBe(0);
  });

  it('drains all of them within the one deadline: what fits is finished, the rest is told, the end is 0', async () => {
    served = await bench.serve([], env({ DRAIN_TIMEOUT_SECONDS: '3' }));
    await eventually('all are there', () => workers().length === 3);
    holdAnswers(bench.simulator);
    const streams = await Promise.all(Array.from({ length: 6 }, () => openHeldStream(served.url)));
    const startedMs = performance.now();
    served.signal('SIGTERM');
    for (const stream of streams) expect(await stream.rest()).toMatch(/data: \{"error":.*shutting down/);
    expect((await served.finished).status).toBe(0);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(2_900);
    expect(tookMs).toBeLessThan(9_000);
  });

  it('finishes its streams when the primary dies, and then ends', async () => {
    served = await bench.serve([], env());
    await eventually('all are there', () => workers().length === 3);
    const pids = workers();
    holdAnswers(bench.simulator);
    const stream = await openHeldStream(served.url);
    served.signal('SIGKILL');
    await eventually('the port is closed', () => isClosed(served.url));
    bench.simulator.release();
    expect(await stream.rest()).toContain('data: [DONE]');
    await eventually('the workers are gone', () => pids.every((pid) => !isAlive(pid)));
  });

  it('tells a fault of the start once and ends with 1', async () => {
    const { port } = new URL(bench.simulator.url);
    const { status, stderr } = await bench.run(['--port', port, '--host', '127.0.0.1'], env());
    expect(status).toBe(1);
    expect(stderr.match(/is in use/g)).toHaveLength(1);
  });
});

function isClosed(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const answer = (closed: boolean) => () => {
      socket.destroy();
      resolve(closed);
    };
    socket.once('connect', answer(false)).once('error', answer(true));
  });
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
