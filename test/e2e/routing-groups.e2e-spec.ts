import { held } from '../simulator/answer';
import { text } from '../simulator/answers';
import { burst429, faults, usageLimit } from '../simulator/faults';
import { teamConfig } from '../support/accounts';
import { post, send } from '../support/calls';
import { errorOf, RuledWorld } from '../support/ruled-world';

const quiet = 'quota_poll_seconds: 0';
const rules = new RuledWorld();

describe('a constant outage', () => {
  rules.withGateway([{ account: 'a' }, { account: 'b' }], {
    rest: `router_settings: { ${quiet}, disable_cooldowns: true, num_retries: 5 }\n`,
  });

  let [calls, sent] = [0, 0];

  it.each(['server500', 'failedOverloaded', 'refusedConnection', 'eofBeforeContent', 'cloudflare403'] as const)(
    'costs at most the retry budget, a fifth of the calls: %s',
    async (name) => {
      rules.world.simulator.script.always(faults[name]);
      const before = rules.world.simulator.seen.length;
      for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 20 }, () => rules.ask()));
      calls += 60;
      sent += rules.world.askedSince(before).length;
      // One call came before, to fill the catalog.
      expect(sent).toBeLessThanOrEqual(calls + (calls + 1) / 5);
    },
  );

  it('and is tried again as long as the budget lasts', () => {
    expect(sent).toBeGreaterThan(calls * 1.1);
  });
});

