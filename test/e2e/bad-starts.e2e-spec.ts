import { join } from 'node:path';
import { type Finished, ProgramBench, type ProgramEnv } from '../support/program';
import { describeWithRedis, RedisServer } from '../support/redis-server';

let bench: ProgramBench;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterAll(async () => {
  await bench.close();
});

const start = (env: ProgramEnv, ...args: string[]): Promise<Finished> => bench.run(['--port', '0', ...args], env);

/** Ended by itself, with 1, and with a message that names what is wrong and the way out, without a stack or a secret. */
function expectRefused({ status, stdout, stderr }: Finished, ...words: string[]): void {
  expect([status, stdout]).toEqual([1, '']);
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/\n\s+at /);
}

describe('a start is refused', () => {
  it.each([
    ['an empty master key', { GATEWAY_MASTER_KEY: '' }, ['environment GATEWAY_MASTER_KEY']],
    ['a short master key', { GATEWAY_MASTER_KEY: 'sk-short' }, ['environment GATEWAY_MASTER_KEY', '16']],
    ['an example key on every address', { GATEWAY_MASTER_KEY: 'sk-1234', HOST: '0.0.0.0' }, ['environment HOST', 'published example']],
    ['Redis without a salt key', { REDIS_URL: 'redis://127.0.0.1:1' }, ['GATEWAY_SALT_KEY']],
    ['Redis without a master key', { REDIS_URL: 'redis://127.0.0.1:1', GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite', GATEWAY_MASTER_KEY: undefined }, ['environment GATEWAY_MASTER_KEY', 'is needed with Redis']],
    ['a grace period that is shorter than the drain', { TERMINATION_GRACE_PERIOD_SECONDS: '60' }, ['environment TERMINATION_GRACE_PERIOD_SECONDS', '60 s', '80 s', 'DRAIN_TIMEOUT_SECONDS']],
    ['several workers without Redis', { NUM_WORKERS: '2' }, ['environment NUM_WORKERS', 'REDIS_URL']],
    ['a port that is none', { PORT: '70000' }, ['environment PORT']],
    ['a level that is none', { LOG_LEVEL: 'loud' }, ['environment LOG_LEVEL']],
    ['a base URL that is none', { CODEX_BASE_URL: 'chatgpt.com' }, ['environment CODEX_BASE_URL']],
  ] as [string, ProgramEnv, string[]][])('with %s', async (_, env, words) => {
    expectRefused(await start({ ...env }), ...words);
  }); // prettier-ignore

  it('with folders that cannot be written', async () => {
    const blocked = bench.write('blocked', 'a file where a folder belongs');
    expectRefused(await start({ STATE_DIR: blocked }), 'environment STATE_DIR', blocked, 'EEXIST');
    const cache = join(blocked, 'cache');
    expectRefused(await start({ CODEX_CACHE_DIR: cache }), 'environment CODEX_CACHE_DIR', cache, 'ENOTDIR');
  });
});

it('a grace period with room for the drain is accepted', async () => {
  const served = await bench.serve([], {
    TERMINATION_GRACE_PERIOD_SECONDS: '80',
    STATE_DIR: join(bench.folder, 'roomy'),
  });
  served.signal('SIGTERM');
  expect((await served.finished).status).toBe(0);
});

describeWithRedis('a start with Redis', () => {
  it('is refused when Redis drops what it holds', async () => {
    const redis = await RedisServer.start('--maxmemory-policy', 'allkeys-lru');
    const env = { REDIS_URL: redis.url, GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };
    const refused = await start(env);
    await redis.close();
    expectRefused(refused, 'maxmemory-policy allkeys-lru', 'noeviction');
  });

  it('whose user may not ask goes on with a warning', async () => {
    const user = '--user gw on >pw ~* &* +@all -info -config'.split(' ');
    const redis = await RedisServer.start('--maxmemory-policy', 'allkeys-lru', ...user);
    const url = redis.url.replace('redis://', 'redis://gw:pw@');
    const served = await bench.serve([], { REDIS_URL: url, GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' });
    expect(served.output()).toContain('this user may not read INFO');
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
    await redis.close();
  });
});
