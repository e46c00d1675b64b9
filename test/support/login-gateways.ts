import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HeldLogin } from '../../src/auth/refresh/held-login';
import { accountIdOf } from '../../src/auth/refresh/login-home';
import { LoginVault } from '../../src/auth/refresh/login-vault';
import { type TimeLimits } from '../../src/config/time-limits';
import { Keyring } from '../../src/state/credentials/keyring';
import { type AccountRecord } from '../../src/state/credentials/credential-record';
import { RedisCredentialStore } from '../../src/state/credentials/redis-credential-store';
import { RedisLink } from '../../src/state/redis/redis-link';
import { type Login } from '../simulator/accounts';
import { type AuthFileOptions, makeAuthFile } from '../simulator/auth-file';
import { type SeenRequest } from '../simulator/journal';
import { type Simulator } from '../simulator/simulator';
import { chatBody, post, type ReadAnswer, send } from './calls';
import { eventually } from './eventually';
import { testKey } from './gateway';
import { MovedClock } from './moved-clock';
import { ProgramBench, type ProgramEnv, type Served } from './program';
import { RedisServer } from './redis-server';

export { eventually };

const saltKey = 'a-salt-key-of-the-suite';
/** A busy machine must not look like a broken Redis or a slow login server. */
const patience: Partial<TimeLimits> = { redisCommandMs: 10_000, connectMs: 10_000, refreshWaitMs: 1_000 };

/** Everything in Redis that somebody waits for; `untilMs` is the lane's. */
const waitFields = ['leaseUntilMs', 'intentUntilMs', 'backoffUntilMs', 'untilMs'];

/** How one gateway process differs from the others. */
export interface GatewayOptions {
  readonly authFile?: string;
  readonly times?: Partial<TimeLimits>;
  readonly env?: ProgramEnv;
  readonly args?: readonly string[];
  /** Runs as this user. */
  readonly user?: number;
  /** Another build's `main.js`. */
  readonly program?: string;
}

/** One login as `GET /account/list` tells it. */
export interface ListedLogin {
  readonly state: string;
  readonly generation: number;
  readonly advice: string | null;
  readonly rotated_by: string | null;
}

/** Real gateway processes in front of a simulator, on one real Redis, and the login files that they share. */
export class LoginGateways {
  private files = 0;
  private readonly running: Served[] = [];

  private constructor(
    readonly program: ProgramBench,
    readonly redis: RedisServer,
    private readonly link: RedisLink,
  ) {}

  static async start(): Promise<LoginGateways> {
    const [program, redis] = await Promise.all([ProgramBench.start(), RedisServer.start()]);
    const times = { connectMs: 10_000, redisCommandMs: 10_000 };
    const link = new RedisLink(redis.settings({ keyPrefix: 'codex-gateway:' }), times, new MovedClock());
    await link.open();
    return new LoginGateways(program, redis, link);
  }

  async close(): Promise<void> {
    await this.program.close();
    await this.link.close();
    await this.redis.close();
  }

  get simulator(): Simulator {
    return this.program.simulator;
  }

  get folder(): string {
    return this.program.folder;
  }

  /** Ends the processes of the test before; forgets its logins, at the simulator and in Redis. */
  async reset(): Promise<void> {
    await Promise.all(
      this.running.splice(0).map((each) => {
        each.signal('SIGKILL');
        return each.finished;
      }),
    );
    this.simulator.reset();
    await this.redis.everywhere((commands) => commands.flushdb());
  }

  /** A path that no test used before. */
  newPath(): string {
    this.files += 1;
    const folder = join(this.folder, `login-${this.files}`);
    mkdirSync(folder);
    return join(folder, 'auth.json');
  }

  /** A person logs in: a new file renamed over whatever was there. */
  login(path: string, options: AuthFileOptions = {}): Login {
    const fileName = 'new.json';
    const folder = join(path, '..');
    const made = makeAuthFile(this.simulator.tokens, folder, { ...options, fileName });
    renameSync(made.path, path);
    return made.login;
  }

