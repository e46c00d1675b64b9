import { writeFileSync } from 'node:fs';
import { heldUsual, usualChanged, cutAfterBytes } from '../../test/simulator/answer';
import { faults } from '../../test/simulator/faults';

import { eventually } from '../../test/support/eventually';
import { minuteMs, RefreshSuite } from '../../test/support/refresh-suite';

const suite = new RefreshSuite();
const ask = (process = suite.gateway) => process.tokens.forCredential(suite.bench.credential);
const current = (accountId: string) => suite.simulator.tokens.current(accountId);

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
      suite.bench.login({ expiresInSeconds: -10 });
      suite.simulator.scripts.oauth.always(faults[fault]);
      await expect(ask()).rejects.toThrow(advice);
      // The best of several: a busy machine may hold up any one of them.
      const tookMs: number[] = [];
      for (let tries = 0; tries < 5; tries += 1) {
        const startedMs = performance.now();
        await expect(ask()).rejects.toMatchObject({ status: 503, details: { shouldRetry: false } });
        tookMs.push(performance.now() - startedMs);
      }
      expect(Math.min(...tookMs)).toBeLessThan(50);
      suite.bench.clock.aheadMs += 60 * minuteMs;
      await expect(ask()).rejects.toThrow(advice);
      expect(suite.simulator.counts.refreshAttempts).toBe(1);
      expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ state: 'quarantined' });
    },
  );

  it('for good is told to the log without anybody asking for a token, with what to do', async () => {
    const { refreshToken } = suite.bench.login({ expiresInSeconds: -10 });
    suite.simulator.scripts.oauth.always(faults.refreshExpired);
    suite.gateway.tokens.onApplicationBootstrap();
    await eventually('the background has done its part', () =>
      /"advice":"its session is too old.*cannot be used any more/.test(suite.gateway.log.join('')),
    );
    expect(suite.gateway.log.join('')).not.toContain(refreshToken);
  });

  it('is not told of a login that was merely not looked at yet', async () => {
    suite.bench.login();
    suite.gateway.tokens.onApplicationBootstrap();
    await suite.gateway.store.announce('another account');
    await ask();
    expect(suite.gateway.log).toEqual([]);
  });

  it('for good is healed by a new login in the file', async () => {
    suite.bench.login({ expiresInSeconds: -10 });
    suite.simulator.scripts.oauth.next(faults.refreshExpired);
    await expect(ask()).rejects.toThrow(/refresh_token_expired/);
    const login = suite.bench.login();
    suite.bench.clock.aheadMs += 1_001;
    expect((await ask()).bearer).toBe(login.accessToken);
    expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ state: 'ok', advice: undefined });
  });

  it('because another program was faster takes over what that program left in the file', async () => {
    const login = suite.bench.login({ expiresInSeconds: -10 });
    suite.simulator.scripts.oauth.next(heldUsual());
    const asking = ask();
    await eventually('a token call is under way', () => suite.simulator.held === 1);
    // The Codex CLI rotates behind our back, while our call is on its way.
    const verdict = suite.simulator.tokens.refresh(login.refreshToken);
    const theirs = verdict.kind === 'rotated' ? verdict.login : undefined;
    const text = {
      tokens: { access_token: theirs?.accessToken, refresh_token: theirs?.refreshToken, account_id: login.accountId },
    };
    writeFileSync(suite.bench.path, JSON.stringify(text));
    suite.simulator.release();
    expect((await asking).bearer).toBe(theirs?.accessToken);
    expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ rotatedBy: 'file', state: 'ok' });
  });

  it.each(['refresh429', 'server500', 'html502', 'overloaded503'] as const)(
    'with %s backs off, serves the old token while it lasts, and tries the same token again later',
    async (fault) => {
      const login = suite.bench.login({ expiresInSeconds: 4 * 60 });
      suite.simulator.scripts.oauth.next(faults[fault]);
      expect((await ask()).bearer).toBe(login.accessToken);
      expect((await ask()).bearer).toBe(login.accessToken);
      expect(suite.simulator.counts.refreshAttempts).toBe(1);
      expect(suite.gateway.tokens.accountStates()[0]).toMatchObject({ state: 'backing_off' });
      suite.bench.clock.aheadMs += minuteMs;
      expect((await ask()).bearer).toBe(current(login.accountId)?.accessToken);
      expect(suite.simulator.counts).toMatchObject({ refreshAttempts: 2, reusedTokens: 0 });
    },
  );

  it('without a reply leaves the token alone for lease and grace, sends it once more, and never a third time', async () => {
    suite.bench.login({ expiresInSeconds: -10 });
    suite.simulator.scripts.oauth.always(faults.refusedConnection);
    const first = await ask().catch((error: unknown) => error);
    expect(first).toMatchObject({ status: 503, details: { retryAfterMs: expect.any(Number) as number } });
    for (const step of [30_000, 60_000, 29_000]) {
      suite.bench.clock.aheadMs += step;
      await expect(ask()).rejects.toMatchObject({ status: 503 });
    }
    expect(suite.simulator.counts.refreshAttempts).toBe(1);
    suite.bench.clock.aheadMs += 2_000;
    await expect(ask()).rejects.toMatchObject({ status: 503 });
    expect(suite.simulator.counts.refreshAttempts).toBe(2);
    suite.bench.clock.aheadMs += 10 * minuteMs;
    await expect(ask()).rejects.toThrow(/sent twice.*codex login/);
    suite.bench.clock.aheadMs += 10 * minuteMs;
    await expect(ask()).rejects.toThrow(/sent twice/);
    expect(suite.simulator.counts.refreshAttempts).toBe(2);
  });

  it('because the reply was lost on its way is found out by the second sending', async () => {
    suite.bench.login({ expiresInSeconds: -10 });
    suite.simulator.scripts.oauth.next(usualChanged((answer) => cutAfterBytes(answer, 20)));
    await expect(ask()).rejects.toMatchObject({ status: 503 });
    suite.bench.clock.aheadMs += 3 * minuteMs;
    await expect(ask()).rejects.toThrow(/refresh_token_reused/);
    expect(suite.simulator.counts).toMatchObject({ refreshAttempts: 2, reusedTokens: 1 });
  });

  it('with an empty success counts as a token whose fate is unknown', async () => {
    const login = suite.bench.login({ expiresInSeconds: 200 });
    suite.simulator.scripts.oauth.next(faults.refreshEmptyAnswer);
    expect((await ask()).bearer).toBe(login.accessToken);
    suite.bench.clock.aheadMs += minuteMs;
    expect((await ask()).bearer).toBe(login.accessToken);
    expect(suite.simulator.counts.refreshAttempts).toBe(1);
  });
});
