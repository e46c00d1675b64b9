import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigFault } from './config-fault';
import { loadSettings } from './load-settings';
import { type Settings } from './settings';

const keys = { GATEWAY_MASTER_KEY: 'sk-a-master-key-of-the-test', GATEWAY_SALT_KEY: 'a salt key of the test' };
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-settings-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function load(env: Record<string, string>, config = 'model_list: []\n'): Settings {
  writeFileSync(join(folder, 'config.yaml'), config);
  return loadSettings({ env: { ...keys, ...env }, argv: [], cwd: folder, homeDir: folder });
}

function faultsOf(env: Record<string, string>, config?: string): string {
  try {
    load(env, config);
  } catch (error) {
    return (error as ConfigFault).message;
  }
  return '';
}

const server = (host: string, port = 6379) => ({ kind: 'server', node: { host, port } });

describe('where Redis is', () => {
  it.each([
    ['redis://r.example', { place: server('r.example'), db: 0, tls: false, username: undefined, password: undefined }],
    ['redis://:p%40ss@r.example:7000/5', { place: server('r.example', 7000), db: 5, password: 'p@ss' }],
    ['rediss://gate:pw@r.example', { place: server('r.example'), tls: true, username: 'gate', password: 'pw' }],
    ['redis://[::1]:6380/0', { place: server('::1', 6380) }],
    ['unix:///run/redis.sock?db=2', { place: { kind: 'socket', path: '/run/redis.sock' }, db: 2 }],
  ])('is read from REDIS_URL=%s', (url, expected) => {
    expect(load({ REDIS_URL: url }).redis).toMatchObject({ ...expected, keyPrefix: 'codex-gateway:' });
  });

  it.each(['r.example:6379', 'http://r.example', 'redis://', 'redis://h/secretdb', 'redis://u:se%cret@h', 'unix://'])(
    'is refused without a repetition when REDIS_URL is %s',
    (url) => {
      const message = faultsOf({ REDIS_URL: url });
      expect(message).toMatch(/environment REDIS_URL: must be redis:/);
      expect(message).not.toMatch(/se%?cret|r\.example/);
    },
  );

  it('is nowhere when nothing names it', () => {
    expect(load({ REDIS_PORT: '7000', REDIS_PASSWORD: 'x' }).redis).toBeUndefined();
  });

  it('is taken from the environment before router_settings before cache_params', () => {
    const router = 'router_settings: {redis_host: router.example, redis_port: "7001", redis_db: 1}\n';
    const cache =
      'litellm_settings: {cache: true, cache_params: {type: redis, host: cache.example, password: cached}}\n';
    const env = { REDIS_HOST: 'env.example', REDIS_PASSWORD: 'pw' };
    expect(load(env, router + cache).redis).toMatchObject({ place: server('env.example'), password: 'pw' });
    expect(load({}, router + cache).redis).toMatchObject({ place: server('router.example', 7001), db: 1 });
    expect(load({}, cache).redis).toMatchObject({ place: server('cache.example'), password: 'cached' });
  });

  it('lets the environment give the password of a server that the file names', () => {
    const router = 'router_settings: {redis_host: router.example}\n';
    expect(load({ REDIS_PASSWORD: 'pw' }, router).redis).toMatchObject({ password: 'pw' });
  });

  it('may be a Cluster or a master that Sentinels know', () => {
    const cluster =
      'litellm_settings: {cache_params: {redis_startup_nodes: [{host: a, port: 7001}, {host: b, port: "7002"}], ssl: "true"}}\n';
    expect(load({}, cluster).redis).toMatchObject({
      tls: true,
      place: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 7001 },
          { host: 'b', port: 7002 },
        ],
      },
    });
    const sentinel =
      'litellm_settings: {cache_params: {sentinel_nodes: [[s1, 26379]], service_name: mymaster, password: pw}}\n';
    expect(load({}, sentinel).redis).toMatchObject({
      password: 'pw',
      place: { kind: 'sentinel', sentinels: [{ host: 's1', port: 26379 }], masterName: 'mymaster' },
    });
    const nameless = 'litellm_settings: {cache_params: {sentinel_nodes: [[s1, 26379]]}}\n';
    expect(faultsOf({}, nameless)).toMatch(/config\.yaml:1 litellm_settings\.cache_params: .*service_name/);
  });

  it('may be a Cluster or a master behind Sentinels by the environment too', () => {
    const login = { REDIS_USERNAME: 'gateway', REDIS_PASSWORD: 'pw', REDIS_SSL: 'true' };
    expect(load({ REDIS_CLUSTER_NODES: 'a:7001, b, [::1]:7003', ...login }).redis).toMatchObject({
      username: 'gateway',
      password: 'pw',
      tls: true,
      place: {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 7001 },
          { host: 'b', port: 6379 },
          { host: '::1', port: 7003 },
        ],
      },
    });
    const json = {
      REDIS_SENTINEL_NODES: '[["s1", 26379], {"host": "s2", "port": "26380"}]',
      REDIS_SENTINEL_PASSWORD: 's',
    };
    expect(load({ ...json, REDIS_SERVICE_NAME: 'main' }).redis?.place).toEqual({
      kind: 'sentinel',
      masterName: 'main',
      sentinelPassword: 's',
      sentinels: [
        { host: 's1', port: 26379 },
        { host: 's2', port: 26380 },
      ],
    });
    expect(faultsOf(json)).toContain('environment REDIS_SENTINEL_NODES: needs REDIS_SERVICE_NAME');
    for (const bad of ['[{"host": "a"}]', 'a:b', ':7001', '[']) {
      expect(faultsOf({ REDIS_CLUSTER_NODES: bad })).toContain('environment REDIS_CLUSTER_NODES: must be host:port');
    }
  });

  it.each(['{type: s3, host: x}', '{type: local}'])('is not in cache_params of another kind: %s', (params) => {
    expect(load({}, `litellm_settings: {cache_params: ${params}}\n`).redis).toBeUndefined();
  });

  it('is refused with a port behind its host, and with an IPv6 address not', () => {
    for (const host of ['redis:6379', '10.0.0.1:6379', '[::1]:6379'])
      expect(faultsOf({ REDIS_HOST: host })).toContain('environment REDIS_HOST: has a port behind the host');
    expect(load({ REDIS_HOST: '::1' }).redis?.place).toEqual({ kind: 'server', node: { host: '::1', port: 6379 } });
  });

  it('is not looked for in cache_params that are switched off', () => {
    expect(load({}, 'litellm_settings: {cache: false, cache_params: {host: x}}\n').redis).toBeUndefined();
  });

  it('has a prefix of its own where one is given', () => {
    expect(load({ REDIS_HOST: 'h', REDIS_KEY_PREFIX: 'team-a:' }).redis?.keyPrefix).toBe('team-a:');
    const cache = 'litellm_settings: {cache_params: {host: h, namespace: team-b}}\n';
    expect(load({}, cache).redis?.keyPrefix).toBe('team-b:codex-gateway:');
    expect(faultsOf({ REDIS_HOST: 'h', REDIS_KEY_PREFIX: 'a{b}' })).toContain('environment REDIS_KEY_PREFIX');
  });
});

