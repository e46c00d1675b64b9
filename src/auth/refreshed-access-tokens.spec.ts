import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthFile } from '../../test/simulator/auth-file';
import { heldUsual } from '../../test/simulator/answer';
import { LoginFiles, UnwritableLogin } from './login-files';

import { eventually } from '../../test/support/eventually';
import { minuteMs, RefreshSuite } from '../../test/support/refresh-suite';

const suite = new RefreshSuite();
const ask = (process = suite.gateway) => process.tokens.forCredential(suite.bench.credential);
const current = (accountId: string) => suite.simulator.tokens.current(accountId);

describe('a login in a file', () => {
  it('gives bearer and account, and the same value while nothing changes', async () => {
    const login = suite.bench.login();
    const token = await ask();
    expect(token).toEqual({ bearer: login.accessToken, accountId: login.accountId, isFedramp: false });
    suite.bench.clock.aheadMs += 5_000;
    expect(await ask()).toBe(token);
    expect(suite.simulator.counts.refreshAttempts).toBe(0);
  });

  it('is looked at again after a second, and a newer login in it is taken over', async () => {
    const first = suite.bench.login();
    expect((await ask()).bearer).toBe(first.accessToken);
    const second = suite.bench.login();
    suite.bench.clock.aheadMs += 1_001;
    expect((await ask()).bearer).toBe(second.accessToken);
    expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ generation: 2, rotatedBy: 'file', state: 'ok' });
  });

  it('that is missing, torn or empty is a 503 without content or folder, and heals by itself', async () => {
    await expect(ask()).rejects.toThrow(/'auth\.json' does not exist.*codex login/);
    suite.bench.clock.aheadMs += 1_001;
    writeFileSync(suite.bench.path, '{"tokens":{"access_token":"top-secret');
    const torn = await ask().catch((error: unknown) => error as Error);
    expect(torn).toMatchObject({ status: 503, message: expect.stringMatching(/is not valid JSON/) as string });
    expect(JSON.stringify(torn) + (torn as Error).message).not.toMatch(/top-secret|refresh-/);
    suite.bench.clock.aheadMs += 1_001;
    const login = suite.bench.login();
    expect((await ask()).bearer).toBe(login.accessToken);
  });

  it('without a refresh token is used to its end, and then a 503 says when and what to do', async () => {
    const { login } = makeAuthFile(suite.simulator.tokens, suite.bench.folder, { expiresInSeconds: 60 });
    writeFileSync(suite.bench.path, JSON.stringify({ access_token: login.accessToken }));
    expect((await ask()).bearer).toBe(login.accessToken);
    suite.bench.clock.aheadMs += 61_000;
    await expect(ask()).rejects.toThrow(new Date(login.expiresAt * 1000).toISOString());
    await expect(ask()).rejects.toThrow(/auth\.json.*codex login/);
    expect(suite.simulator.counts.refreshAttempts).toBe(0);
  });

  it('is still served when the file is gone, from the state', async () => {
    const login = suite.bench.login();
    await ask();
    rmSync(suite.bench.path);
    suite.bench.clock.aheadMs += 1_001;
    expect((await ask()).bearer).toBe(login.accessToken);
  });
});

