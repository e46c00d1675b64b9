import { join } from 'node:path';
import { heldUsual } from '../../../test/simulator/answer';
import { type Simulator, startSimulator } from '../../../test/simulator/simulator';
import { redisLogins } from '../../../test/support/redis-logins';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { type BenchProcess, type ProcessOptions, RefreshBench } from '../../../test/support/refresh-bench';
import { type RedisSettings } from '../../config/redis-settings';
import { RedisLink } from '../../state/redis/redis-link';
import { LoginFiles, UnwritableLogin } from '../login-files';
import { FailPoints, type RefreshStep } from './fail-point';

let simulator: Simulator;
let redis: RedisServer;
let bench: RefreshBench;
let settings: RedisSettings;
let links: RedisLink[];

beforeAll(async () => {
  simulator = await startSimulator();
  redis = await RedisServer.start();
});
afterAll(async () => {
  await simulator.close();
  await redis.close();
});
beforeEach(() => {
  simulator.reset();
  bench = new RefreshBench(simulator);
  settings = redis.settings();
  links = [];
});
afterEach(async () => {
  await bench.close();
  await Promise.all(links.map((link) => link.close()));
});

/** A step at which the test can do something, or hold a process as SIGSTOP would. */
class Hook extends FailPoints {
  constructor(
    private readonly step: RefreshStep,
    private readonly act: () => Promise<void>,
  ) {
    super();
  }
  override at(step: RefreshStep): Promise<void> {
    return step === this.step ? this.act() : Promise.resolve();
  }
}

/** A folder that may not be written, as that of a seed from a Secret. */
class UnwritableFiles extends LoginFiles {
  override write(): Promise<'written' | 'changed'> {
    return Promise.reject(new UnwritableLogin('read_only', 'is on a read-only file system'));
  }
}

async function linked(redisCommandMs = 5_000): Promise<RedisLink> {
  const link = new RedisLink(settings, { connectMs: 5_000, redisCommandMs }, bench.clock);
  await link.open();
  links.push(link);
  return link;
}

/** A process with a connection of its own to the Redis that all share. */
async function process(options: ProcessOptions = {}, redisCommandMs = 5_000): Promise<BenchProcess> {
  const store = redisLogins(await linked(redisCommandMs), () => bench.clock.nowMs());
  const started = bench.start({ ...options, store });
  started.tokens.onApplicationBootstrap();
  return started;
}

const ask = (from: BenchProcess, credential = bench.credential) => from.tokens.forCredential(credential);
const current = (accountId: string) => simulator.tokens.current(accountId);

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}

