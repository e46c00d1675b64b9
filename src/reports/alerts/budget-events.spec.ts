import { moneyOfKey } from '../../../test/support/limit-states';
import { type BudgetLimit, noLimits, type ScopeLimits } from '../../kernel/limits';
import { openPolicy, type Principal } from '../../kernel/principal';
import { type LimitState } from '../../metering/meter';
import { budgetEvents, refusedEvent } from './budget-events';

const resetAtMs = Date.UTC(2026, 11, 1);
/** Ten days before the end of a budget of thirty. */
const times = { nowMs: Date.UTC(2026, 10, 21), repeatMs: 86_400_000 };
const money: LimitState = { ...moneyOfKey, max: 10_000_000_000, used: 0, resetAtMs };

function holder(scope: Partial<ScopeLimits> = {}): Principal {
  return {
    kind: 'virtual',
    role: 'internal_user',
    keyHash: 'ab12',
    keyAlias: 'ci-bot',
    teamId: 'core',
    userId: 'ada',
    userEmail: 'ada@example.com',
    policy: openPolicy,
    scopes: [{ kind: 'key', id: 'ab12', limits: noLimits, mode: 'enforce', ...scope }],
    modelScopes: new Map(),
  };
}

function eventsAt(used: number, changes: Partial<LimitState> = {}, principal = holder()) {
  return budgetEvents({ principal, customer: undefined }, [{ ...money, ...changes, used }], times);
}
const namesAt = (used: number, changes?: Partial<LimitState>): readonly string[] =>
  eventsAt(used, changes).map(({ body }) => body.event);