describe('a refresh', () => {
  it('begins between fifteen and ten minutes before the end, in the background, and is kept everywhere', async () => {
    const login = suite.bench.login({ expiresInSeconds: 16 * 60 });
    expect((await ask()).bearer).toBe(login.accessToken);
    expect(suite.simulator.counts.refreshAttempts).toBe(0);
    suite.bench.clock.aheadMs += 6.5 * minuteMs;
    expect((await ask()).bearer).toBe(login.accessToken);
    await eventually(
      'the background has done its part',
      () => suite.gateway.tokens.accountStates()[0]?.generation === 2,
    );
    const renewed = current(login.accountId);
    expect((await ask()).bearer).toBe(renewed?.accessToken);
    expect(suite.bench.file()).toEqual({ access: renewed?.accessToken, refresh: renewed?.refreshToken });
    expect(suite.simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(suite.simulator.seen[0]?.body).toEqual({
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      grant_type: 'refresh_token',
      refresh_reason: 'proactive_expiry',
      refresh_token: login.refreshToken,
    });
  });

  it('happens once for four hundred callers of an expired login', async () => {
    const login = suite.bench.login({ expiresInSeconds: -10 });
    const answers = await Promise.all(Array.from({ length: 400 }, () => ask()));
    expect(new Set(answers.map(({ bearer }) => bearer))).toEqual(new Set([current(login.accountId)?.accessToken]));
    expect(suite.simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
  });

  it('that takes too long gives a 503 with Retry-After, and its result is kept all the same', async () => {
    await suite.gateway.close();
    suite.gateway = suite.bench.start({ times: { refreshWaitMs: 50 } });
    const login = suite.bench.login({ expiresInSeconds: -10 });
    suite.simulator.scripts.oauth.next(heldUsual());
    const early = await ask().catch((error: unknown) => error);
    expect(early).toMatchObject({
      status: 503,
      type: 'upstream_authentication_error',
      details: { retryAfterMs: 1_000 },
    });
    // What is released before it is held would be held for ever.
    await eventually('the token call is under way', () => suite.simulator.held === 1);
    suite.simulator.release();
    await eventually(
      'the background has done its part',
      () => suite.gateway.tokens.accountStates()[0]?.generation === 2,
    );
    expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
    expect(suite.simulator.counts.refreshAttempts).toBe(1);
  });

  it('that takes too long leaves callers the old token while it lasts', async () => {
    await suite.gateway.close();
    suite.gateway = suite.bench.start({ times: { refreshWaitMs: 50 } });
    const login = suite.bench.login({ expiresInSeconds: 120 });
    suite.simulator.scripts.oauth.next(heldUsual());
    expect((await ask()).bearer).toBe(login.accessToken);
    await eventually('a token call is under way', () => suite.simulator.held === 1);
  });

  it('survives a restart: the stored pair wins over the old seed, which is not spent twice', async () => {
    const login = suite.bench.login({ expiresInSeconds: -10 });
    writeFileSync(
      join(suite.bench.folder, 'seed.json'),
      JSON.stringify({ tokens: { access_token: login.accessToken, refresh_token: login.refreshToken } }),
    );
    await ask();
    await suite.gateway.close();
    renameSync(join(suite.bench.folder, 'seed.json'), suite.bench.path);
    suite.gateway = suite.bench.start();
    expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
    expect(suite.simulator.counts).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect(suite.bench.file().refresh).toBe(current(login.accountId)?.refreshToken);
  });

  it('goes on without the file when that cannot be written, says so loudly, and writes it when it can', async () => {
    await suite.gateway.close();
    class FullDisk extends LoginFiles {
      isFull = true;
      override write(...args: Parameters<LoginFiles['write']>): ReturnType<LoginFiles['write']> {
        return this.isFull ? Promise.reject(new UnwritableLogin('full')) : super.write(...args);
      }
    }
    const files = new FullDisk();
    suite.gateway = suite.bench.start({ files });
    const login = suite.bench.login({ expiresInSeconds: -10 });
    expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
    expect(suite.bench.file().refresh).toBe(login.refreshToken);
    expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ state: 'file_not_writable' });
    expect(suite.gateway.log.join('')).toMatch(/"reason":"full".*could not be written/);
    files.isFull = false;
    suite.bench.clock.aheadMs += minuteMs;
    await ask();
    expect(suite.bench.file().refresh).toBe(current(login.accountId)?.refreshToken);
    expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ state: 'ok' });
    expect(suite.simulator.counts.refreshAttempts).toBe(1);
  });
});

describe('a token that upstream rejected', () => {
  it('is refreshed once, and not again within a minute', async () => {
    const login = suite.bench.login();
    const token = await ask();
    suite.simulator.tokens.expire(login.accessToken);
    expect(await suite.gateway.tokens.rejected(suite.bench.credential, token)).toBe(true);
    const next = await ask();
    expect(next.bearer).toBe(current(login.accountId)?.accessToken);
    expect(suite.simulator.seen[0]?.body).toMatchObject({ refresh_reason: 'unauthorized_recovery' });
    expect(await suite.gateway.tokens.rejected(suite.bench.credential, next)).toBe(false);
    expect(suite.simulator.counts.refreshAttempts).toBe(1);
    suite.bench.clock.aheadMs += 61_000;
    expect(await suite.gateway.tokens.rejected(suite.bench.credential, next)).toBe(true);
    expect(suite.simulator.counts.refreshAttempts).toBe(2);
  });

  it('is replaced without a refresh when the file holds a newer one', async () => {
    suite.bench.login();
    const token = await ask();
    const renewed = suite.bench.login();
    expect(await suite.gateway.tokens.rejected(suite.bench.credential, token)).toBe(true);
    expect((await ask()).bearer).toBe(renewed.accessToken);
    expect(suite.simulator.counts.refreshAttempts).toBe(0);
  });
});
