import { existsSync } from 'node:fs';
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

/** A busy port, proxies that are none and missing hooks are in program.e2e-spec.ts. */
describe('a start is refused', () => {
  it.each([
    ['an empty master key', { GATEWAY_MASTER_KEY: '' }, ['environment GATEWAY_MASTER_KEY']],
    ['a short master key', { GATEWAY_MASTER_KEY: 'sk-short' }, ['environment GATEWAY_MASTER_KEY', '16']],
    [
      'an example key on every address',
      { GATEWAY_MASTER_KEY: 'sk-1234', HOST: '0.0.0.0' },
      ['environment HOST', 'published example'],
    ],
    ['Redis without a salt key', { REDIS_URL: 'redis://127.0.0.1:1' }, ['GATEWAY_SALT_KEY']],
    [
      'Redis without a master key',
      { REDIS_URL: 'redis://127.0.0.1:1', GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite', GATEWAY_MASTER_KEY: undefined },
      ['environment GATEWAY_MASTER_KEY', 'is needed with Redis'],
    ],
    [
      'a grace period that is shorter than the drain',
      { TERMINATION_GRACE_PERIOD_SECONDS: '60' },
      ['environment TERMINATION_GRACE_PERIOD_SECONDS', '60 s', '80 s', 'DRAIN_TIMEOUT_SECONDS'],
    ],
    [
      'a Redis address that is none',
      { REDIS_URL: 'http://redis', GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' },
      ['environment REDIS_URL', 'redis://'],
    ],
    [
      'Sentinels without the name of their master',
      { REDIS_SENTINEL_NODES: 's:26379', GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' },
      ['environment REDIS_SENTINEL_NODES', 'REDIS_SERVICE_NAME'],
    ],
    [
      'a secret file that is not there',
      { GATEWAY_SALT_KEY_FILE: '/nowhere/salt' },
      ['environment GATEWAY_SALT_KEY_FILE', 'ENOENT'],
    ],
    [
      'a secret as value and as file',
      { GATEWAY_MASTER_KEY_FILE: '/nowhere/key' },
      ['environment GATEWAY_MASTER_KEY_FILE', 'keep one of the two'],
    ],
    ['an address of another machine', { HOST: '203.0.113.9' }, ['203.0.113.9', '--host', 'EADDRNOTAVAIL']],
    ['several workers without Redis', { NUM_WORKERS: '2' }, ['environment NUM_WORKERS', 'REDIS_URL']],
    ['a port that is none', { PORT: '70000' }, ['environment PORT']],
    ['a level that is none', { LOG_LEVEL: 'loud' }, ['environment LOG_LEVEL']],
    ['an admin port that is none', { ADMIN_PORT: '99999' }, ['environment ADMIN_PORT']],
    ['no workers', { NUM_WORKERS: '0' }, ['environment NUM_WORKERS']],
    ['a base URL that is none', { CODEX_BASE_URL: 'chatgpt.com' }, ['environment CODEX_BASE_URL']],
  ] as [string, ProgramEnv, string[]][])('with %s', async (_, env, words) => {
    expectRefused(await start({ ...env }), ...words);
  });

  it.each([
    [
      'an empty master key',
      'general_settings:\n  master_key: ""\n',
      ['bad.yaml:2 general_settings.master_key', 'is empty'],
    ],
    [
      'a short master key',
      'general_settings:\n  master_key: sk-short\n',
      ['bad.yaml:2 general_settings.master_key', '16'],
    ],
    ['what is no YAML', 'general_settings: [\n', ['bad.yaml:2', 'not valid YAML']],
    [
      'a word where a number belongs',
      'router_settings:\n  num_retries: many\n',
      ['bad.yaml:2 router_settings.num_retries'],
    ],
    [
      'a strategy that nobody knows',
      'router_settings:\n  routing_strategy: best\n',
      ['bad.yaml:2 router_settings.routing_strategy', 'quota-headroom'],
    ],
    [
      'a zone that is none',
      'general_settings:\n  timezone: Mars/Olympus\n',
      ['bad.yaml:2 general_settings.timezone', 'Europe/Berlin'],
    ],
    [
      'routes that are none',
      'general_settings:\n  allowed_routes: [chat]\n',
      ['bad.yaml:2 general_settings.allowed_routes', '/v1/chat/completions'],
    ],
    [
      'prices that are none',
      'codex_model_prices:\n  m: { input_cost_per_token: -1 }\n',
      ['bad.yaml:1 codex_model_prices'],
    ],
    [
      'defaults of keys that no key can have',
      'litellm_settings:\n  default_key_generate_params: { max_bugdet: 5 }\n',
      ['bad.yaml:2 litellm_settings.default_key_generate_params', 'max_bugdet'],
    ],
    [
      'a credential that is not there',
      'model_list:\n  - { model_name: m, litellm_params: { model: codex-oauth/m, litellm_credential_name: gone } }\nrouter_settings: { ignore_invalid_deployments: false }\n',
      ['bad.yaml:2 model_list[0].litellm_params.litellm_credential_name'],
    ],
    [
      'defaults of users that no user can have',
      'litellm_settings:\n  default_internal_user_params: { teams: [{ team: a }] }\n',
      ['bad.yaml:2 litellm_settings.default_internal_user_params', 'teams'],
    ],
    [
      'an entry that is no deployment',
      'model_list:\n  - { model_name: m, litellm_params: { model: codex-oauth/m } }\n  - foo\n',
      ['bad.yaml:3 model_list[1]'],
    ],
  ])('by its file: %s', async (_, text, words) => {
    const file = bench.write('bad.yaml', text);
    expectRefused(await start({}, '--config', file), ...words);
  });

  it('by a file that is not there', async () => {
    expectRefused(await start({}, '--config', 'nowhere.yaml'), 'nowhere.yaml', 'cannot be read');
  });

  it('with every fault at once', async () => {
    const file = bench.write('bad.yaml', 'general_settings:\n  timezone: Mars/Olympus\n');
    expectRefused(
      await start({ PORT: 'many', NUM_WORKERS: '0' }, '--config', file),
      '3 faults',
      'PORT',
      'NUM_WORKERS',
      'timezone',
    );
  });

  it('with folders that cannot be written', async () => {
    const blocked = bench.write('blocked', 'a file where a folder belongs');
    expectRefused(await start({ STATE_DIR: blocked }), 'environment STATE_DIR', blocked, 'EEXIST');
    const cache = join(blocked, 'cache');
    expectRefused(await start({ CODEX_CACHE_DIR: cache }), 'environment CODEX_CACHE_DIR', cache, 'ENOTDIR');
  });

  (existsSync('/proc/self') ? it : it.skip)('with a folder that the system lets nobody make', async () => {
    expectRefused(await start({ STATE_DIR: '/proc/codex-gateway' }), 'environment STATE_DIR', 'ENOENT');
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

  it('is refused when its database is not there, and names a wrong password', async () => {
    const redis = await RedisServer.start('--requirepass', 'right');
    const url = redis.url.replace('redis://', 'redis://:right@');
    const salt = { GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };
    const refused = await start({ ...salt, REDIS_URL: `${url}/99` });
    const served = await bench.serve([], { ...salt, REDIS_URL: url.replace('right', 'wrong') });
    expect(served.output()).toMatch(/Redis: cannot be used \(WRONGPASS\): user name or password is wrong/);
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
    await redis.close();
    expectRefused(refused, 'SELECT', 'database');
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
