import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Login } from '../../../test/simulator/accounts';
import { type Simulator, startSimulator } from '../../../test/simulator/simulator';
import { redisLogins } from '../../../test/support/redis-logins';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { type BenchProcess, type ProcessOptions, RefreshBench } from '../../../test/support/refresh-bench';
import { type Credential } from '../../config/deployment';
import { type RedisSettings } from '../../config/redis-settings';
import { type CredentialStore } from '../../state/credentials/credential-store';
import { JournalCredentialStore } from '../../state/credentials/journal-credential-store';
import { Keyring } from '../../state/credentials/keyring';
import { RedisLink } from '../../state/redis/redis-link';
import { FailPoints, type RefreshStep } from './fail-point';
import { loginOfPair } from './held-login';
import { accountIdOf } from './login-home';
import { type AccountView, LoginVault } from './login-vault';

const home = { kind: 'stored_login', name: 'work' } as const;
const named: Credential = { name: 'team', source: home };
const command = /node dist\/main\.js login --name work --store/;

let simulator: Simulator;
let bench: RefreshBench;
let links: RedisLink[];

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => {
  simulator.reset();
  bench = new RefreshBench(simulator);
  links = [];
});
afterEach(async () => {
  await bench.close();
  await Promise.all(links.map((link) => link.close()));
});

const ask = (from: BenchProcess) => from.tokens.forCredential(named);
const current = ({ accountId }: Login) => simulator.tokens.current(accountId);
const stateOf = ({ tokens }: BenchProcess) => tokens.accountStates().find(({ names }) => names.includes('team'));

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3_000 && !(await holds()); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await holds()).toBe(true);
}

function vaultOn(store: CredentialStore): LoginVault {
  const saltKey = 'salt-key-of-the-suite';
  return new LoginVault(store, new Keyring({ saltKey, previousSaltKeys: [], stateDir: bench.folder }), 'command');
}

/** As the login command does it. */
async function logIn(store: CredentialStore, expiresInSeconds = 3_600): Promise<Login> {
  const login = simulator.tokens.mint({ expiresInSeconds });
  const held = loginOfPair(login, bench.clock.nowMs());
  if (held === undefined) throw new Error('the login has no refresh token');
  await vaultOn(store).offer(accountIdOf(home), held, 'login');
  return login;
}

async function logOut(store: CredentialStore): Promise<void> {
  const vault = vaultOn(store);
  const { generation } = (await vault.read(accountIdOf(home))).record;
  await vault.run(accountIdOf(home), { name: 'forget', expectedGeneration: generation });
  await vault.announce(accountIdOf(home));
}

