import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/login-gateways';
import { type Finished, ProgramBench, type ProgramEnv, type Served } from '../support/program';
import { describeWithRedis, RedisServer } from '../support/redis-server';

interface Finding {
  readonly check: string;
  readonly verdict: string;
  readonly message: string;
  readonly advice: string | null;
}

const saltKey = 'a-salt-key-of-the-suite';
let bench: ProgramBench;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterAll(async () => {
  await bench.close();
});

const env = (more: ProgramEnv = {}): ProgramEnv => ({ CODEX_WHOAMI_URL: `${bench.simulator.url}/whoami`, ...more });

async function examined(more: ProgramEnv = {}, ...words: string[]): Promise<{ ended: Finished; findings: Finding[] }> {
  const ended = await bench.run(['doctor', '--json', ...words], env(more));
  const { ok, findings } = JSON.parse(ended.stdout) as { ok: boolean; findings: Finding[] };
  expect(ended.status).toBe(ok ? 0 : 1);
  expect(ok).toBe(findings.every(({ verdict }) => verdict !== 'fault'));
  return { ended, findings };
}

const of = (findings: readonly Finding[], verdict: string): string[] =>
  findings.filter((each) => each.verdict === verdict).map(({ check, message }) => `${check}: ${message}`);

describe('doctor', () => {
  it('finds nothing to do on a machine that is well, and asks the backend for nothing', async () => {
    const before = bench.simulator.seen.length;
    const { findings, ended } = await examined();
    expect(ended.status).toBe(0);
    expect([...of(findings, 'fault'), ...of(findings, 'warning')]).toEqual([]);
    const found = of(findings, 'ok').join('\n');
    for (const word of [
      'configuration: no file',
      'master key: set',
      'folders:',
      'login default: ok',
      `upstream: ${bench.simulator.url} answers`,
    ]) {
      expect(found).toContain(word);
    }
    expect(found).toMatch(/clock: \d\.\d s (ahead of|behind) http/);
    const asked = bench.simulator.seen
      .slice(before)
      .map(({ method, path, headers }) => [method, path, headers['authorization']]);
    expect(asked).toEqual([['HEAD', '/', undefined]]);
  });

  it('prints one line each for people, and what was wrong last', async () => {
    const { status, stdout, stderr } = await bench.run(['doctor'], env());
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ok {7}configuration {2}no file: every model of the account$/m);
    expect(stdout.trim().split('\n').at(-1)).toBe('No faults, 0 warnings.');
  });

  it('names a login that is missing, an upstream that cannot be reached and a folder that cannot be written, with ways out', async () => {
    const blocked = bench.write('blocked', 'a file where a folder belongs');
    const { findings } = await examined({
      CODEX_AUTH_FILE: join(bench.folder, 'nobody.json'),
      CODEX_BASE_URL: 'http://127.0.0.1:9/backend-api/codex',
      STATE_DIR: blocked,
    });
    const faults = findings.filter(({ verdict }) => verdict === 'fault');
    expect(faults.map(({ check }) => check).sort()).toEqual(['folders', 'login default', 'upstream']);
    for (const { advice } of faults) expect(advice).toMatch(/\w{4}/);
    expect(faults.find(({ check }) => check === 'login default')?.advice).toContain('login');
    expect(faults.find(({ check }) => check === 'upstream')?.message).toContain('ECONNREFUSED');
  });

  it('tells faults of the settings, all of them, and looks no further', async () => {
    const file = bench.write('faulty.yaml', 'model_list:\n  - model_name: a\n    litellm_params: {}\n');
    const { findings } = await examined({ PORT: 'many' }, '--config', file);
    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(['configuration']));
    expect(of(findings, 'fault').join('\n')).toMatch(/PORT[^]*litellm_params|litellm_params[^]*PORT/);
  });

  it('refuses words that it does not know, without quoting them', async () => {
    const { status, stdout, stderr } = await bench.run(['doctor', '--key=sk-secret-word'], env());
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('doctor [--config FILE]');
    expect(stderr).not.toContain('secret');
  });

  it('looks for the budget that the settings name for customers', async () => {
    const config = join(bench.folder, 'customers.yaml');
    writeFileSync(config, 'litellm_settings: { max_end_user_budget_id: foo }\n');
    const more = { STATE_DIR: join(bench.folder, 'customers') };
    const { findings } = await examined(more, '--config', config);
    expect(of(findings, 'warning').join()).toContain('customers: no budget has the name in max_end_user_budget_id');
    const dump = join(bench.folder, 'budgets.json');
    writeFileSync(dump, JSON.stringify({ budgets: [{ budget_id: 'foo', max_budget: 3 }] }));
    expect(await bench.run(['import-litellm', '--file', dump], env(more))).toMatchObject({ status: 0 });
    const again = await examined(more, '--config', config);
    expect(of(again.findings, 'ok')).toContain('customers: the budget of max_end_user_budget_id is there');
  });

  it('asks a running gateway how it is', async () => {
    const served = await bench.serve([], { STATE_DIR: join(bench.folder, 'asked') });
    const { findings } = await examined({}, '--url', served.url);
    expect(of(findings, 'ok')).toContain(`gateway: ${served.url} is healthy, 0 requests in hand`);
    served.signal('SIGTERM');
    await served.finished;
    const gone = await examined({}, '--url', served.url);
    expect(of(gone.findings, 'fault').join()).toContain(`gateway: ${served.url}: it could not be reached`);
  });
});

