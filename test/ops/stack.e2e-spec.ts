import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { composeFile } from '../support/compose-file';
import { send } from '../support/calls';

import { freePort } from '../support/free-port';
import { builtImage, canIsolate, Container } from '../support/image';
import { eventually } from '../support/login-gateways';
import { describeWithPrometheus, Prometheus } from '../support/prometheus';
import { RedisServer } from '../support/redis-server';

const isRunnable =
  canIsolate() &&
  ['TEST_NO_IMAGE', 'TEST_NO_REDIS', 'TEST_NO_COMPOSE'].every((name) => process.env[name] === undefined);
const describeStack = isRunnable ? describeWithPrometheus : describe.skip;
const repository = join(__dirname, '..', '..');

/** `docker-compose.yml`, profile `demo`, without containers: names of hosts become ports of this machine, nothing else changes. */
describeStack('the stack of docker-compose.yml', () => {
  let folder: string;
  let redis: RedisServer;
  let prometheus: Prometheus;
  const containers: Container[] = [];
  const hosts = new Map<string, string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'codex-gateway-stack-'));
    redis = await RedisServer.startGuarded('codex-gateway:');
    hosts.set('redis:6379', `127.0.0.1:${redis.port}`);
    await startSimulator();
    await startGateway();
    prometheus = await startPrometheus();
  }, 240_000);
  afterAll(async () => {
    await prometheus.close();
    await Promise.all(containers.map((container) => container.close()));
    await redis.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const masterKey = (): string => readFileSync(join(redis.secrets, 'master_key'), 'utf8').trim();
  const gateway = (): { url: string; key: string } => ({
    url: `http://${hosts.get('gateway:4000') ?? ''}`,
    key: masterKey(),
  });

  /** A named volume: it belongs to the user of the image. */
  function volume(name: string): { readonly from: string } {
    const from = join(folder, name);
    mkdirSync(from, { recursive: true });
    chownSync(from, 65_532, 0);
    return { from };
  }

  function onThisMachine(text: string): string {
    return [...hosts].reduce((changed, [name, place]) => changed.replaceAll(name, place), text);
  }

  async function startSimulator(): Promise<void> {
    const image = builtImage('simulator');
    const port = await freePort();
    hosts.set('simulator:9100', `127.0.0.1:${port}`);
    const command = image.config.entrypoint.map((word) => (word === '9100' ? String(port) : word));
    const container = Container.run(image, { command, volumes: { '/state': volume('demo-login') } });
    containers.push(container);
    await container.said(/"authFile":"\/state\/auth\.json"/);
  }

  async function startGateway(): Promise<void> {
    const { environment = {} } = composeFile('demo').services['gateway-demo'] ?? {};
    const port = await freePort();
    hosts.set('gateway:4000', `127.0.0.1:${port}`);
    const env = Object.entries(environment).map(([name, value]) => [name, onThisMachine(value)]);
    const run = join(folder, 'run');
    cpSync(redis.secrets, join(run, 'secrets'), { recursive: true });
    execFileSync('chmod', ['-R', 'a+rX', run]);
    const container = Container.run(builtImage('gateway'), {
      env: { ...Object.fromEntries(env), PORT: String(port) } as Record<string, string>,
      volumes: {
        '/state': volume('demo-state'),
        '/demo': volume('demo-login'),
        '/config': { from: join(repository, 'deploy', 'config'), ro: true },
        '/run': { from: run, ro: true },
      },
    });
    containers.push(container);
    await container.said(/listening on/);
  }

  function startPrometheus(): Promise<Prometheus> {
    const settings = readFileSync(join(repository, 'deploy', 'prometheus', 'prometheus.yml'), 'utf8')
      .replace('/etc/prometheus', join(repository, 'deploy', 'prometheus'))
      .replace(/(scrape|evaluation)_interval: 15s/g, '$1_interval: 1s')
      .replace('scrape_timeout: 10s', 'scrape_timeout: 1s');
    const { command = [] } = composeFile('demo').services['prometheus'] ?? {};
    return Prometheus.start(
      onThisMachine(settings),
      command.filter((word) => !/(config\.file|tsdb\.path)=/.test(word)),
    );
  }

  it('has a gateway that found its keys, its settings and Redis, and warns of nothing it should not', async () => {
    const ready = await send(gateway(), '/health/readiness');
    expect(ready).toMatchObject({ status: 200, json: { status: 'healthy', cache: 'redis', degraded: [] } });
    const said = containers[1]?.output() ?? '';
    expect(said).toContain('"config":"/config/config.yaml"');
    const warnings = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: number; msg: string })
      .filter(({ level }) => level >= 40);
    // The simulator is another container, so its tokens do travel in the clear, as the gateway says of each address.
    expect(warnings.filter(({ msg }) => !msg.includes('over plain http') && !msg.includes('round trip'))).toEqual([]);
    expect(said).not.toContain(masterKey());
  });

  it('streams an answer to the official client', async () => {
    const client = new OpenAI({ baseURL: `${gateway().url}/v1`, apiKey: masterKey(), maxRetries: 0 });
    const stream = await client.chat.completions.create({
      model: 'gpt-5.5',
      stream: true,
      messages: [{ role: 'user', content: 'Hello?' }],
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toContain('simulator');
  });

  it('keeps what replicas share in Redis under its own prefix, and the login sealed', async () => {
    const { keys, records } = await redis.operate(async (commands) => {
      const names = await commands.keys('*');
      const hashes = names.filter((name) => name.includes('{cred}:account:'));
      return { keys: names, records: JSON.stringify(await Promise.all(hashes.map((name) => commands.hgetall(name)))) };
    });
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((name) => !name.startsWith('codex-gateway:demo:'))).toEqual([]);
    const login = JSON.parse(readFileSync(join(folder, 'demo-login', 'auth.json'), 'utf8')) as {
      tokens: { access_token: string; refresh_token: string };
    };
    expect(records).toContain('v1.');
    for (const token of [login.tokens.access_token, login.tokens.refresh_token]) expect(records).not.toContain(token);
    expect(readdirSync(join(folder, 'demo-state'))).not.toContain('master-key');
  });

  it('is seen by Prometheus, with its rules and its figures', async () => {
    await eventually('the gateway is up for Prometheus', async () => {
      const [target] = await prometheus.targets('codex-gateway');
      return target?.health === 'up';
    });
    expect(await prometheus.query('up{job="codex-gateway"}')).toEqual([1]);
    await eventually('the requests of these tests are counted', async () => {
      const [sum = 0] = await prometheus.query('sum(litellm_proxy_total_requests_metric_total)');
      return sum > 0;
    });
    await eventually('every rule was evaluated', async () => {
      const rules = await prometheus.rules();
      return rules.length > 0 && rules.every(({ health }) => health === 'ok');
    });
  });

  it('tells Prometheus of its end, having ended in peace', async () => {
    const container = containers[1];
    container?.signal('SIGTERM');
    expect(await container?.finished).toBe(0);
    await eventually('the gateway is down for Prometheus', async () => {
      const [target] = await prometheus.targets('codex-gateway');
      return target?.health === 'down';
    });
    expect(await prometheus.query('up{job="codex-gateway"}')).toEqual([0]);
  });
});

describeWithPrometheus('the files of Prometheus', () => {
  it('are taken by its own checker', () => {
    const place = join(repository, 'deploy', 'prometheus');
    const check = (...words: readonly string[]): string => execFileSync('promtool', words, { encoding: 'utf8' });
    expect(check('check', 'rules', join(place, 'rules.yml'))).toMatch(/SUCCESS: \d+ rules found/);
    expect(check('check', 'config', '--syntax-only', join(place, 'prometheus.yml'))).toContain('SUCCESS');
  });
});
