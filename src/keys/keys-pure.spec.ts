import { z } from 'zod';
import { openPolicy, type Principal } from '../kernel/principal';
import { MovedClock } from '../../test/support/moved-clock';
import { addressName, HitCounter } from './hit-counter';
import { mayUse, modelRefusal } from './model-access';
import { routeRefusal } from './route-access';
import { type RouteRule } from './route-group.decorator';
import { readFields, readStrictly } from './management/request-fields';
import { newMemberShape } from './management/team-fields';
import { periodAt } from '../kernel/periods';
import { after, isDuration } from './rows/duration';
import { limitShape } from './rows/limit-fields';

const holder = (policy: Partial<Principal['policy']>, role: Principal['role'] = 'internal_user'): Principal => ({
  kind: 'virtual',
  role,
  keyHash: 'h',
  policy: { ...openPolicy, ...policy },
  scopes: [],
  modelScopes: new Map(),
});

describe('durations', () => {
  it.each(['30s', '15m', '24h', '30d', '2w', '1mo'])('%s is one', (text) => {
    expect(isDuration(text)).toBe(true);
  });
  it.each(['', '0s', '-1', '1', 'd', '1y', '1.5h', ' 1h', '1h ', '9999999d'])('%j is none', (text) => {
    expect(isDuration(text)).toBe(false);
  });
  it('counts months by the calendar, and ends at the last day of a shorter one', () => {
    expect(new Date(after(Date.parse('2026-01-31T10:00:00Z'), '1mo')).toISOString()).toBe('2026-02-28T10:00:00.000Z');
    expect(new Date(after(Date.parse('2026-11-15T10:00:00Z'), '3mo')).toISOString()).toBe('2027-02-15T10:00:00.000Z');
    expect(after(0, '2w')).toBe(1_209_600_000);
  });
  it.each([
    ['hourly', '1h'],
    ['daily', '24h'],
    ['weekly', '7d'],
    ['monthly', '30d'],
  ])('%s is LiteLLM’s word for %s', (word, duration) => {
    expect(isDuration(word)).toBe(true);
    expect(after(0, word)).toBe(after(0, duration));
    expect(periodAt(word, 7, 9e11, 'Europe/Berlin')).toEqual(periodAt(duration, 7, 9e11, 'Europe/Berlin'));
  });
});

describe('a field that cannot be read', () => {
  const said = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('it was read');
  };

  it.each([
    [{ model_max_budget: { 'gpt-5.5': '5' } }, "'model_max_budget.gpt-5.5' must be a map."],
    [{ budget_limits: {} }, "'budget_limits' must be a list."],
    [
      { budget_limits: [5] },
      "'budget_limits.0' must be {budget_duration, and one of max_budget, max_tokens, max_requests, plan_share_5h, plan_share_week}.",
    ],
  ])('%j: it is told what it must be, not that it is missing', (body, message) => {
    expect(said(() => readFields(body, { shape: limitShape }))).toBe(message);
  });

  it('is missing only where it is', () => {
    const schema = z.strictObject({ keys: z.array(z.object({ id: z.string() })).min(1) });
    expect(said(() => readStrictly(schema, {}))).toBe("'keys' is missing.");
    expect(said(() => readStrictly(schema, { keys: [{}] }))).toBe("'keys.0.id' is missing.");
    expect(said(() => readStrictly(schema, { keys: 'x' }))).toBe("'keys' must be a list.");
    expect(said(() => readStrictly(schema, { keys: [{ id: 5 }] }))).toBe("'keys.0.id' must be text.");
    expect(said(() => readStrictly(schema, { keys: [] }))).toBe("'keys' must have at least 1 entry.");
    expect(said(() => readFields({ team_id: 't', member: [] }, { shape: newMemberShape }))).toBe(
      "'member' must have at least 1 entry.",
    );
  });
});