describeWithRedis('doctor with Redis', () => {
  const servers: RedisServer[] = [];
  const running: Served[] = [];
  afterEach(async () => {
    for (const served of running.splice(0)) {
      served.signal('SIGTERM');
      await served.finished;
    }
    for (const server of servers.splice(0)) await server.close();
  });

  async function redis(...options: string[]): Promise<RedisServer> {
    const server = await RedisServer.start(...options);
    servers.push(server);
    return server;
  }

  async function serve(more: ProgramEnv): Promise<Served> {
    const served = await bench.serve([], more);
    running.push(served);
    return served;
  }

  it('tells latency, persistence, eviction, rights and the clock', async () => {
    const server = await redis('--appendonly', 'yes');
    const { findings } = await examined({ REDIS_URL: server.url, GATEWAY_SALT_KEY: saltKey });
    const found = of(findings, 'ok').join('\n');
    expect(found).toMatch(/redis: answers in [\d.]+ ms, persistent, noeviction/);
    expect(found).toContain('redis rights: this user may do what the gateway does');
    expect(found).toMatch(/clock: 0\.\d s (ahead of|behind) Redis/);
    expect(of(findings, 'fault')).toEqual([]);
  });

  it('names what the user of Redis may not do, a policy that drops state, and a Redis without persistence', async () => {
    const user = '--user gw on >pw ~codex-gateway:* &codex-gateway:* +@all -zadd -eval'.split(' ');
    const server = await redis('--maxmemory-policy', 'volatile-lru', ...user);
    const REDIS_URL = server.url.replace('redis://', 'redis://gw:pw@');
    const { findings, ended } = await examined({ REDIS_URL, GATEWAY_SALT_KEY: saltKey });
    expect(of(findings, 'fault')).toEqual([
      expect.stringMatching(/^redis: .*volatile-lru$/),
      'redis rights: refused: ZADD (NOPERM), EVAL (NOPERM)',
    ]);
    expect(of(findings, 'warning').join()).toContain('neither AOF nor RDB');
    expect(ended.stdout).not.toContain('gw:pw');
  });

  it('names a Redis that is away, and one whose password is wrong', async () => {
    const away = await examined({ REDIS_URL: 'redis://127.0.0.1:9', GATEWAY_SALT_KEY: saltKey });
    expect(of(away.findings, 'fault')).toEqual([expect.stringMatching(/^redis: it cannot be used \(ECONNREFUSED\)/)]);
    const server = await redis('--requirepass', 'right');
    const REDIS_URL = server.url.replace('redis://', 'redis://:wrong@');
    const wrong = await examined({ REDIS_URL, GATEWAY_SALT_KEY: saltKey });
    expect(of(wrong.findings, 'fault')).toEqual([
      expect.stringMatching(/^redis: it cannot be used \(WRONGPASS\): .*password is wrong/),
    ]);
  });

  it('names a database that is not there', async () => {
    const server = await redis();
    const other = await examined({ REDIS_URL: `${server.url}/99`, GATEWAY_SALT_KEY: saltKey });
    expect(of(other.findings, 'fault')).toEqual([
      expect.stringMatching(/^redis: it cannot be used \(SELECT\): the number of the database/),
    ]);
  });

  it.each([
    ['OOM', 'is full', ['CONFIG', 'SET', 'maxmemory', '1']],
    ['READONLY', 'is read-only', ['REPLICAOF', '127.0.0.1', '1']],
  ] as const)(
    'names a Redis that refuses to write as what it is, not as rights that are missing: %s',
    async (code, words, [name, ...rest]) => {
      const server = await redis('--appendonly', 'yes');
      await server.operate((operator) => operator.call(name, ...rest));
      const { findings } = await examined({ REDIS_URL: server.url, GATEWAY_SALT_KEY: saltKey });
      expect(of(findings, 'fault')).toEqual([expect.stringContaining(`redis writes: refused (${code}): it ${words}`)]);
      expect(findings.find(({ verdict }) => verdict === 'fault')?.advice).not.toContain('grant');
    },
  );

  it('shows the replicas that share a Redis, and which of them disagree', async () => {
    const server = await redis('--appendonly', 'yes');
    const shared = { REDIS_URL: server.url, GATEWAY_SALT_KEY: saltKey };
    await Promise.all([serve(shared), serve(shared)]);
    const agreed = await examined(shared);
    expect(of(agreed.findings, 'ok').join('\n')).toMatch(/replicas: 2: .*0\.1\.0 ready.*0\.1\.0 ready/);
    const troubles = [...of(agreed.findings, 'fault'), ...of(agreed.findings, 'warning')];
    expect(troubles.filter((line) => line.startsWith('replicas'))).toEqual([]);

    const other = await serve({ ...shared, GATEWAY_MASTER_KEY: 'sk-another-master-key-of-the-suite' });
    const named = bench.write(
      'other.yaml',
      'model_list:\n  - model_name: a\n    litellm_params: {model: codex-oauth/gpt-5.5}\n',
    );
    const torn = await examined(shared, '--config', named);
    expect(of(torn.findings, 'fault')).toEqual([expect.stringMatching(/^replicas: another master key or salt key/)]);
    expect(of(torn.findings, 'warning').join()).toContain('model_list or aliases differ');
    expect(torn.ended.stdout).not.toContain('another-master');

    other.signal('SIGTERM');
    await other.finished;
    running.splice(running.indexOf(other), 1);
    await eventually('who ended is gone', async () => of((await examined(shared)).findings, 'fault').length === 0);
  });
});
