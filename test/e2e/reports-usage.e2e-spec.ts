import { type LimitState } from '../../src/metering/meter';
import { type ReportBench } from '../support/report-bench';
import { startSeededBench } from '../support/report-seed';

let bench: ReportBench;
beforeAll(async () => {
  bench = await startSeededBench();
});
afterAll(async () => {
  await bench.close();
});

/** Far ahead, whole seconds. */
const resetAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + 86_400_000;
const monthly: LimitState = {
  scope: 'key',
  scopeId: 'hash-alice',
  name: 'alice-laptop',
  limit: 'nano_usd',
  period: '30d',
  max: 12_000_000_000,
  used: 7_384_000_000,
  resetAtMs,
};
const daily: LimitState = { ...monthly, period: '1d', max: 2_000_000_000, used: 1_600_000_000 };
const rpm: LimitState = { ...monthly, limit: 'requests', period: 'window', max: 60, used: 12 };
const team: LimitState = { ...monthly, scope: 'team', scopeId: 'core', name: 'Core', max: 100e9, used: 10e9 };
const proxy: LimitState = { ...monthly, scope: 'proxy', scopeId: 'all', max: 90e9, used: 89e9 };

describe('GET /v1/usage', () => {
  it('tells a holder what it spent, what it is held to, what is left and when it starts anew', async () => {
    bench.books.states = [monthly, rpm, team, proxy, { ...monthly, scopeId: 'hash-bob' }];

    expect(await bench.json('alice', '/v1/usage')).toEqual({
      object: 'usage',
      key: { token: 'hash-alice', key_alias: 'alice-laptop', team_id: 'core', user_id: 'alice' },
      spend: 0.0062,
      held: 0,
      running_requests: 0,
      limits: [
        {
          limit: 'key.max_budget',
          scope: 'key',
          name: 'alice-laptop',
          model: null,
          unit: 'usd',
          period: '30d',
          max: 12,
          used: 7.384,
          remaining: 4.616,
          reset_at: new Date(resetAtMs).toISOString(),
        },
        expect.objectContaining({ limit: 'key.rpm_limit', unit: 'requests', max: 60, used: 12, remaining: 48 }),
        expect.objectContaining({ limit: 'team.max_budget', scope: 'team', name: 'Core', remaining: 90 }),
      ],
    });
  });

  it('shows how full the whole proxy is to operators only', async () => {
    bench.books.states = [proxy];

    expect((await bench.json('admin', '/usage'))['limits']).toEqual([expect.objectContaining({ scope: 'proxy' })]);
    expect((await bench.json('bot', '/v1/usage'))['limits']).toEqual([]);
  });
});

describe('what the Codex CLI asks for /status', () => {
  it.each(['/backend-api/wham/usage', '/api/codex/usage'])(
    '%s shows the tightest budget as the window and every budget by its sum',
    async (path) => {
      bench.books.states = [monthly, daily, rpm, proxy];
      const answer = await bench.json('alice', path);
      const { reset_after_seconds: after } = (answer['rate_limit'] as { primary_window: Record<string, number> })
        .primary_window;

      expect(after).toBeGreaterThan(86_000);
      const window = (used_percent: number, limit_window_seconds: number) => ({
        used_percent,
        limit_window_seconds,
        reset_after_seconds: after,
        reset_at: resetAtMs / 1_000,
      });
      expect(answer).toEqual({
        plan_type: 'team',
        rate_limit: {
          allowed: true,
          limit_reached: false,
          primary_window: window(80, 86_400),
          secondary_window: window(61, 2_592_000),
        },
        additional_rate_limits: [
          {
            limit_name: 'Budget USD 1.6/2',
            metered_feature: 'codex_budget',
            rate_limit: {
              allowed: true,
              limit_reached: false,
              primary_window: window(80, 86_400),
              secondary_window: null,
            },
          },
          {
            limit_name: 'Budget USD 7.38/12',
            metered_feature: 'codex_budget',
            rate_limit: {
              allowed: true,
              limit_reached: false,
              primary_window: window(61, 2_592_000),
              secondary_window: null,
            },
          },
        ],
        credits: null,
        spend_control: null,
      });
    },
  );

  it('says when a budget is spent', async () => {
    bench.books.states = [{ ...monthly, used: 12_010_000_000 }];

    expect(await bench.json('alice', '/api/codex/usage')).toMatchObject({
      rate_limit: { allowed: false, limit_reached: true, primary_window: { used_percent: 100 } },
    });
  });

  it('gives a budget without an end a window without a name, whose reset the CLI can still read', async () => {
    const { resetAtMs: _, ...endless } = monthly;
    bench.books.states = [{ ...endless, period: '' }];
    const { rate_limit } = (await bench.json('alice', '/api/codex/usage')) as {
      rate_limit: { primary_window: { limit_window_seconds: number; reset_at: number } };
    };

    expect(rate_limit.primary_window.limit_window_seconds).toBe(0);
    expect(rate_limit.primary_window.reset_at).toBeGreaterThan(Date.now() / 1_000);
    expect(_).toBe(resetAtMs);
  });

  it('has no windows without budgets', async () => {
    bench.books.states = [rpm];

    expect(await bench.json('alice', '/api/codex/usage')).toMatchObject({
      rate_limit: null,
      additional_rate_limits: [],
    });
  });
});
