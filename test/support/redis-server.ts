import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisSettings } from '../../src/config/redis-settings';

/** `describe`, for what needs a Redis: left out where `npm test` found none. */
export const describeWithRedis = process.env['TEST_NO_REDIS'] === undefined ? describe : describe.skip;

/** A real Redis of the suite's own, without a file on disk. Start it in `beforeAll`, close it in `afterAll`. */
export class RedisServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  /** @param options further words of the command line, for example `'--requirepass', 'x'`. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(mkdtempSync(join(tmpdir(), 'redis-')), await freePort(), options);
    await server.resume();
    return server;
  }

  /** For `REDIS_URL`. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Settings with a random key prefix, so that tests cannot meet. */
  settings(changes: Partial<RedisSettings> = {}): RedisSettings {
    return {
      place: { kind: 'server', node: { host: '127.0.0.1', port: this.port } },
      username: undefined,
      password: undefined,
      db: 0,
      tls: false,
      keyPrefix: `test-${randomBytes(6).toString('hex')}:`,
      ...changes,
    };
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

  /** One command, said to the server as `redis-cli` would. @throws {Error} with what it answers instead of OK or a number. */
  async command(...words: readonly string[]): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    if (!/^[+:]/.test(reply.toString())) throw new Error(`redis-server answers ${reply.toString()}`);
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
    const child = spawn('redis-server', [...where, '--save', '', '--appendonly', 'no', ...this.options], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.process = child;
    let heard = '';
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', () => {
        reject(new Error(`redis-server ended: ${heard}`));
      });
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

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  probe.close();
  await once(probe, 'close');
  return port;
}