describeWithRedis('a named login in Redis', () => {
  let redis: RedisServer;
  let settings: RedisSettings;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.close());
  beforeEach(() => {
    settings = redis.settings();
  });

  async function storeOn(redisCommandMs = 5_000): Promise<CredentialStore> {
    const link = new RedisLink(settings, { connectMs: 5_000, redisCommandMs }, bench.clock);
    await link.open();
    links.push(link);
    return redisLogins(link, () => bench.clock.nowMs());
  }

  async function replica(options: ProcessOptions = {}): Promise<BenchProcess> {
    const started = bench.start({ store: await storeOn(), ...options });
    started.tokens.onApplicationBootstrap();
    return started;
  }

  const stored = async (): Promise<AccountView> => vaultOn(await storeOn()).read(accountIdOf(home));

  it('that does not exist is a 503 that names the command, and is used by all replicas as soon as it is made', async () => {
    const [one, two] = [await replica(), await replica()];
    for (const each of [one, two]) {
      await expect(ask(each)).rejects.toMatchObject({ status: 503, type: 'upstream_authentication_error' });
      await expect(ask(each)).rejects.toThrow(command);
      // The looks of the background go on every five seconds from now: what comes sooner was told by the state.
      await until(() => each.log.join('').includes('there is no login to use'));
    }
    const login = await logIn(await storeOn());
    await until(() => [one, two].every((each) => stateOf(each)?.state === 'ok'));
    for (const each of [one, two]) expect((await ask(each)).bearer).toBe(login.accessToken);
    expect(stateOf(one)).toMatchObject({ kind: 'chatgpt', generation: 1, rotatedBy: 'login', plan: 'plus' });
  });

  it('is refreshed once for all replicas, and no file is made anywhere', async () => {
    const login = await logIn(await storeOn(), -10);
    const replicas = await Promise.all([replica(), replica(), replica()]);
    const asked = replicas.flatMap((each) => Array.from({ length: 30 }, () => ask(each)));
    const bearers = new Set((await Promise.all(asked)).map(({ bearer }) => bearer));
    expect(bearers).toEqual(new Set([current(login)?.accessToken]));
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    const { record, login: kept } = await stored();
    expect(record).toMatchObject({ generation: 2, rotatedBy: 'gateway' });
    expect(kept?.pair.refreshToken).toBe(current(login)?.refreshToken);
    expect(JSON.stringify(record)).not.toContain(current(login)?.refreshToken);
    expect(readdirSync(bench.folder)).toEqual([]);
  });

  it('is the same after a restart, and the pair of before is never sent again', async () => {
    const login = await logIn(await storeOn(), -10);
    const before = await replica();
    await ask(before);
    await before.close();
    expect((await ask(await replica())).bearer).toBe(current(login)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('that upstream refuses is refreshed once', async () => {
    const login = await logIn(await storeOn());
    const gateway = await replica();
    const token = await ask(gateway);
    expect(await gateway.tokens.rejected(named, token)).toBe(true);
    expect((await ask(gateway)).bearer).toBe(current(login)?.accessToken);
    expect(simulator.counts.refreshAttempts).toBe(1);
  });

  it('that the login server ended names the command, and the next login heals it without a restart', async () => {
    const dead = await logIn(await storeOn(), -10);
    simulator.tokens.kill(dead.accountId);
    const gateway = await replica();
    await expect(ask(gateway)).rejects.toThrow(command);
    await expect(ask(gateway)).rejects.toThrow(/named 'work' cannot be used.*refresh_token_invalidated/);
    const next = await logIn(await storeOn());
    await until(() => stateOf(gateway)?.state === 'ok');
    expect((await ask(gateway)).bearer).toBe(next.accessToken);
  });

  it('is not used any more by any replica after a logout', async () => {
    await logIn(await storeOn());
    const [one, two] = [await replica(), await replica()];
    await Promise.all([ask(one), ask(two)]);
    await logOut(await storeOn());
    for (const each of [one, two]) {
      await until(() => stateOf(each)?.state === 'unusable');
      await expect(ask(each)).rejects.toThrow(command);
      expect(stateOf(each)).toMatchObject({ expiresAtMs: undefined, advice: expect.stringMatching(command) as string });
    }
    expect(simulator.counts.refreshAttempts).toBe(0);
  });

  it('is put back by a replica that has it when Redis comes back empty', async () => {
    const login = await logIn(await storeOn());
    const gateway = await replica();
    await ask(gateway);
    await redis.kill();
    await redis.resume();
    await until(async () => {
      bench.clock.aheadMs += 1_001;
      await gateway.tokens.lookNow();
      return !gateway.tokens.isStateUnavailable;
    });
    expect((await stored()).login?.pair.refreshToken).toBe(login.refreshToken);
    expect((await ask(gateway)).bearer).toBe(login.accessToken);
  });

  it('that was renewed while Redis was away is used from memory and kept when the process ends', async () => {
    class Cut extends FailPoints {
      override at(step: RefreshStep): Promise<void> {
        return step === 'after-reply' ? redis.kill() : Promise.resolve();
      }
    }
    const login = await logIn(await storeOn(), -10);
    const gateway = bench.start({ failPoints: new Cut(), store: await storeOn(300) });
    expect((await ask(gateway)).bearer).toBe(current(login)?.accessToken);
    await redis.resume();
    await until(() => links.at(-1)?.isUp === true);
    await gateway.tokens.onModuleDestroy();
    expect((await stored()).login?.pair.refreshToken).toBe(current(login)?.refreshToken);
  });

  it('is not the login of a file that has the same name', () => {
    expect(accountIdOf(home)).not.toBe(accountIdOf({ kind: 'auth_file', path: 'work' }));
  });

  it('leaves a login with a file as it was: without its file that one is served and refreshed from Redis', async () => {
    const login = bench.login();
    const before = await replica();
    await before.tokens.forCredential(bench.credential);
    await before.close();
    rmSync(bench.path);
    const after = await replica();
    expect((await after.tokens.forCredential(bench.credential)).bearer).toBe(login.accessToken);
    bench.clock.aheadMs += (login.expiresAt - 60) * 1_000 - bench.clock.nowMs();
    expect((await after.tokens.forCredential(bench.credential)).bearer).toBe(current(login)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(readdirSync(bench.folder)).toEqual([]);
  });
});

describe('a named login in the journal', () => {
  it('that was made before the start is served, refreshed and kept over restarts, sealed', async () => {
    const journal = new JournalCredentialStore(join(bench.folder, 'state'), bench.clock);
    const login = await logIn(journal, -10);
    await journal.close();
    const before = bench.start();
    expect((await ask(before)).bearer).toBe(current(login)?.accessToken);
    await before.close();
    expect((await ask(bench.start())).bearer).toBe(current(login)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(readdirSync(bench.folder)).toEqual(['state']);
  });

  it('waits for the state while another gateway holds it, and says so', async () => {
    const holder = bench.start();
    await expect(ask(holder)).rejects.toThrow(command);
    const other = bench.start();
    await expect(ask(other)).rejects.toMatchObject({ status: 503, code: 'state_unavailable' });
  });
});