  /** What another program does after it rotated the login by itself. */
  writeLogin(path: string, login: Login): void {
    const { accessToken: access_token, refreshToken: refresh_token, idToken: id_token, accountId: account_id } = login;
    const tokens = { access_token, refresh_token, id_token, account_id };
    const text = JSON.stringify({ auth_mode: 'chatgpt', tokens, last_refresh: new Date().toISOString() });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  fileTokens(path: string): { readonly access: string; readonly refresh: string } {
    const { tokens } = JSON.parse(readFileSync(path, 'utf8')) as { tokens: Record<string, string> };
    return { access: tokens['access_token'] ?? '', refresh: tokens['refresh_token'] ?? '' };
  }

  /** What Redis holds, opened with the salt key of the processes. */
  async stored(path: string): Promise<{ readonly record: AccountRecord; readonly login: HeldLogin | undefined }> {
    const keyring = new Keyring({ saltKey, previousSaltKeys: [], stateDir: '/nonexistent' });
    const vault = new LoginVault(new RedisCredentialStore(this.link), keyring, 'test');
    return vault.read(accountIdOf({ kind: 'auth_file', path }));
  }

  /** File, Redis and login server have the same pair. */
  async expectAgreement(path: string, accountId: string): Promise<void> {
    const current = this.simulator.tokens.current(accountId);
    await eventually('file and Redis agree', async () => {
      const { login } = await this.stored(path);
      const { access, refresh } = this.fileTokens(path);
      const isStored = login?.pair.refreshToken === refresh && login.pair.accessToken === access;
      return isStored && refresh === current?.refreshToken && access === current.accessToken;
    });
  }

  /** As if so much time had gone by for everything that Redis keeps: leases, lane, intents and pauses. */
  async age(ms: number, fields: readonly string[] = waitFields): Promise<void> {
    await this.redis.everywhere(async (commands) => {
      for (const key of await commands.keys('codex-gateway:{cred}:*')) {
        for (const field of fields) {
          const value = Number(await commands.hget(key, field));
          if (value > 0) await commands.hset(key, field, String(Math.max(1, value - ms)));
        }
      }
    });
  }

  /** One process with Redis. */
  start(options: GatewayOptions = {}): Promise<Served> {
    return this.startWithoutRedis({
      ...options,
      env: { ...this.redis.env, GATEWAY_SALT_KEY: saltKey, ...options.env },
    });
  }

  async startWithoutRedis({ authFile, times, env, args, user, program }: GatewayOptions): Promise<Served> {
    const all = {
      NODE_ENV: 'test',
      CODEX_GATEWAY_TIMES: JSON.stringify({ ...patience, ...times }),
      ...(authFile === undefined ? {} : { CODEX_AUTH_FILE: authFile }),
      ...env,
    };
    const gateway = await this.program.serve(args ?? [], all, { user, program });
    this.running.push(gateway);
    return gateway;
  }

  ask(gateway: Served, model = 'gpt-5.5'): Promise<ReadAnswer> {
    return post({ url: gateway.url, key: testKey }, '/v1/chat/completions', chatBody({ model }));
  }

  /** Asks until there is an answer. */
  async askUntilOk(gateway: Served): Promise<void> {
    await eventually('the gateway answers 200', async () => (await this.ask(gateway)).status === 200);
  }

  async accounts(gateway: Served): Promise<readonly ListedLogin[]> {
    const { json } = await send({ url: gateway.url, key: testKey }, '/account/list');
    return (json as { accounts: ListedLogin[] }).accounts;
  }

  /** Bearers of the calls that reached the backend. */
  bearers(): readonly string[] {
    return this.simulator.seen
      .filter(({ path }) => path.endsWith('/responses'))
      .map(({ headers }) => (headers['authorization'] ?? '').replace('Bearer ', ''));
  }

  /** The first call of the token endpoint since the reset. */
  tokenCall(): Promise<SeenRequest> {
    return this.simulator.waitForRequest(({ path }) => path === '/oauth/token');
  }

  /** Has a login renewed without waiting for it: the process may die or stop over it. */
  poke(gateway: Served): void {
    const done = async (): Promise<boolean> => (await this.ask(gateway)).status === 200;
    void eventually('the gateway answers 200', done).catch(() => undefined);
  }
}

/** Settles when the process is stopped by a signal. */
export function stopped({ pid }: Served): Promise<void> {
  return eventually('the process stops', () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return fields.slice(fields.lastIndexOf(')') + 2).startsWith('T');
  });
}
