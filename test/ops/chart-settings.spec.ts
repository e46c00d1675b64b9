import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../src/config/load-settings';
import { type Settings } from '../../src/config/settings';
import { at, describeWithHelm, listAt, one, render, type Values } from '../support/chart';
import { layOut, type SecretContents } from '../support/rendered-pod';

const own: SecretContents = {
  'redis-login': { 'redis-password': 'the-password', word: 'another-password' },
  'sentinel-login': { 'sentinel-password': 'the-word-of-sentinels' },
  'codex-token': { token: 'at-0123456789\n' },
  'codex-login': { 'auth.json': '{}', 'login.json': '{"tokens":{}}' },
  keys: {
    masterkey: 'sk-the-master-key-of-a-secret',
    salt: 'the-salt-of-a-secret',
    'salt-before': 'older-salt,oldest-salt',
  },
};
const noRedis = { enabled: false };

/** What the gateway makes of the pod that the chart renders. */
describeWithHelm('the gateway in a pod of the chart', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chart-pod-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function settingsOf(values: Values, extra: Record<string, string> = {}): Promise<Settings> {
    const manifests = await render(values);
    const { env } = layOut(manifests, one(manifests, 'Deployment'), folder, own);
    return loadSettings({ env: { ...env, ...extra }, argv: [], cwd: folder, homeDir: folder });
  }

  it('finds its keys, its file, its state and its Redis', async () => {
    const settings = await settingsOf({});
    expect(settings.masterKey).toMatch(/^sk-[A-Za-z0-9]{48}$/);
    expect(settings.saltKey).toMatch(/^[A-Za-z0-9]{48}$/);
    expect(settings).toMatchObject({
      configFile: join(folder, 'etc/codex-gateway/config.yaml'),
      listen: { host: '0.0.0.0', port: 4_000 },
      stateDir: join(folder, 'state'),
      trustedProxyHops: 0,
      times: { drainMs: 75_000 },
      redis: {
        place: { kind: 'server', node: { host: 'gw-codex-gateway-redis', port: 6_379 } },
        username: 'gateway',
        tls: false,
        keyPrefix: 'codex-gateway:',
      },
      warnings: [],
    });
    expect(settings.redis?.password).toMatch(/^[A-Za-z0-9]{48}$/);
  });

  it.each<[what: string, values: Values, redis: object]>([
    [
      'a URL with TLS',
      { externalRedis: { url: 'rediss://gateway@redis.example.com:6380/2', passwordSecretName: 'redis-login' } },
      {
        place: { kind: 'server', node: { host: 'redis.example.com', port: 6_380 } },
        username: 'gateway',
        password: 'the-password',
        db: 2,
        tls: true,
      },
    ],
    [
      'a host',
      {
        externalRedis: {
          host: 'redis',
          port: 6_390,
          username: 'a b',
          db: 1,
          passwordSecretName: 'redis-login',
          passwordSecretKey: 'word',
        },
      },
      {
        place: { kind: 'server', node: { host: 'redis', port: 6_390 } },
        username: 'a b',
        password: 'another-password',
        db: 1,
        tls: false,
      },
    ],
    [
      'a host without a login',
      { externalRedis: { host: 'redis' } },
      {
        place: { kind: 'server', node: { host: 'redis', port: 6_379 } },
        username: undefined,
        password: undefined,
        db: 0,
        tls: false,
      },
    ],
    [
      'an address of IPv6',
      { externalRedis: { host: 'fd00::1', username: 'gateway' } },
      { place: { kind: 'server', node: { host: 'fd00::1', port: 6_379 } }, username: 'gateway', db: 0, tls: false },
    ],
    [
      'an address of IPv6 in brackets',
      { externalRedis: { host: '[fd00::1]' } },
      { place: { kind: 'server', node: { host: 'fd00::1', port: 6_379 } } },
    ],
    [
      'a Cluster of such addresses',
      { externalRedis: { clusterNodes: ['[fd00::1]:7001', '[fd00::2]:7002'] } },
      {
        place: {
          kind: 'cluster',
          nodes: [
            { host: 'fd00::1', port: 7_001 },
            { host: 'fd00::2', port: 7_002 },
          ],
        },
      },
    ],
    [
      'a Cluster',
      {
        externalRedis: {
          clusterNodes: ['node-1:7001', 'node-2:7002'],
          username: 'gateway',
          tls: true,
          passwordSecretName: 'redis-login',
        },
      },
      {
        place: {
          kind: 'cluster',
          nodes: [
            { host: 'node-1', port: 7_001 },
            { host: 'node-2', port: 7_002 },
          ],
        },
        username: 'gateway',
        password: 'the-password',
        tls: true,
      },
    ],
    [
      'Sentinels',
      {
        externalRedis: {
          passwordSecretName: 'redis-login',
          sentinel: { nodes: ['s-1:26379'], masterName: 'mymaster', passwordSecretName: 'sentinel-login' },
        },
      },
      {
        place: {
          kind: 'sentinel',
          sentinels: [{ host: 's-1', port: 26_379 }],
          masterName: 'mymaster',
          sentinelPassword: 'the-word-of-sentinels',
        },
        password: 'the-password',
      },
    ],
  ])('finds an external Redis by %s', async (_, values, redis) => {
    const settings = await settingsOf({ ...values, redis: { ...noRedis, keyPrefix: 'team-a:' } });
    expect(settings.redis).toMatchObject({ ...redis, keyPrefix: 'team-a:' });
    expect(settings.warnings.filter((warning) => !warning.includes('cache'))).toEqual([]);
  });

  it('keeps what its operator wrote beside what the chart adds', async () => {
    const file = {
      litellm_settings: { request_timeout: 300, cache_params: { namespace: 'mine' } },
      model_list: [{ model_name: 'a', litellm_params: { model: 'codex/gpt-5.5' } }],
    };
    const externalRedis = { clusterNodes: ['node-1:7001'], passwordSecretName: 'redis-login' };
    const settings = await settingsOf({ redis: noRedis, externalRedis, proxy_config: file });
    expect(settings.times.wholeJsonMs).toBe(300_000);
    expect(settings.deployments).toHaveLength(1);
    expect(settings.redis?.place.kind).toBe('cluster');
  });

  it('is given a login by a Secret: a token, or a file that it never writes', async () => {
    const token = await settingsOf({ credentials: { accessToken: { secretName: 'codex-token' } } });
    expect(token.defaultCredential).toMatchObject({ source: { kind: 'access_token', token: 'at-0123456789' } });
    const login = await settingsOf({ credentials: { authJson: { secretName: 'codex-login', key: 'login.json' } } });
    const path = join(folder, 'run/secrets/codex-login/auth.json');
    expect(login.defaultCredential).toMatchObject({ source: { kind: 'auth_file', path } });
  });

  it('takes keys from Secrets of one’s own, earlier salt keys too', async () => {
    const settings = await settingsOf({
      masterkeySecretName: 'keys',
      saltkeySecretName: 'keys',
      saltkeySecretKey: 'salt',
      saltkeyPreviousSecretKey: 'salt-before',
    });
    expect(settings).toMatchObject({
      masterKey: 'sk-the-master-key-of-a-secret',
      saltKey: 'the-salt-of-a-secret',
      previousSaltKeys: ['older-salt', 'oldest-salt'],
    });
  });

  it('takes variables of one’s own in the place of the chart’s, each once', async () => {
    const values: Values = {
      logLevel: 'warn',
      envVars: {
        LOG_LEVEL: 'debug',
        GATEWAY_SALT_KEY: 'a-salt-key-of-the-operator',
        PROMETHEUS_MAX_SERIES_PER_METRIC: 1_000_000,
        TWICE: 1,
      },
      extraEnvVars: [
        { name: 'NODE_OPTIONS', value: '--trace-warnings' },
        { name: 'TWICE', value: 'extra' },
      ],
    };
    const settings = await settingsOf(values);
    expect(settings).toMatchObject({
      logLevel: 'debug',
      saltKey: 'a-salt-key-of-the-operator',
      observability: { metrics: { maxSeries: 1_000_000 } },
    });
    const env = listAt(one(await render(values), 'Deployment'), 'spec.template.spec.containers.0.env');
    const names = env.map((each) => at(each, 'name'));
    expect(names).toEqual([...new Set(names)]);
    expect(env).toEqual(
      expect.arrayContaining([
        { name: 'NODE_OPTIONS', value: '--trace-warnings' },
        { name: 'TWICE', value: 'extra' },
      ]),
    );
  });

  it('lets a master key from environmentSecrets win, as LiteLLM’s users have it, when the file names none', async () => {
    const settings = await settingsOf(
      { proxy_config: { general_settings: null } },
      { LITELLM_MASTER_KEY: 'sk-from-the-environment-0123' },
    );
    expect(settings.masterKey).toBe('sk-from-the-environment-0123');
  });

  it('trusts one proxy behind an Ingress or a route, and as many as it is told', async () => {
    expect((await settingsOf({ ingress: { enabled: true } })).trustedProxyHops).toBe(1);
    expect((await settingsOf({ httpRoute: { enabled: true, gatewayName: 'g' } })).trustedProxyHops).toBe(1);
    expect((await settingsOf({ ingress: { enabled: true }, trustedProxyHops: 0 })).trustedProxyHops).toBe(0);
    expect((await settingsOf({ trustedProxyHops: 3 })).trustedProxyHops).toBe(3);
  });
});
