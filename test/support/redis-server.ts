import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type RedisSettings } from '../../src/config/redis-settings';
import { freePort } from './free-port';
import { redisCerts, tlsWords } from './redis-certs';
import { RedisGuard, type RedisRole } from './redis-guard';
import { RedisNode } from './redis-node';
import { type RedisTopology, startCluster, startFailover } from './redis-topology';

/** `describe`, for what needs a Redis: left out where `npm test` found none. */
export const describeWithRedis = process.env['TEST_NO_REDIS'] === undefined ? describe : describe.skip;
/** For suites that put something before the only address of Redis: several nodes have several. */
export const describeWithOneNode = ['cluster', 'failover'].includes(process.env['TEST_REDIS'] ?? '')
  ? describe.skip
  : describeWithRedis;

/** Of suites that keep to themselves on a server of whichever kind; the gateways that they start use the part before `test-`. */
const testPrefix = 'codex-gateway:test-';

/** What `TEST_REDIS` may ask for; docs/operations.md says what each kind is. */
type RedisKind = 'plain' | 'guarded' | 'tls' | 'cluster' | 'failover';

/**
 * A real Redis of the suite's own, without a file on disk. Start it in `beforeAll`, close it in `afterAll`. `TEST_REDIS`
 * says of which kind: a suite that reaches it by `settings()` or `env`, and looks into it by `everywhere`, runs on all.
 */
export class RedisServer {
  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly parts: {
      readonly topology: RedisTopology;
      readonly guard?: RedisGuard | undefined;
      readonly tls?: boolean;
    },
  ) {}

  /** @param options further words of the command line, for example `'--requirepass', 'x'`; with any the kind is `plain`. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const kind = options.length === 0 ? ((process.env['TEST_REDIS'] ?? 'plain') as RedisKind) : 'plain';
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    switch (kind) {
      case 'guarded':
        return RedisServer.alone(folder, ['--appendonly', 'yes'], { guard: new RedisGuard(folder, 'codex-gateway:') });
      case 'tls':
        return RedisServer.alone(folder, ['--appendonly', 'yes'], {
          guard: new RedisGuard(folder, 'codex-gateway:'),
          tls: true,
        });
      case 'cluster':
        return RedisServer.of(folder, await startCluster(folder, options));
      case 'failover': {
        const server = RedisServer.of(folder, await startFailover(folder, options));
        // From here on the suite has a promoted replica.
        await server.failOver();
        return server;
      }
      case 'plain':
        return RedisServer.alone(folder, options);
    }
  }

  /** As the compose file starts it: users of its own, each limited; the gateway's to keys that begin with `keyPrefix`. */
  static async startGuarded(keyPrefix: string): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    return RedisServer.alone(folder, ['--appendonly', 'yes'], { guard: new RedisGuard(folder, keyPrefix) });
  }

  private static async alone(
    folder: string,
    options: readonly string[],
    { guard, tls = false }: { readonly guard?: RedisGuard; readonly tls?: boolean } = {},
  ): Promise<RedisServer> {
    const port = await freePort();
    const where = tls ? tlsWords(port) : ['--port', String(port)];
    const words = [...where, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...options];
    const node = new RedisNode(port, words, guard?.program);
    await node.start();
    const login = guard === undefined ? '' : `gateway:${guard.password('gateway')}@`;
    const topology: RedisTopology = {
      nodes: [node],
      place: { kind: 'server', node: { host: '127.0.0.1', port } },
      env: { REDIS_URL: `${tls ? 'rediss' : 'redis'}://${login}127.0.0.1:${port}` },
      primaries: () => [port],
      resume: () => node.start(),
      failOver: undefined,
    };
    return new RedisServer(folder, port, { topology, guard, tls });
  }

  private static of(folder: string, topology: RedisTopology): RedisServer {
    return new RedisServer(folder, topology.nodes[0]?.port ?? 0, { topology });
  }

  /** Variables that lead a gateway here; the salt key is the suite's own. */
  get env(): Readonly<Record<string, string>> {
    return this.parts.topology.env;
  }

  /** For `REDIS_URL`. @throws {Error} when this kind has none: use `env`. */
  get url(): string {
    const { REDIS_URL } = this.env;
    if (REDIS_URL === undefined) throw new Error('This kind of Redis has no URL: the suite has to use `env`.');
    return REDIS_URL;
  }

  /** Folder of the secrets of a guarded server. */
  get secrets(): string {
    return this.parts.guard?.secrets ?? '';
  }

  /** Settings with a random key prefix, so that tests cannot meet. */
  settings(changes: Partial<RedisSettings> = {}): RedisSettings {
    return {
      place: this.parts.topology.place,
      ...this.login('gateway'),
      db: 0,
      tls: this.parts.tls === true,
      keyPrefix: `${testPrefix}${randomBytes(6).toString('hex')}:`,
      ...changes,
    };
  }

  /** Name and password of a user of a guarded server; of another neither. */
  login(role: RedisRole): Pick<RedisSettings, 'username' | 'password'> {
    const { guard } = this.parts;
    if (guard === undefined) return { username: undefined, password: undefined };
    return { username: role, password: guard.password(role) };
  }

  /** What the user of a gateway may not do: empty the server, look at all of it. On every server that takes writes, in turn. */
  async everywhere<T>(work: (redis: Redis) => Promise<T>): Promise<readonly T[]> {
    const found: T[] = [];
    for (const port of this.parts.topology.primaries()) {
      const redis = this.operator(port);
      try {
        found.push(await work(redis));
      } finally {
        redis.disconnect();
      }
    }
    return found;
  }

  /** The same where there is one server. */
  async operate<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const [found, ...others] = await this.everywhere(work);
    if (found === undefined || others.length > 0) throw new Error('Several servers: use `everywhere`.');
    return found;
  }

  /** Ends all processes as a crash would; `resume` starts them anew, empty, where they were. */
  async kill(): Promise<void> {
    await Promise.all(this.parts.topology.nodes.map((node) => node.kill()));
  }

  /** SIGSTOP: connections stay open and nothing is answered. */
  freeze(): void {
    for (const node of this.parts.topology.nodes) node.signal('SIGSTOP');
  }

  /** SIGCONT. */
  thaw(): void {
    for (const node of this.parts.topology.nodes) node.signal('SIGCONT');
  }

  resume(): Promise<void> {
    return this.parts.topology.resume();
  }

  /** Kills the primary and waits until the replica took its place; only of kind `failover`. */
  async failOver(): Promise<void> {
    const { failOver } = this.parts.topology;
    if (failOver === undefined) throw new Error('Nobody is there to take over: TEST_REDIS=failover.');
    await failOver();
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private operator(port: number): Redis {
    const { username = '', password = '' } = this.login('operator');
    const login = username === '' ? {} : { username, password };
    const tls = this.parts.tls === true ? { tls: { ca: readFileSync(redisCerts.authority) } } : {};
    return new Redis({ port, host: '127.0.0.1', ...login, ...tls, protocol: 2 });
  }
}
