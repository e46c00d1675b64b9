import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { SystemClock } from '../../src/config/system-clock';
import { defaultTimeLimits } from '../../src/config/time-limits';
import { RedisLink } from '../../src/state/redis/redis-link';
import { type RedisRole } from '../support/redis-guard';
import { describeWithRedis, RedisServer } from '../support/redis-server';

const prefix = 'codex-gateway:';
let server: RedisServer;
const clients: Redis[] = [];

beforeAll(async () => {
  server = await RedisServer.startGuarded(prefix);
});
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await server.close();
});

function as(role: RedisRole): Redis {
  const { username = '', password = '' } = server.login(role);
  const client = new Redis({ host: '127.0.0.1', port: server.port, username, password, protocol: 2 });
  clients.push(client);
  return client;
}

/** First word of the refusal; `OK` when there was none. */
async function outcome(client: Redis, [name = '', ...words]: readonly string[]): Promise<string> {
  return client.call(name, ...words).then(
    () => 'OK',
    (error: unknown) => /^\w+/.exec(error instanceof Error ? error.message : '')?.[0] ?? '',
  );
}

const wordsOf = (line: string): readonly string[] => line.split(' ');

describeWithRedis('the Redis of compose file and chart', () => {
  it('keeps what it acknowledged and evicts nothing, which the gateway finds nothing wrong with', async () => {
    const link = new RedisLink(
      server.settings({ keyPrefix: prefix }),
      { ...defaultTimeLimits, redisCommandMs: 2_000 },
      new SystemClock(),
    );
    await link.open();
    const health = await link.health();
    await link.close();
    expect(health).toMatchObject({ isPersistent: true, evictionPolicy: 'noeviction' });
    expect(health.warnings.filter((warning) => !warning.includes('round trip'))).toEqual([]);
    const operator = as('operator');
    expect(await operator.config('GET', 'append*')).toEqual(expect.arrayContaining(['appendonly', 'yes', 'everysec']));
    // CONFIG GET is all the gateway may see of the configuration; it holds no secret, because users lie in a file.
    for (const secret of ['requirepass', 'masterauth', 'tls-key-file-pass']) {
      expect(await as('gateway').config('GET', secret)).toEqual([secret, '']);
    }
  });

  it.each([
    ...[
      'SET codex-gateway:a 1 PX 60000 NX',
      'GET codex-gateway:a',
      'INCRBY codex-gateway:n 2',
      'PEXPIRE codex-gateway:n 9000',
    ],
    ...[
      'HSET codex-gateway:h f v',
      'HGETALL codex-gateway:h',
      'HMGET codex-gateway:h f',
      'HINCRBY codex-gateway:h n 1',
    ],
    ...[
      'ZADD codex-gateway:z 1 a',
      'ZRANGEBYSCORE codex-gateway:z 0 2',
      'ZREMRANGEBYSCORE codex-gateway:z 0 0',
      'SADD codex-gateway:s a',
    ],
    ...[
      'XADD codex-gateway:x * f v',
      'XRANGE codex-gateway:x - +',
      'XTRIM codex-gateway:x MAXLEN 10',
      'XGROUP CREATE codex-gateway:x g $',
    ],
    ...['XREADGROUP GROUP g me COUNT 1 STREAMS codex-gateway:x >', 'RPUSH codex-gateway:l a', 'LPOP codex-gateway:l'],
    ...[
      'UNLINK codex-gateway:l',
      'DEL codex-gateway:n',
      'EXISTS codex-gateway:a',
      'PTTL codex-gateway:a',
      'SCAN 0 MATCH codex-gateway:*',
    ],
    ...[
      'PUBLISH codex-gateway:news x',
      'TIME',
      'PING',
      'INFO memory',
      'INFO persistence',
      'CONFIG GET save',
      'MEMORY USAGE codex-gateway:a',
    ],
    ...['WAIT 0 10', 'SELECT 0', 'CLIENT SETNAME gateway'],
  ])('lets the gateway do its work: %s', async (line) => {
    expect(await outcome(as('gateway'), wordsOf(line))).toBe('OK');
  });

  it('lets the gateway listen to its own channels', async () => {
    const listening = as('gateway');
    const heard = new Promise((resolve) =>
      listening.on('message', (...message) => {
        resolve(message);
      }),
    );
    await listening.subscribe(`${prefix}news`);
    await as('gateway').publish(`${prefix}news`, 'told');
    expect(await heard).toEqual([`${prefix}news`, 'told']);
  });

  it('lets the gateway run scripts, which may do no more than it may itself', async () => {
    const gateway = as('gateway');
    const body = "return redis.call('SET', KEYS[1], ARGV[1])";
    expect(await gateway.eval(body, 1, `${prefix}script`, 'x')).toBe('OK');
    const digest = String(await gateway.script('LOAD', body));
    expect(await gateway.evalsha(digest, 1, `${prefix}script`, 'y')).toBe('OK');
    await expect(gateway.eval("return redis.call('SET', 'foreign', '1')", 0)).rejects.toThrow(/access.*key|NOPERM/);
    await expect(gateway.eval("return redis.call('FLUSHALL')", 0)).rejects.toThrow(/can't run this command|NOPERM/);
  });

  it.each([
    ...[
      'GET foreign',
      'SET foreign 1',
      'HSET other:codex-gateway:h f v',
      'DEL foreign',
      'PUBLISH foreign x',
      'SUBSCRIBE foreign',
    ],
    ...[
      'PSUBSCRIBE *',
      'RENAME codex-gateway:a foreign',
      'FLUSHALL',
      'FLUSHDB',
      'KEYS *',
      'RANDOMKEY',
      'DBSIZE',
      'SWAPDB 0 1',
    ],
    ...[
      'CONFIG SET save 1',
      'CONFIG REWRITE',
      'CONFIG RESETSTAT',
      'ACL LIST',
      'ACL SETUSER x on',
      'ACL WHOAMI',
      'SHUTDOWN NOSAVE',
    ],
    ...[
      'MONITOR',
      'REPLICAOF host 1',
      'MODULE LIST',
      'FUNCTION LIST',
      'FUNCTION FLUSH',
      'FCALL f 0',
      'SCRIPT FLUSH',
      'SCRIPT KILL',
    ],
    ...[
      'CLIENT LIST',
      'CLIENT KILL ID 1',
      'CLIENT PAUSE 1',
      'SAVE',
      'BGSAVE',
      'BGREWRITEAOF',
      'SORT codex-gateway:l BY foreign*',
    ],
    ...[
      'MIGRATE host 1 codex-gateway:a 0 1',
      'RESTORE codex-gateway:r 0 x',
      'DUMP codex-gateway:a',
      'LATENCY LATEST',
      'SLOWLOG GET',
      'CLUSTER RESET',
    ],
  ])('refuses the gateway %s', async (line) => {
    expect(await outcome(as('gateway'), wordsOf(line))).toBe('NOPERM');
  });

  it('lets the reader look at the gateway’s keys and change nothing', async () => {
    const reader = as('reader');
    await as('gateway').set(`${prefix}seen`, '1');
    expect(await reader.get(`${prefix}seen`)).toBe('1');
    for (const line of ['INFO', 'SLOWLOG GET', 'LATENCY LATEST', 'SCAN 0'])
      expect(await outcome(reader, wordsOf(line))).toBe('OK');
    for (const line of [
      'SET codex-gateway:seen 2',
      'DEL codex-gateway:seen',
      'GET foreign',
      'EVAL return 0',
      'KEYS *',
      'FLUSHALL',
      'CONFIG GET *',
    ]) {
      expect([line, await outcome(reader, wordsOf(line))]).toEqual([line, 'NOPERM']);
    }
  });

  it('lets the operator do everything, the probe ping, and nobody else in', async () => {
    const operator = as('operator');
    for (const line of ['ACL LIST', 'BGREWRITEAOF', 'SET foreign 1', 'DEL foreign'])
      expect(await outcome(operator, wordsOf(line))).toBe('OK');
    const cli = (...words: readonly string[]): string =>
      spawnSync('redis-cli', ['-p', String(server.port), ...words], { encoding: 'utf8' }).stdout.trim();
    const probe = ['--user', 'probe', '--pass', 'probe', '--no-auth-warning'];
    expect(cli(...probe, 'PING')).toBe('PONG');
    expect(cli(...probe, 'GET', `${prefix}seen`)).toMatch(/^NOPERM/);
    expect(cli('PING')).toMatch(/^NOAUTH/);
    expect(cli('--user', 'gateway', '--pass', 'wrong', '--no-auth-warning', 'PING')).toMatch(/NOAUTH|WRONGPASS/);
  });
});

describe('start.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'redis-start-'));
    for (const name of ['secrets', 'run', 'bin']) mkdirSync(join(folder, name));
    cpSync('deploy/redis', join(folder, 'conf'), { recursive: true });
    // Stands where redis-server would be, and tells what it was given.
    writeFileSync(join(folder, 'bin', 'redis-server'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const start = (env: Record<string, string> = {}): SpawnSyncReturns<string> =>
    spawnSync('sh', ['conf/start.sh', 'conf', 'secrets', 'run', '--port', '1'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, ...env },
    });
  const users = (): string => readFileSync(join(folder, 'run', 'users.acl'), 'utf8');

  it('leaves out users without a password, keeps the list to itself, and passes options on', () => {
    writeFileSync(join(folder, 'secrets', 'redis_gateway_password'), 'secret word\n');
    const { status, stdout } = start({ REDIS_KEY_PREFIX: 'team-a:' });
    expect([status, stdout]).toEqual([0, 'conf/redis.conf --aclfile run/users.acl --port 1\n']);
    expect(users().match(/^user \w+/gm)).toEqual(['user default', 'user probe', 'user gateway']);
    const digest = execFileSync('sh', ['-c', "printf 'secret word' | sha256sum | cut -c 1-64"], { encoding: 'utf8' });
    expect(users()).toContain(`user gateway on #${digest.trim()} ~team-a:* &team-a:* -@all`);
    expect(users()).not.toMatch(/@(PREFIX|GATEWAY|READER|OPERATOR)@|secret/);
    expect(statSync(join(folder, 'run', 'users.acl')).mode & 0o777).toBe(0o600);
  });

  it('does not start without the gateway’s password, or with a prefix that could mean other keys', () => {
    expect(start()).toMatchObject({ status: 1, stderr: expect.stringContaining('redis_gateway_password') as string });
    writeFileSync(join(folder, 'secrets', 'redis_gateway_password'), 'x');
    for (const prefixOfOthers of ['*', 'a?', 'a b', 'a/b', '~x']) {
      const { status, stderr } = start({ REDIS_KEY_PREFIX: prefixOfOthers });
      expect([status, stderr]).toEqual([1, expect.stringContaining('REDIS_KEY_PREFIX may have')]);
    }
  });
});

describe('make-secrets.sh', () => {
  it('makes what is missing, keeps what is there, and closes the folder to others', () => {
    const parent = mkdtempSync(join(tmpdir(), 'secrets-'));
    const folder = join(parent, 'deep', 'secrets');
    const make = (): string => execFileSync('sh', ['deploy/make-secrets.sh', folder], { encoding: 'utf8' });
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8').trim();
    expect(make().split('\n').filter(Boolean)).toHaveLength(6);
    expect(read('master_key')).toMatch(/^sk-[0-9a-f]{64}$/);
    const names = ['salt_key', 'redis_gateway_password', 'redis_operator_password', 'grafana_admin_password'];
    for (const name of names) expect(read(name)).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([...names, 'master_key'].map(read)).size).toBe(5);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const [before] = [read('master_key')];
    writeFileSync(join(folder, 'codex_access_token'), 'at-mine\n');
    expect(make()).toBe('');
    expect([read('master_key'), read('codex_access_token')]).toEqual([before, 'at-mine']);
    rmSync(parent, { recursive: true });
  });
});