describe('what of a budget is worth an alert', () => {
  it('is the highest level that it reached', () => {
    expect(namesAt(1_000_000_000)).toEqual([]);
    expect(namesAt(8_499_999_999, { resetAtMs: times.nowMs + 1 })).toEqual([]);
    expect(namesAt(8_500_000_000)).toEqual(['threshold_crossed']);
    expect(namesAt(9_500_000_000)).toEqual(['threshold_crossed']);
    expect(namesAt(10_000_000_000)).toEqual(['budget_crossed']);
    expect(namesAt(12_000_000_000)).toEqual(['budget_crossed']);
  });

  it('says who, how much of what, until when, in LiteLLM’s members', () => {
    expect(eventsAt(9_600_000_000)[0]?.body).toEqual({
      spend: 9.6,
      max_budget: 10,
      token: 'ab12',
      customer_id: null,
      user_id: 'ada',
      team_id: 'core',
      user_email: 'ada@example.com',
      key_alias: 'ci-bot',
      projected_exceeded_date: null,
      projected_spend: null,
      event: 'threshold_crossed',
      event_group: 'key',
      event_message:
        '95 % of the budget used: Key ci-bot has used $9.60 of $10.00, starts anew at 2026-12-01T00:00:00.000Z.',
      unit: 'usd',
      period: '30d',
      resets_at: '2026-12-01T00:00:00.000Z',
    });
  });

  it('names nobody who only happened to use a common budget', () => {
    const [team] = eventsAt(10e9, { scope: 'team', scopeId: 'core', name: 'Core' });
    expect(team?.body).toMatchObject({
      event_group: 'team',
      team_id: 'core',
      user_id: null,
      user_email: null,
      token: null,
    });
    const [customer] = eventsAt(10e9, { scope: 'customer', scopeId: 'acme' });
    expect(customer?.body).toMatchObject({
      event_group: 'customer',
      customer_id: 'acme',
      user_id: null,
      team_id: null,
    });
    const [proxy] = eventsAt(10e9, { scope: 'proxy', scopeId: 'all' });
    expect(proxy?.body).toMatchObject({ event_group: 'proxy', token: null, team_id: null });
    const [member] = eventsAt(10e9, { scope: 'member', scopeId: 'core/ada' });
    expect(member?.body).toMatchObject({ event_group: 'internal_user', team_id: 'core', user_id: 'ada' });
  });

  it('makes lower levels of the same budget pointless, so that a hold that is given back tells nothing new', () => {
    const [crossed] = eventsAt(10e9);
    const [ninetyFive] = eventsAt(9.6e9);
    const [eightyFive] = eventsAt(8.6e9);

    expect(crossed?.covers).toEqual(expect.arrayContaining([ninetyFive?.key, eightyFive?.key]));
    expect(ninetyFive?.covers).toContain(eightyFive?.key);
    expect(eightyFive?.covers).not.toContain(ninetyFive?.key);
  });

  it('is told once for each period, and again when the budget was changed', () => {
    const key = (changes: Partial<LimitState>): string | undefined => eventsAt(9.6e9, changes)[0]?.key;

    expect(key({})).toBe(key({}));
    expect(key({ resetAtMs: resetAtMs + 1 })).not.toBe(key({}));
    expect(key({ max: 9.9e9 })).not.toBe(key({}));
    expect(key({ scopeId: 'cd34' })).not.toBe(key({}));
    expect(key({ model: 'gpt-5.5' })).not.toBe(key({}));
    expect(eventsAt(9.6e9)[0]?.ttlMs).toBe(resetAtMs - times.nowMs);
  });

  it('is told again after a while when the budget never starts anew', () => {
    const { resetAtMs: _, ...endless } = money;
    const [event] = budgetEvents(
      { principal: holder(), customer: undefined },
      [{ ...endless, period: '', used: 10e9 }],
      times,
    );

    expect(event?.ttlMs).toBe(86_400_000);
    expect(event?.body).toMatchObject({ period: null, resets_at: null });
    expect(_).toBe(resetAtMs);
  });

  it('tells a soft budget by itself', () => {
    const budget = { unit: 'nano_usd' as const, max: 10e9, soft: 4e9, duration: '30d', anchorMs: 0 };
    const soft = holder({ limits: { budgets: [budget] } });

    expect(eventsAt(3.9e9, {}, soft).map(({ body }) => body.event)).not.toContain('soft_budget_crossed');
    const [event] = eventsAt(4e9, { resetAtMs: times.nowMs + 1 }, soft);
    expect(event?.body).toMatchObject({ event: 'soft_budget_crossed', spend: 4, max_budget: 4 });
    expect(eventsAt(9e9, {}, soft).map(({ body }) => body.event)).toEqual(['threshold_crossed', 'soft_budget_crossed']);
  });

  it('tells a soft budget anew when it was raised, and that of the one budget among several that has it', () => {
    const budget = { unit: 'nano_usd' as const, max: 10e9, duration: '30d', anchorMs: 0 };
    const softOf = (...budgets: BudgetLimit[]) =>
      eventsAt(6e9, {}, holder({ limits: { budgets } })).filter(({ body }) => body.event === 'soft_budget_crossed');
    const [first] = softOf({ ...budget, soft: 2e9 });
    const [raised] = softOf({ ...budget, soft: 5e9 });
    expect(first?.key).toBe(softOf({ ...budget, soft: 2e9 })[0]?.key);
    expect(raised?.key).not.toBe(first?.key);
    expect(softOf({ ...budget, max: 20e9 }, { ...budget, soft: 5e9 })).toHaveLength(1);
    expect(softOf({ ...budget, max: 20e9, soft: 5e9 }, budget)).toEqual([]);
  });

  it('tells when a budget will not last, once enough of the period has passed', () => {
    // Two thirds of the month are over.
    const [event] = eventsAt(8e9);
    expect(event?.body).toMatchObject({
      event: 'projected_limit_exceeded',
      projected_spend: 12,
      projected_exceeded_date: '2026-11-26T00:00:00.000Z',
    });
    expect(namesAt(6.6e9)).toEqual([]);
    expect(namesAt(3e9, { resetAtMs: times.nowMs + 29.9 * 86_400_000 })).toEqual([]);
    expect(namesAt(8e9, { period: 'whenever' })).toEqual([]);
  });

  it('is nothing for rates, slots and budgets of nothing', () => {
    expect(namesAt(60, { limit: 'requests', period: 'window', max: 60 })).toEqual([]);
    expect(namesAt(3, { limit: 'parallel', period: 'window', max: 3 })).toEqual([]);
    expect(namesAt(0, { max: 0 })).toEqual([]);
  });

  it('counts tokens, requests and shares of the plan in their own measure', () => {
    expect(eventsAt(960, { limit: 'tokens', max: 1_000 })[0]?.body).toMatchObject({
      unit: 'tokens',
      spend: 960,
      max_budget: 1_000,
    });
    expect(eventsAt(240_000, { limit: 'plan_week', max: 250_000 })[0]?.body).toMatchObject({
      unit: 'percent',
      spend: 24,
      max_budget: 25,
    });
  });

  it('takes a refusal for a crossed budget, also when a little is left', () => {
    const body = refusedEvent(holder(), { ...money, used: 9.99e9 }, times)?.body;
    expect(body?.event).toBe('budget_crossed');
    expect(body?.event_message).toMatch(
      /^Budget crossed: Key ci-bot has used \$9\.99 of \$10\.00, too little is left for a request, starts/,
    );
    expect(eventsAt(10e9)[0]?.body.event_message).toMatch(/has used \$10\.00 of \$10\.00, starts/);
    expect(refusedEvent(holder(), { ...money, limit: 'requests', period: 'window' }, times)).toBeUndefined();
  });
});
