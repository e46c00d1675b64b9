import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type RedisSettings } from '../../src/config/redis-settings';
import { freePort } from './free-port';
import { RedisGuard, type RedisRole } from './redis-guard';

/** `describe`, for what needs a Redis: left out where `npm test` found none. */
export const describeWithRedis = process.env['TEST_NO_REDIS'] === undefined ? describe : describe.skip;

/** Of suites that keep to themselves on a server of whichever kind; the gateways that they start use the part before `test-`. */
const testPrefix = 'codex-gateway:test-';

/**
 * A real Redis of the suite's own, without a file on disk. Start it in `beforeAll`, close it in `afterAll`. With
 * `TEST_REDIS=guarded` it is the one of the compose file, and suites use the limited user of the gateway.
 */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly options: readonly string[],
    private readonly guard?: RedisGuard,
  ) {}

  /** @param options further words of the command line, for example `'--requirepass', 'x'`. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    if (process.env['TEST_REDIS'] === 'guarded' && options.length === 0)
      return RedisServer.startGuarded('codex-gateway:');
    const server = new RedisServer(mkdtempSync(join(tmpdir(), 'redis-')), await freePort(), options);
    await server.resume();
    return server;
  }

  /** As the compose file starts it: users of its own, each limited; the gateway's to keys that begin with `keyPrefix`. */
  static async startGuarded(keyPrefix: string): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    const guard = new RedisGuard(folder, keyPrefix);
    const server = new RedisServer(folder, await freePort(), ['--appendonly', 'yes'], guard);
    await server.resume();
    return server;
  }

  /** For `REDIS_URL`. */
  get url(): string {
    const login = this.guard === undefined ? '' : `gateway:${this.guard.password('gateway')}@`;
    return `redis://${login}127.0.0.1:${this.port}`;
  }

  /** Folder of the secrets of a guarded server. */
  get secrets(): string {
    return this.guard?.secrets ?? '';
  }

  /** Settings with a random key prefix, so that tests cannot meet. */
  settings(changes: Partial<RedisSettings> = {}): RedisSettings {
    return {
      place: { kind: 'server', node: { host: '127.0.0.1', port: this.port } },
      ...this.login('gateway'),
      db: 0,
      tls: false,
      keyPrefix: `${testPrefix}${randomBytes(6).toString('hex')}:`,
      ...changes,
    };
  }

  /** Name and password of a user of a guarded server; of another neither. */
  login(role: RedisRole): Pick<RedisSettings, 'username' | 'password'> {
    if (this.guard === undefined) return { username: undefined, password: undefined };
    return { username: role, password: this.guard.password(role) };
  }

  /** What the user of a gateway may not do: empty the server, look at all of it. */
  async operate<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const { username = '', password = '' } = this.login('operator');
    const redis = new Redis({ port: this.port, ...(username === '' ? {} : { username, password }), protocol: 2 });
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Ends the process as a crash would; `resume` starts it anew, empty, on the same port. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  /** SIGSTOP: connections stay open and nothing is answered. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  /** SIGCONT. */
  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  /** Starts the process and waits until it listens. */
  async resume(): Promise<void> {
    const where = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
    const { command, words, env } = this.guard?.program ?? { command: 'redis-server', words: [], env: {} };
    const child = spawn(command, [...words, ...where, '--save', '', '--appendonly', 'no', ...this.options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.process = child;
    let heard = '';
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        reject(new Error(`redis-server ended: ${heard}`));
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => (heard += text));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        heard += text;
        if (heard.includes('Ready to accept connections')) resolve();
      });
    });
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
