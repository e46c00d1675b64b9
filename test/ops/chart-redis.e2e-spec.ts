import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { at, describeWithHelm, listAt, type Manifest, one, render, type Values } from '../support/chart';
import { freePort } from '../support/free-port';
import { layOut, type SecretContents } from '../support/rendered-pod';

const isRunnable = process.env['TEST_NO_REDIS'] === undefined;
const service = 'gw-codex-gateway-redis';

/** The Redis of the chart, started as its StatefulSet says: files, secrets, command and probes are the rendered ones. */
(isRunnable ? describeWithHelm : describe.skip)('the Redis of the chart', () => {
  let folder: string;
  let manifests: readonly Manifest[];
  let port: number;
  let child: ChildProcess | undefined;
  let said = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chart-redis-'));
  });
  afterEach(async () => {
    await end();
    rmSync(folder, { recursive: true });
  });

  async function end(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const gone = once(running, 'close');
    running.kill('SIGTERM');
    await gone;
  }

  async function start(values: Values, secrets: SecretContents = {}, portFlag = '--port'): Promise<void> {
    manifests = await render(values);
    port = await freePort();
    const { env, words } = layOut(manifests, one(manifests, 'StatefulSet'), folder, secrets);
    const [command = '', ...rest] = words;
    child = spawn(command, [...rest, portFlag, String(port)], { env: { PATH: process.env['PATH'], ...env } });
    said = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (text: string): void => {
        said += text;
        if (said.includes('Ready to accept connections')) resolve();
      };
      child?.stdout?.setEncoding('utf8').on('data', hear);
      child?.stderr?.setEncoding('utf8').on('data', hear);
      child?.on('close', () => {
        reject(new Error(said));
      });
    });
  }

  /** Logs in with what the pod of the gateway is given. */
  function asGateway(tls?: { ca: Buffer; servername: string }): Redis {
    const gateway = layOut(manifests, one(manifests, 'Deployment'), folder);
    const { username, hostname } = new URL(gateway.env['REDIS_URL'] ?? '');
    expect(hostname).toBe(service);
    const password = readFileSync(gateway.env['REDIS_PASSWORD_FILE'] ?? '', 'utf8');
    return new Redis({
      host: '127.0.0.1',
      port,
      username,
      password,
      protocol: 2,
      ...(tls === undefined ? {} : { tls }),
    });
  }

  /** Exit status of each probe, run as written; only the port is another. */
  function probes(): readonly number[] {
    const container = at(one(manifests, 'StatefulSet'), 'spec.template.spec.containers.0');
    return ['startupProbe', 'livenessProbe', 'readinessProbe'].map((name) => {
      const [command = '', ...words] = listAt(container, `${name}.exec.command`).map(String);
      const placed = words.map((word) => (word.startsWith('/') ? join(folder, word) : word));
      try {
        execFileSync(command, ['-p', String(port), ...placed], { stdio: 'pipe' });
        return 0;
      } catch (error) {
        return Number(at(error, 'status'));
      }
    });
  }

  it('starts with its users, keeps what it is given, and answers its probes', async () => {
    await start({ redis: { maxmemory: '64mb' } });
    expect(probes()).toEqual([0, 0, 0]);
    const redis = asGateway();
    expect(await redis.set('codex-gateway:a', '1')).toBe('OK');
    await expect(redis.set('other', '1')).rejects.toThrow(/NOPERM/);
    await expect(redis.flushall()).rejects.toThrow(/NOPERM/);
    expect(await redis.info('persistence')).toMatch(/aof_enabled:1/);
    expect(await redis.info('memory')).toMatch(/maxmemory_policy:noeviction/);
    expect(await redis.info('memory')).toMatch(/maxmemory:67108864\b/);
    redis.disconnect();
    await end();
    expect(probes()).toEqual([1, 1, 1]);
  });

  it('limits the gateway to the prefix that its pods use', async () => {
    await start({ redis: { keyPrefix: 'team-a:' } });
    const redis = asGateway();
    expect(await redis.set('team-a:a', '1')).toBe('OK');
    await expect(redis.set('codex-gateway:a', '1')).rejects.toThrow(/NOPERM/);
    const gateway = layOut(manifests, one(manifests, 'Deployment'), folder);
    expect(gateway.env['REDIS_KEY_PREFIX']).toBe('team-a:');
    redis.disconnect();
  });

  it('speaks TLS only, with the certificate of a Secret, when told to', async () => {
    const words = `req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=${service} -addext subjectAltName=DNS:${service} -keyout ${folder}/key -out ${folder}/cert`;
    execFileSync('openssl', words.split(' '), { stdio: 'pipe' });
    const [cert, key] = [readFileSync(join(folder, 'cert'), 'utf8'), readFileSync(join(folder, 'key'), 'utf8')];
    const secrets = { 'redis-tls': { 'tls.crt': cert, 'tls.key': key, 'ca.crt': cert } };
    await start({ redis: { tls: { secretName: 'redis-tls' } } }, secrets, '--tls-port');
    expect(probes()).toEqual([0, 0, 0]);
    const gateway = layOut(manifests, one(manifests, 'Deployment'), folder, secrets);
    expect(gateway.env['REDIS_URL']).toBe(`rediss://gateway@${service}:6379`);
    const ca = readFileSync(gateway.env['NODE_EXTRA_CA_CERTS'] ?? '');
    const redis = asGateway({ ca, servername: service });
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });
});