describe('models of a key', () => {
  const rule = (author: 'key' | 'team' | 'user', ...models: readonly string[]) => ({ author, models });
  const facts = { names: ['group-a'], accessGroups: ['beta'] };
  it.each([
    [[], true],
    [[rule('key', 'asked')], true],
    [[rule('key', 'group-a')], true],
    [[rule('key', 'beta')], true],
    [[rule('key', 'all-proxy-models')], true],
    [[rule('key')], false],
    [[rule('key', 'other')], false],
    [[rule('key', 'as*')], true],
    [[rule('key', '*ked')], true],
    [[rule('key', 'a*k*d')], true],
    [[rule('key', 'as*sk*d')], false],
    [[rule('key', '*')], true],
    [[rule('key', 'asked'), rule('team', 'other')], false],
  ])('%j lets asked in: %s', (modelRules, expected) => {
    expect(mayUse(holder({ modelRules }), 'asked', facts)).toBe(expected);
  });
  it.each(['key', 'team', 'user'] as const)('is refused in the name of the %s', (author) => {
    const error = modelRefusal(holder({ modelRules: [rule(author)] }), 'asked', facts);
    expect(error).toMatchObject({
      status: 403,
      type: `${author}_model_access_denied`,
      code: 'model_not_found',
      param: 'model',
    });
  });
  it('never takes long over a pattern', () => {
    const name = 'a'.repeat(256);
    const started = performance.now();
    expect(mayUse(holder({ modelRules: [rule('key', `${'*a'.repeat(120)}b`)] }), name, facts)).toBe(false);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('routes of a key', () => {
  const llm: RouteRule = { kind: 'llm_api', roles: 'everyone', always: false };
  const manage: RouteRule = { kind: 'management', roles: 'admins', always: false };
  const info: RouteRule = { kind: 'info', roles: 'everyone', always: false };
  it.each([
    [undefined, llm, '/v1/chat/completions', true],
    [['llm_api_routes'], llm, '/v1/chat/completions', true],
    [['openai_routes'], llm, '/v1/chat/completions', true],
    [['info_routes'], llm, '/v1/chat/completions', false],
    [['/v1/chat/completions'], llm, '/chat/completions', true],
    [['/chat/completions'], llm, '/v1/chat/completions', true],
    [['/v1/*'], llm, '/v1/responses', true],
    [['/v1/*'], llm, '/responses', true],
    [['/v1/*'], llm, '/backend-api/codex/responses', false],
    [['/v1/*'], llm, '/openai/deployments/m/chat/completions', false],
    [['/v1/*'], llm, '/utils/transform_request', false],
    [['/v1/*'], info, '/key/info', false],
    [['/key/*'], info, '/key/info', true],
    [['/key/*'], info, '/keys', false],
    [['management_routes'], info, '/key/list', true],
    [[], llm, '/v1/chat/completions', false],
  ])('%j opens %o %s: %s', (allowedRoutes, rule, path, expected) => {
    const principal = holder(allowedRoutes === undefined ? {} : { allowedRoutes });
    expect(routeRefusal(principal, rule, path) === undefined).toBe(expected);
  });
  it('never opens what the role does not', () => {
    const principal = holder({ allowedRoutes: ['management_routes', '/key/*'] });
    expect(routeRefusal(principal, manage, '/key/block')).toContain('proxy_admin');
    expect(routeRefusal(holder({}, 'proxy_admin_viewer'), manage, '/key/block')).toContain('proxy_admin');
    expect(routeRefusal(holder({}, 'proxy_admin'), manage, '/key/block')).toBeUndefined();
  });
});

describe('the hit counter', () => {
  const rule = { windowMs: 1_000, limit: 3, blockMs: 5_000 };
  it('refuses after the limit, for as long as was said, and counts anew then', () => {
    const clock = new MovedClock();
    const counter = new HitCounter(clock);
    const hit = (): boolean => counter.hit('a', rule).blockedForMs > 0;
    expect([hit(), hit(), hit(), hit()]).toEqual([false, false, false, true]);
    clock.aheadMs += 4_900;
    expect(hit()).toBe(true);
    clock.aheadMs += 200;
    expect([hit(), hit(), hit(), hit()]).toEqual([false, false, false, true]);
  });
  it('remembers so many names and no more, and is quick under attack', () => {
    const counter = new HitCounter(new MovedClock(), 10_000);
    const started = performance.now();
    for (let at = 0; at < 100_000; at += 1) counter.hit(`name ${at}`, rule);
    expect(counter.size).toBeLessThanOrEqual(10_000);
    expect(counter.size).toBeGreaterThan(5_000);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
  it('takes a network of IPv6 for one address', () => {
    expect(addressName('2001:db8:1:2:3::4')).toBe(addressName('2001:db8:1:2:ffff::1'));
    expect(addressName('2001:db8:1:2::1')).not.toBe(addressName('2001:db8:1:3::1'));
    expect(addressName('::ffff:10.0.0.1')).toBe(addressName('10.0.0.1'));
    expect(addressName('10.0.0.2')).not.toBe(addressName('10.0.0.1'));
  });
});