describe('with Redis', () => {
  it('a master key and a salt key are needed, and both are asked for at once', () => {
    const env = { REDIS_HOST: 'h', GATEWAY_MASTER_KEY: undefined, GATEWAY_SALT_KEY: undefined };
    const start = { env: { ...keys, ...env }, argv: [], cwd: folder, homeDir: folder };
    writeFileSync(join(folder, 'config.yaml'), 'model_list: []\n');
    expect(() => loadSettings(start)).toThrow(
      /GATEWAY_MASTER_KEY: is needed with Redis[^]*GATEWAY_SALT_KEY: is needed/,
    );
    expect(() => loadSettings({ ...start, env: { ...start.env, REDIS_HOST: undefined } })).not.toThrow();
  });

  it('the salt key may have its LiteLLM name, and a short one is a warning', () => {
    const env = { ...keys, GATEWAY_SALT_KEY: undefined, LITELLM_SALT_KEY: 'short', REDIS_HOST: 'h' };
    writeFileSync(join(folder, 'config.yaml'), 'model_list: []\n');
    const settings = loadSettings({ env, argv: [], cwd: folder, homeDir: folder });
    expect(settings.saltKey).toBe('short');
    expect(settings.warnings.join()).toMatch(/GATEWAY_SALT_KEY: is shorter/);
  });
});
