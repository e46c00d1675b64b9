import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthFile } from '../../test/simulator/auth-file';
import { heldUsual, usualChanged, cutAfterBytes } from '../../test/simulator/answer';
import { faults } from '../../test/simulator/faults';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { type BenchProcess, RefreshBench } from '../../test/support/refresh-bench';
import { LoginFiles, UnwritableLogin } from './login-files';

let simulator: Simulator;
let bench: RefreshBench;
let gateway: BenchProcess;
const minuteMs = 60_000;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => {
  simulator.reset();
  bench = new RefreshBench(simulator);
  gateway = bench.start();
});
afterEach(() => bench.close());

const ask = (process = gateway) => process.tokens.forCredential(bench.credential);
const current = (accountId: string) => simulator.tokens.current(accountId);

/** Waits for what the background does, without asking for a token. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}

describe('a login in a file', () => {
  it('gives bearer and account, and the same value while nothing changes', async () => {
    const login = bench.login();
    const token = await ask();
    expect(token).toEqual({ bearer: login.accessToken, accountId: login.accountId, isFedramp: false });
    bench.clock.aheadMs += 5_000;
    expect(await ask()).toBe(token);
    expect(simulator.counts.refreshAttempts).toBe(0);
  });

  it('is looked at again after a second, and a newer login in it is taken over', async () => {
    const first = bench.login();
    expect((await ask()).bearer).toBe(first.accessToken);
    const second = bench.login();
    bench.clock.aheadMs += 1_001;
    expect((await ask()).bearer).toBe(second.accessToken);
    expect(gateway.tokens.accountStates()[0]).toMatchObject({ generation: 2, rotatedBy: 'file', state: 'ok' });
  });

  it('that is missing, torn or empty is a 503 without content or folder, and heals by itself', async () => {
    await expect(ask()).rejects.toThrow(/'auth\.json' does not exist.*codex login/);
    bench.clock.aheadMs += 1_001;
    writeFileSync(bench.path, '{"tokens":{"access_token":"top-secret');
    const torn = await ask().catch((error: unknown) => error as Error);
    expect(torn).toMatchObject({ status: 503, message: expect.stringMatching(/is not valid JSON/) as string });
    expect(JSON.stringify(torn) + (torn as Error).message).not.toMatch(/top-secret|refresh-/);
    bench.clock.aheadMs += 1_001;
    const login = bench.login();
    expect((await ask()).bearer).toBe(login.accessToken);
  });

  it('without a refresh token is used to its end, and then a 503 says when and what to do', async () => {
    const { login } = makeAuthFile(simulator.tokens, bench.folder, { expiresInSeconds: 60 });
    writeFileSync(bench.path, JSON.stringify({ access_token: login.accessToken }));
    expect((await ask()).bearer).toBe(login.accessToken);
    bench.clock.aheadMs += 61_000;
    await expect(ask()).rejects.toThrow(new Date(login.expiresAt * 1000).toISOString());
    await expect(ask()).rejects.toThrow(/auth\.json.*codex login/);
    expect(simulator.counts.refreshAttempts).toBe(0);
  });

  it('is still served when the file is gone, from the state', async () => {
    const login = bench.login();
    await ask();
    rmSync(bench.path);
    bench.clock.aheadMs += 1_001;
    expect((await ask()).bearer).toBe(login.accessToken);
  });
});

describe('a refresh', () => {
  it('begins between fifteen and ten minutes before the end, in the background, and is kept everywhere', async () => {
    const login = bench.login({ expiresInSeconds: 16 * 60 });
    expect((await ask()).bearer).toBe(login.accessToken);
    expect(simulator.counts.refreshAttempts).toBe(0);
    bench.clock.aheadMs += 6.5 * minuteMs;
    expect((await ask()).bearer).toBe(login.accessToken);
    await until(() => gateway.tokens.accountStates()[0]?.generation === 2);
    const renewed = current(login.accountId);
    expect((await ask()).bearer).toBe(renewed?.accessToken);
    expect(bench.file()).toEqual({ access: renewed?.accessToken, refresh: renewed?.refreshToken });
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(simulator.seen[0]?.body).toEqual({
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      grant_type: 'refresh_token',
      refresh_reason: 'proactive_expiry',
      refresh_token: login.refreshToken,
    });
  });

  it('happens once for four hundred callers of an expired login', async () => {
    const login = bench.login({ expiresInSeconds: -10 });
    const answers = await Promise.all(Array.from({ length: 400 }, () => ask()));
    expect(new Set(answers.map(({ bearer }) => bearer))).toEqual(new Set([current(login.accountId)?.accessToken]));
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('that takes too long gives a 503 with Retry-After, and its result is kept all the same', async () => {
    await gateway.close();
    gateway = bench.start({ times: { refreshWaitMs: 50 } });
    const login = bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.next(heldUsual());
    const early = await ask().catch((error: unknown) => error);
    expect(early).toMatchObject({
      status: 503,
      type: 'upstream_authentication_error',
      details: { retryAfterMs: 1_000 },
    });
    simulator.release();
    await until(() => gateway.tokens.accountStates()[0]?.generation === 2);
    expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts.refreshAttempts).toBe(1);
  });

  it('that takes too long leaves callers the old token while it lasts', async () => {
    await gateway.close();
    gateway = bench.start({ times: { refreshWaitMs: 50 } });
    const login = bench.login({ expiresInSeconds: 120 });
    simulator.scripts.oauth.next(heldUsual());
    expect((await ask()).bearer).toBe(login.accessToken);
    await until(() => simulator.held === 1);
  });

  it('survives a restart: the stored pair wins over the old seed, which is not spent twice', async () => {
    const login = bench.login({ expiresInSeconds: -10 });
    writeFileSync(join(bench.folder, 'seed.json'), JSON.stringify({ tokens: { access_token: login.accessToken, refresh_token: login.refreshToken } })); // prettier-ignore
    await ask();
    await gateway.close();
    renameSync(join(bench.folder, 'seed.json'), bench.path);
    gateway = bench.start();
    expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(bench.file().refresh).toBe(current(login.accountId)?.refreshToken);
  });

  it('goes on without the file when that cannot be written, says so loudly, and writes it when it can', async () => {
    await gateway.close();
    class FullDisk extends LoginFiles {
      isFull = true;
      override write(...args: Parameters<LoginFiles['write']>): ReturnType<LoginFiles['write']> {
        return this.isFull ? Promise.reject(new UnwritableLogin('full')) : super.write(...args);
      }
    }
    const files = new FullDisk();
    gateway = bench.start({ files });
    const login = bench.login({ expiresInSeconds: -10 });
    expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
    expect(bench.file().refresh).toBe(login.refreshToken);
    expect(gateway.tokens.accountStates()[0]).toMatchObject({ state: 'file_not_writable' });
    expect(gateway.log.join('')).toMatch(/"reason":"full".*could not be written/);
    files.isFull = false;
    bench.clock.aheadMs += minuteMs;
    await ask();
    expect(bench.file().refresh).toBe(current(login.accountId)?.refreshToken);
    expect(gateway.tokens.accountStates()[0]).toMatchObject({ state: 'ok' });
    expect(simulator.counts.refreshAttempts).toBe(1);
  });
});

describe('a refresh that fails', () => {
  it.each([
    ['refreshExpired', /session is too old.*codex login.*refresh_token_expired/],
    ['refreshReused', /another program.*login of its own.*refresh_token_reused/],
    ['refreshInvalidated', /revoked.*refresh_token_invalidated/],
    ['refreshTokenExpired', /refuses it.*token_expired/],
    ['refreshInvalidGrant', /refuses it.*invalid_grant/],
    ['refreshUnknown401', /unknown_401/],
  ] as const)(
    'with %s makes the login final and says what to do, at once and without another call',
    async (fault, advice) => {
      bench.login({ expiresInSeconds: -10 });
      simulator.scripts.oauth.always(faults[fault]);
      await expect(ask()).rejects.toThrow(advice);
      // The best of several: a busy machine may hold up any one of them.
      const tookMs: number[] = [];
      for (let tries = 0; tries < 5; tries += 1) {
        const startedMs = performance.now();
        await expect(ask()).rejects.toMatchObject({ status: 503, details: { shouldRetry: false } });
        tookMs.push(performance.now() - startedMs);
      }
      expect(Math.min(...tookMs)).toBeLessThan(50);
      bench.clock.aheadMs += 60 * minuteMs;
      await expect(ask()).rejects.toThrow(advice);
      expect(simulator.counts.refreshAttempts).toBe(1);
      expect(gateway.tokens.accountStates()[0]).toMatchObject({ state: 'quarantined' });
    },
  );

  it('for good is told to the log without anybody asking for a token, with what to do', async () => {
    const { refreshToken } = bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.always(faults.refreshExpired);
    gateway.tokens.onApplicationBootstrap();
    await until(() => /"advice":"its session is too old.*cannot be used any more/.test(gateway.log.join('')));
    expect(gateway.log.join('')).not.toContain(refreshToken);
  });

  it('is not told of a login that was merely not looked at yet', async () => {
    bench.login();
    gateway.tokens.onApplicationBootstrap();
    await gateway.store.announce('another account');
    await ask();
    expect(gateway.log).toEqual([]);
  });

  it('for good is healed by a new login in the file', async () => {
    bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.next(faults.refreshExpired);
    await expect(ask()).rejects.toThrow(/refresh_token_expired/);
    const login = bench.login();
    bench.clock.aheadMs += 1_001;
    expect((await ask()).bearer).toBe(login.accessToken);
    expect(gateway.tokens.accountStates()[0]).toMatchObject({ state: 'ok', advice: undefined });
  });

  it('because another program was faster takes over what that program left in the file', async () => {
    const login = bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.next(heldUsual());
    const asking = ask();
    await until(() => simulator.held === 1);
    // The Codex CLI rotates behind our back, while our call is on its way.
    const verdict = simulator.tokens.refresh(login.refreshToken);
    const theirs = verdict.kind === 'rotated' ? verdict.login : undefined;
    const text = { tokens: { access_token: theirs?.accessToken, refresh_token: theirs?.refreshToken, account_id: login.accountId } }; // prettier-ignore
    writeFileSync(bench.path, JSON.stringify(text));
    simulator.release();
    expect((await asking).bearer).toBe(theirs?.accessToken);
    expect(gateway.tokens.accountStates()[0]).toMatchObject({ rotatedBy: 'file', state: 'ok' });
  });

  it.each(['refresh429', 'server500', 'html502', 'overloaded503'] as const)(
    'with %s backs off, serves the old token while it lasts, and tries the same token again later',
    async (fault) => {
      const login = bench.login({ expiresInSeconds: 4 * 60 });
      simulator.scripts.oauth.next(faults[fault]);
      expect((await ask()).bearer).toBe(login.accessToken);
      expect((await ask()).bearer).toBe(login.accessToken);
      expect(simulator.counts.refreshAttempts).toBe(1);
      expect(gateway.tokens.accountStates()[0]).toMatchObject({ state: 'backing_off' });
      bench.clock.aheadMs += minuteMs;
      expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
      expect(simulator.counts).toMatchObject({ refreshAttempts: 2, reusedTokens: 0 });
    },
  );

  it('without a reply leaves the token alone for lease and grace, sends it once more, and never a third time', async () => {
    bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.always(faults.refusedConnection);
    const first = await ask().catch((error: unknown) => error);
    expect(first).toMatchObject({ status: 503, details: { retryAfterMs: expect.any(Number) as number } });
    for (const step of [30_000, 60_000, 29_000]) {
      bench.clock.aheadMs += step;
      await expect(ask()).rejects.toMatchObject({ status: 503 });
    }
    expect(simulator.counts.refreshAttempts).toBe(1);
    bench.clock.aheadMs += 2_000;
    await expect(ask()).rejects.toMatchObject({ status: 503 });
    expect(simulator.counts.refreshAttempts).toBe(2);
    bench.clock.aheadMs += 10 * minuteMs;
    await expect(ask()).rejects.toThrow(/sent twice.*codex login/);
    bench.clock.aheadMs += 10 * minuteMs;
    await expect(ask()).rejects.toThrow(/sent twice/);
    expect(simulator.counts.refreshAttempts).toBe(2);
  });

  it('because the reply was lost on its way is found out by the second sending', async () => {
    bench.login({ expiresInSeconds: -10 });
    simulator.scripts.oauth.next(usualChanged((answer) => cutAfterBytes(answer, 20)));
    await expect(ask()).rejects.toMatchObject({ status: 503 });
    bench.clock.aheadMs += 3 * minuteMs;
    await expect(ask()).rejects.toThrow(/refresh_token_reused/);
    expect(simulator.counts).toMatchObject({ refreshAttempts: 2, reusedTokens: 1 });
  });

  it('with an empty success counts as a token whose fate is unknown', async () => {
    const login = bench.login({ expiresInSeconds: 200 });
    simulator.scripts.oauth.next(faults.refreshEmptyAnswer);
    expect((await ask()).bearer).toBe(login.accessToken);
    bench.clock.aheadMs += minuteMs;
    expect((await ask()).bearer).toBe(login.accessToken);
    expect(simulator.counts.refreshAttempts).toBe(1);
  });
});

describe('a token that upstream rejected', () => {
  it('is refreshed once, and not again within a minute', async () => {
    const login = bench.login();
    const token = await ask();
    simulator.tokens.expire(login.accessToken);
    expect(await gateway.tokens.rejected(bench.credential, token)).toBe(true);
    const next = await ask();
    expect(next.bearer).toBe(current(login.accountId)?.accessToken);
    expect(simulator.seen[0]?.body).toMatchObject({ refresh_reason: 'unauthorized_recovery' });
    expect(await gateway.tokens.rejected(bench.credential, next)).toBe(false);
    expect(simulator.counts.refreshAttempts).toBe(1);
    bench.clock.aheadMs += 61_000;
    expect(await gateway.tokens.rejected(bench.credential, next)).toBe(true);
    expect(simulator.counts.refreshAttempts).toBe(2);
  });

  it('is replaced without a refresh when the file holds a newer one', async () => {
    bench.login();
    const token = await ask();
    const renewed = bench.login();
    expect(await gateway.tokens.rejected(bench.credential, token)).toBe(true);
    expect((await ask()).bearer).toBe(renewed.accessToken);
    expect(simulator.counts.refreshAttempts).toBe(0);
  });
});