describe('an outage that makes deployments rest', () => {
  rules.withGateway([{ account: 'a' }, { account: 'b' }], {
    rest: `router_settings: { ${quiet}, cooldown_time: 60, queue_timeout: 0 }\n`,
  });

  it('soon costs no calls at all, and says when it is worth trying again', async () => {
    rules.world.simulator.script.always(faults.server500);
    for (let call = 0; call < 20; call += 1) await rules.ask();
    const { answer, to } = await rules.ask();
    expect(to).toEqual([]);
    expect(answer.status).toBe(429);
    expect(errorOf(answer)).toMatchObject({ type: 'all_deployments_in_cooldown', gateway: { author: 'upstream' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(
      (await rules.world.resting()).map(({ scope, kind, seconds }) => `${scope} ${kind} ${seconds}`).sort(),
    ).toEqual(['deployment a errors 60', 'deployment b errors 60']);
  });
});

describe('requests that give nobody the time to answer', () => {
  rules.withGateway([{ account: 'a' }, { account: 'b' }], {
    rest: `router_settings: { ${quiet}, queue_timeout: 0, allowed_fails: 1 }\n`,
  });

  it('make nothing rest: others are served as before', async () => {
    rules.world.simulator.script.always(faults.silence);
    for (let call = 0; call < 12; call += 1) {
      const { answer } = await rules.ask({ stream_timeout: 0.02, num_retries: 1 });
      expect([answer.status, errorOf(answer)['type']]).toEqual([504, 'timeout']);
    }
    expect(await rules.world.resting()).toEqual([]);
    rules.world.simulator.script.always(text('pong'));
    expect((await rules.ask()).answer.status).toBe(200);
  });
});

describe('accounts that are used up', () => {
  rules.withGateway([{ account: 'a' }, { account: 'b' }], {
    rest: `router_settings: { ${quiet}, queue_timeout: 0 }\n`,
  });

  it.each([
    ['first', 600, 7_200],
    ['last', 7_200, 600],
  ])(
    'are passed over until their reset; when all are, the earliest is told, be it of the %s one',
    async (_which, ofA, ofB) => {
      rules.world.answers('a', usageLimit(ofA));
      rules.world.answers('b', usageLimit(ofB));
      const first = await rules.ask();
      expect([...first.to].sort()).toEqual(['a', 'b']);
      expect(first.answer.status).toBe(429);
      expect(Math.abs(Number(first.answer.headers.get('retry-after')) - 600)).toBeLessThan(20);
      expect(errorOf(first.answer)).toMatchObject({ type: 'usage_limit_reached', gateway: { author: 'plan_window' } });
      const { answer, to } = await rules.ask();
      expect(to).toEqual([]);
      expect(answer.status).toBe(429);
      expect(errorOf(answer)).toMatchObject({
        type: 'usage_limit_reached',
        gateway: { author: 'plan_window', limit: 'plan_window', remaining: 0 },
      });
      expect(Math.abs(Number(answer.headers.get('retry-after')) - 600)).toBeLessThan(20);
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(answer.headers.get('x-codex-gateway-refused-by')).toBe('plan_window');
      expect(answer.headers.get('x-codex-gateway-limit')).toBe('plan_window');
      expect(Number(answer.headers.get('x-codex-gateway-reset-at'))).toBeGreaterThan(Date.now() / 1_000 + 500);
    },
  );

  it('beside refused logins are a 429; refused logins alone are a 503', async () => {
    rules.world.answers('a', usageLimit(600));
    rules.world.answers('b', faults.deactivatedWorkspace402);
    await rules.ask();
    expect((await rules.ask()).answer.status).toBe(429);
    await rules.world.rested();
    rules.world.simulator.script.always(faults.deactivatedWorkspace402);
    await rules.ask();
    const { answer, to } = await rules.ask();
    expect([answer.status, to]).toEqual([503, []]);
    expect(errorOf(answer)['type']).toBe('upstream_authentication_error');
    expect(
      [...(await rules.world.accounts()).values()].flatMap(({ routing }) => routing.quarantine_reason ?? []),
    ).toEqual(['deactivated_workspace', 'deactivated_workspace']);
  });

  it('are used again when an admin says so', async () => {
    rules.world.simulator.script.always(usageLimit(600));
    await rules.ask();
    rules.world.simulator.script.clear();
    expect((await rules.ask()).answer.status).toBe(429);
    const cleared = await post(rules.world.bench, '/account/clear_cooldown', { account: 'a' });
    expect(cleared.json).toEqual({ cleared: ['account a'] });
    expect(await rules.ask()).toMatchObject({ answer: { status: 200 }, to: ['a'] });
    expect((await post(rules.world.bench, '/account/clear_cooldown', { account: 'nobody' })).status).toBe(400);
  });

  it('are shown with windows, plan and cooldowns to admins only', async () => {
    rules.world.answers('a', usageLimit(600));
    await Promise.all([rules.ask(), rules.ask(), rules.ask(), rules.ask()]);
    const accounts = await rules.world.accounts();
    const [a, b] = [accounts.get('a')?.routing, accounts.get('b')?.routing];
    expect(b).toMatchObject({ plan: 'plus', in_flight: 0, credits: { has_credits: false }, cooldowns: [] });
    expect(b?.windows.map(({ window, used_percent, source }) => [window, used_percent, source])).toEqual([
      ['5h', 12.5, 'headers'],
      ['week', 29, 'headers'],
    ]);
    expect(a?.cooldowns).toMatchObject([{ scope: 'account a', kind: 'quota', reason: 'usage_limit_reached' }]);
    const stranger = await send(rules.world.bench, '/account/list', {
      headers: { authorization: 'Bearer sk-of-nobody-at-all' },
    });
    expect(stranger.status).toBe(401);
  });

  it('keep their windows to the operator', async () => {
    const { answer } = await rules.ask();
    expect(
      [...answer.headers.keys()].filter((name) => /^x-codex-(primary|secondary|credits|plan|active)/.test(name)),
    ).toEqual([]);
  });
});

describe('clients that may see the plan', () => {
  rules.withGateway([{ account: 'a' }], { rest: `router_settings: { ${quiet}, expose_plan_quota: true }\n` });

  it('get the headers that the Codex CLI reads', async () => {
    const { answer } = await rules.ask();
    expect(answer.headers.get('x-codex-primary-used-percent')).toBe('12.5');
    expect(answer.headers.get('x-codex-secondary-window-minutes')).toBe('10080');
    expect(answer.headers.get('x-codex-credits-has-credits')).toBe('False');
    expect(answer.headers.get('openai-model')).toBeNull();
  });
});

describe('a burst limit of the only account', () => {
  rules.withGateway([{ account: 'a' }], { rest: `router_settings: { ${quiet} }\n` });

  it('is waited for as long as the upstream asks', async () => {
    rules.world.simulator.script.next(burst429(1));
    const startedMs = performance.now();
    const { answer, to } = await rules.ask();
    expect(answer.status).toBe(200);
    expect(to).toEqual(['a', 'a']);
    expect(performance.now() - startedMs).toBeGreaterThan(950);
    expect(answer.headers.get('x-litellm-attempted-retries')).toBe('1');
    expect(answer.headers.get('x-litellm-max-retries')).toBe('2');
  });
});

describe('deployments that may have one call at a time', () => {
  rules.withGateway([{ account: 'a', params: 'max_parallel_requests: 1' }], {
    rest: `router_settings: { ${quiet}, queue_timeout: 1 }\n`,
  });

  it('make a second call wait its turn, and refuse it when that takes too long', async () => {
    rules.world.simulator.script.next(held(text('first')), text('second'));
    const first = rules.ask();
    await rules.world.simulator.waitForRequest(rules.world.isOf('a'));
    while (rules.world.simulator.held === 0) await new Promise((resolve) => setImmediate(resolve));
    const startedMs = performance.now();
    const late = await rules.ask();
    expect(late.answer.status).toBe(429);
    expect(errorOf(late.answer)).toMatchObject({
      gateway: { author: 'gateway', limit: 'max_parallel_requests', remaining: 0 },
    });
    expect(performance.now() - startedMs).toBeGreaterThan(950);
    const patient = rules.ask();
    setTimeout(() => {
      rules.world.simulator.release();
    }, 100);
    expect((await first).answer.text).toContain('first');
    expect((await patient).answer.text).toContain('second');
  });
});

describe('levels of order', () => {
  rules.withGateway(
    [
      { account: 'a', params: 'order: 1' },
      { account: 'b', params: 'order: 1' },
      { account: 'c', params: 'order: 2' },
    ],
    {
      rest: `router_settings: { ${quiet}, num_retries: 1 }\n`,
    },
  );

  it('are tried one after the other, each with its own retries', async () => {
    for (let call = 0; call < 6; call += 1) expect(['a', 'b']).toContain((await rules.ask()).to[0]);
    rules.world.answers('a', faults.server500);
    rules.world.answers('b', faults.server500);
    const { answer, to } = await rules.ask();
    expect(answer.status).toBe(200);
    expect([...to.slice(0, 2)].sort()).toEqual(['a', 'b']);
    expect(to.slice(2)).toEqual(['c']);
  });

  it('leave those that rest out at once', async () => {
    rules.world.answers('a', usageLimit(600));
    rules.world.answers('b', usageLimit(600));
    await rules.ask();
    expect((await rules.ask()).to).toEqual(['c']);
  });
});

describe('a paid overflow', () => {
  rules.withGateway([{ account: 'a' }, { account: 'b' }], {
    config: (simulator) =>
      `${teamConfig([{ account: 'a' }, { account: 'b' }])}  - { model_name: team, litellm_params: { model: openai/gpt-4.1, api_base: "${simulator.openAiUrl}", api_key: sk-paid }, model_info: { id: paid } }\nrouter_settings: { ${quiet} }\n`,
  });

  it('answers only when the plans are used up', async () => {
    for (let call = 0; call < 10; call += 1) expect(['a', 'b']).toContain((await rules.ask()).to[0]);
    rules.world.simulator.script.always(usageLimit(600));
    const { answer, to } = await rules.ask();
    expect(answer.status).toBe(200);
    expect([...to.slice(0, 2)].sort()).toEqual(['a', 'b']);
    expect(answer.headers.get('x-litellm-model-id')).toBe('paid');
    expect((await rules.ask()).to).toEqual(['another']);
  });

  it('is not asked in the place of a request that is wrong', async () => {
    rules.world.simulator.script.always(faults.contextLength400);
    const { answer, to } = await rules.ask();
    expect(answer.status).toBe(400);
    expect(to).toHaveLength(1);
  });
});
