import { openPolicy, type Principal } from '../../kernel/principal';
import { type LimitState } from '../../metering/meter';
import { codexUsageShape, usageShape } from './usage-shapes';

const nowMs = Date.UTC(2026, 10, 26, 12);
const resetAtMs = nowMs + 86_400_000;
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

describe('what a holder is told of itself', () => {
  const principal: Principal = {
    kind: 'virtual',
    role: 'internal_user',
    keyHash: 'hash-alice',
    keyAlias: 'alice-laptop',
    teamId: 'core',
    userId: 'alice',
    policy: openPolicy,
    scopes: [],
    modelScopes: new Map(),
  };

  it('is no limit that only warns', () => {
    const soft: LimitState = { ...monthly, max: Number.MAX_SAFE_INTEGER };
    expect(usageShape(principal, undefined, [soft, rpm])['limits']).toMatchObject([{ limit: 'key.rpm_limit' }]);
    expect(codexUsageShape([soft], nowMs)).toMatchObject({ rate_limit: null, additional_rate_limits: [] });
  });

  it('is what it spent, what it is held to, what is left and when it starts anew', () => {
    const counters = {
      kind: 'key' as const,
      id: 'hash-alice',
      spent: 6_200_000,
      held: 1_000_000,
      running: 2,
      budgets: [],
    };

    expect(usageShape(principal, counters, [monthly, rpm, team])).toEqual({
      object: 'usage',
      key: { token: 'hash-alice', key_alias: 'alice-laptop', team_id: 'core', user_id: 'alice' },
      spend: 0.0062,
      held: 0.001,
      running_requests: 2,
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
          reset_at: '2026-11-27T12:00:00.000Z',
        },
        expect.objectContaining({ limit: 'key.rpm_limit', unit: 'requests', max: 60, used: 12, remaining: 48 }),
        expect.objectContaining({ limit: 'team.max_budget', scope: 'team', name: 'Core', remaining: 90 }),
      ],
    });
  });

  it('is nothing for a key that nobody has used', () => {
    expect(usageShape(principal, undefined, [])).toMatchObject({ spend: 0, held: 0, running_requests: 0, limits: [] });
  });
});

describe('what the Codex CLI shows', () => {
  const window = (used_percent: number, limit_window_seconds: number) => ({
    used_percent,
    limit_window_seconds,
    reset_after_seconds: 86_400,
    reset_at: resetAtMs / 1_000,
  });

  it('is the tightest budget as the window and every budget by its sum', () => {
    expect(codexUsageShape([monthly, daily, rpm, team], nowMs)).toEqual({
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
        expect.objectContaining({ limit_name: 'Budget of the team: USD 10/100' }),
      ],
      credits: null,
      spend_control: null,
    });
  });

  it('says when a budget is spent', () => {
    expect(codexUsageShape([{ ...monthly, used: 12_010_000_000 }], nowMs)).toMatchObject({
      rate_limit: { allowed: false, limit_reached: true, primary_window: { used_percent: 100 } },
    });
  });

  it('gives a budget without an end a window without a name, whose reset the CLI can still read', () => {
    const { resetAtMs: _, ...endless } = monthly;
    const shape = codexUsageShape([{ ...endless, period: 'lifetime' }], nowMs);

    expect(shape['rate_limit']).toMatchObject({
      primary_window: { limit_window_seconds: 0, reset_at: nowMs / 1_000 + 365 * 86_400 },
    });
    expect(_).toBe(resetAtMs);
  });

  it('has no windows without budgets', () => {
    expect(codexUsageShape([rpm], nowMs)).toMatchObject({ rate_limit: null, additional_rate_limits: [] });
  });
});