describeWithRedis('processes that share a Redis and a login file', () => {
  it('refresh an expired login once for four hundred callers, and file and Redis agree', async () => {
    const processes = await Promise.all([process(), process(), process(), process()]);
    const login = bench.login({ expiresInSeconds: -10 });
    const asked = processes.flatMap((each) => Array.from({ length: 100 }, () => ask(each)));
    const bearers = new Set((await Promise.all(asked)).map(({ bearer }) => bearer));
    const renewed = current(login.accountId);
    expect(bearers).toEqual(new Set([renewed?.accessToken]));
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(bench.file()).toEqual({ access: renewed?.accessToken, refresh: renewed?.refreshToken });
    const states = processes.map(({ tokens }) => tokens.accountStates()[0]);
    expect(new Set(states.map((state) => `${state?.generation} ${state?.rotatedBy}`))).toEqual(new Set(['2 gateway']));
  });

  it('take a refused login for final in all of them, after one call', async () => {
    const [one, two] = [await process(), await process()];
    const login = bench.login({ expiresInSeconds: -10 });
    simulator.tokens.kill(login.accountId);
    await expect(ask(one)).rejects.toThrow(/refresh_token_invalidated/);
    await expect(ask(two)).rejects.toThrow(/refresh_token_invalidated/);
    expect(simulator.counts.refreshAttempts).toBe(1);
  });

  it('do not send the token of a holder that sleeps; awake after its lease, it does not send either', async () => {
    let wake = (): void => undefined;
    let asleep = false;
    const nap = new Hook('after-intent', () => {
      asleep = true;
      return new Promise((resolve) => (wake = resolve));
    });
    const sleeper = await process({ failPoints: nap, times: { refreshWaitMs: 50 } });
    const other = await process({ times: { refreshWaitMs: 500 } });
    const login = bench.login({ expiresInSeconds: -10 });
    await expect(ask(sleeper)).rejects.toMatchObject({ status: 503 });
    await until(() => asleep);
    await expect(ask(other)).rejects.toMatchObject({ status: 503 });
    bench.clock.aheadMs += 61_000;
    await expect(ask(other)).rejects.toMatchObject({ status: 503 });
    expect(simulator.counts.refreshAttempts).toBe(0);
    bench.clock.aheadMs += 61_000;
    await ask(other);
    wake();
    await until(() => sleeper.tokens.accountStates()[0]?.generation === 2);
    expect((await ask(sleeper)).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('keep a reply that arrives after the lease of its holder is over', async () => {
    const slow = await process({ times: { refreshWaitMs: 50 } });
    const other = await process({ times: { refreshWaitMs: 50 } });
    const login = bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.next(heldUsual());
    await expect(ask(slow)).rejects.toMatchObject({ status: 503 });
    await until(() => simulator.held === 1);
    bench.clock.aheadMs += 100_000;
    await expect(ask(other)).rejects.toMatchObject({ status: 503 });
    simulator.release();
    await until(() => other.tokens.accountStates()[0]?.generation === 2);
    expect((await ask(other)).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('hear of the new login before they hear that somebody was at it, and do not refresh that one too', async () => {
    const first = await process();
    const second = await process();
    const login = bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.next(heldUsual());
    const asked = ask(first);
    await until(() => simulator.held === 1);
    const { store } = second;
    const run = store.run.bind(store);
    let isBusy = false;
    store.run = async (command) => {
      const reply = await run(command);
      if (reply.kind === 'busy') {
        isBusy = true;
        await until(() => second.tokens.accountStates()[0]?.generation === 2);
      }
      return reply;
    };
    const alsoAsked = ask(second);
    await until(() => isBusy);
    simulator.release();
    const { bearer } = await asked;
    expect((await alsoAsked).bearer).toBe(bearer);
    expect(bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('make one token call at a time however many logins end together', async () => {
    const paths = Array.from({ length: 20 }, (_, at) => join(bench.folder, `login-${at}.json`));
    const credentials = paths.map((path, at) => {
      bench.login({ expiresInSeconds: 60 }, path);
      return { name: `login-${at}`, source: { kind: 'auth_file' as const, path } };
    });
    const processes = [await process(), await process()];
    simulator.scripts.oauth.always(heldUsual());
    const asked = processes.flatMap((each) => credentials.map((credential) => ask(each, credential)));
    for (let done = 0; done < 3; done += 1) {
      await until(() => simulator.held === 1 && simulator.counts.refreshAttempts === done + 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(simulator.held).toBe(1);
      simulator.release();
    }
    await until(() => simulator.held === 1);
    simulator.scripts.oauth.clear();
    simulator.release();
    await Promise.all(asked);
    await until(() => simulator.counts.refreshes === 20);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 20, reusedTokens: 0 });
  });

  it('keep a login whose Redis falls silent between claim and store, and put it there when it is back', async () => {
    const silence = new Hook('after-reply', () => {
      redis.freeze();
      return Promise.resolve();
    });
    const cut = await process({ failPoints: silence }, 100);
    const login = bench.login({ expiresInSeconds: -10 });
    expect((await ask(cut)).bearer).toBe(current(login.accountId)?.accessToken);
    expect(bench.file().refresh).toBe(current(login.accountId)?.refreshToken);
    expect(cut.log.join('')).toMatch(/could not be kept in the shared state/);
    redis.thaw();
    const other = await process();
    bench.clock.aheadMs += 2_000;
    await ask(cut);
    expect((await ask(other)).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('bring a login back into a Redis that was emptied', async () => {
    const one = await process();
    const login = bench.login({ expiresInSeconds: -10 });
    await ask(one);
    await redis.everywhere((commands) => commands.flushdb());
    bench.clock.aheadMs += 10 * 24 * 3_600_000;
    await ask(one);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 2, reusedTokens: 0 });
    expect(one.tokens.accountStates()[0]?.generation).toBeGreaterThanOrEqual(3);
    expect(bench.file().refresh).toBe(current(login.accountId)?.refreshToken);
  });

  it('bring a login that its file never got back into a Redis that was emptied, before another takes the old file for the newest', async () => {
    const one = await process({ files: new UnwritableFiles() });
    const login = bench.login({ expiresInSeconds: -10 });
    await ask(one);
    expect(bench.file().refresh).toBe(login.refreshToken);
    await redis.everywhere((commands) => commands.flushdb());
    await one.tokens.lookNow();
    const other = await process({ files: new UnwritableFiles() });
    expect((await ask(other)).bearer).toBe(current(login.accountId)?.accessToken);
    expect((await ask(one)).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('give way to a younger login in a Redis that was emptied while they slept', async () => {
    const store = async () => redisLogins(await linked(), () => bench.clock.nowMs());
    const asleep = bench.start({ store: await store() });
    const login = bench.login({ expiresInSeconds: -10 });
    await ask(asleep);
    bench.clock.aheadMs += 10 * 24 * 3_600_000;
    await ask(asleep);
    await redis.everywhere((commands) => commands.flushdb());
    bench.clock.aheadMs += 10 * 24 * 3_600_000;
    await ask(bench.start({ store: await store() }));
    expect((await ask(asleep)).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 3, reusedTokens: 0 });
  });

  it('do not refresh without Redis, and use the valid token to its end', async () => {
    const one = await process({ times: { refreshWaitMs: 100 } }, 100);
    const login = bench.login({ expiresInSeconds: 120 });
    redis.freeze();
    expect((await ask(one)).bearer).toBe(login.accessToken);
    expect(simulator.counts.refreshAttempts).toBe(0);
    redis.thaw();
    for (let tries = 0; tries < 100 && simulator.counts.refreshes === 0; tries += 1) {
      bench.clock.aheadMs += 1_001;
      await ask(one);
    }
    expect(simulator.counts).toMatchObject({ refreshes: 1, reusedTokens: 0 });
  });

  it('keep no token in clear in Redis, and read what an earlier salt key sealed', async () => {
    const login = bench.login();
    await ask(await process({ saltKeys: ['first-salt-key-of-all'] }));
    const dump = async () =>
      JSON.stringify(
        await redis.everywhere(async (commands) => {
          const keys = await commands.keys(`${settings.keyPrefix}*account*`);
          return Promise.all(keys.map((key) => commands.hgetall(key)));
        }),
      );
    const before = await dump();
    expect(before).toContain('v1.');
    expect(before).not.toContain(login.accessToken);
    expect(before).not.toContain(login.refreshToken);
    const rotated = await process({ saltKeys: ['second-salt-key-of-all', 'first-salt-key-of-all'] });
    expect((await ask(rotated)).bearer).toBe(login.accessToken);
    expect(await dump()).not.toBe(before);
    const later = await process({ saltKeys: ['second-salt-key-of-all'] });
    expect((await ask(later)).bearer).toBe(login.accessToken);
  });
});
