import { json } from '../simulator/answer';
import { faults, usageLimit } from '../simulator/faults';
import { AccountsBench } from '../support/accounts';
import { post } from '../support/calls';
import { eventually } from '../support/login-gateways';

const question = { model: 'team', input: 'Hi' };

async function asked(world: AccountsBench): Promise<{ readonly status: number; readonly to: readonly string[] }> {
  const before = world.simulator.seen.length;
  const { status } = await post(world.bench, '/v1/responses', question);
  return { status, to: world.askedSince(before) };
}

describe('a login that is refused', () => {
  let world: AccountsBench;
  beforeAll(async () => {
    world = await AccountsBench.start([{ account: 'a' }, { account: 'b' }], { rest: 'router_settings: { quota_poll_seconds: 0 }\n' });
  }); // prettier-ignore
  afterAll(() => world.close());

  it('is left alone by everybody, and used again as soon as somebody signs in anew', async () => {
    for (let call = 0; call < 4; call += 1) await asked(world);
    const refused = world.bench.logins.get('a');
    world.simulator.tokens.kill(refused?.accountId ?? '');
    world.simulator.tokens.expire(refused?.accessToken ?? '');
    await eventually('the dead login is noticed', async () => {
      expect((await asked(world)).status).toBe(200);
      return (await world.resting()).some(({ scope, kind }) => scope === 'account a' && kind === 'quarantine');
    });
    for (let call = 0; call < 6; call += 1) expect(await asked(world)).toEqual({ status: 200, to: ['b'] });
    expect((await world.accounts()).get('a')?.routing.quarantine_reason).toMatch(/login|token/);
    // A look at the refused login has to be taken before another one can be told from it.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const { login } = world.simulator.makeAuthFile(world.bench.folder, { fileName: 'a.json' });
    const renewed = ({ headers }: { headers: Readonly<Record<string, string>> }): boolean =>
      headers['chatgpt-account-id'] === login.accountId;
    await eventually('the new login is used', async () => {
      await asked(world);
      return world.simulator.seen.some((seen) => seen.method === 'POST' && renewed(seen));
    });
  }, 60_000);
});

describe('the usage route', () => {
  let world: AccountsBench;
  beforeAll(async () => {
    world = await AccountsBench.start([{ account: 'a' }, { account: 'b' }], { rest: 'router_settings: { quota_poll_seconds: 1, queue_timeout: 0 }\n' });
  }); // prettier-ignore
  afterAll(() => world.close());

  it('is asked about accounts that nobody uses', async () => {
    await eventually('both are known', async () => {
      const accounts = await world.accounts();
      return ['a', 'b'].every(
        (name) => accounts.get(name)?.routing.windows.some(({ source }) => source === 'poll') === true,
      );
    });
    expect((await world.accounts()).get('a')?.routing.windows).toMatchObject([
      { window: '5h', used_percent: 12.5, source: 'poll' },
      { window: 'week', used_percent: 29 },
    ]);
  });

  it('finds out that a used-up account was reset early, and one call makes sure', async () => {
    world.simulator.script.always(usageLimit(7_200));
    world.simulator.scripts.usage.always(usedUp(100));
    expect((await asked(world)).status).toBe(429);
    expect(await asked(world)).toEqual({ status: 429, to: [] });
    world.simulator.script.clear();
    world.simulator.scripts.usage.always(usedUp(1));
    await eventually('an account is used again', async () => (await asked(world)).status === 200);
    await eventually('so is the other', async () => {
      await asked(world);
      return (await world.resting()).length === 0;
    });
  }, 30_000);

  it('that does not answer keeps nothing from working', async () => {
    world.simulator.scripts.usage.always(faults.cloudflare403);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await asked(world)).status).toBe(200);
  });
});

/** The answer of the usage route for a window that has just begun, or is used up. */
function usedUp(percent: number): ReturnType<typeof json> {
  const resetAt = Math.floor(Date.now() / 1_000) + (percent === 100 ? 7_200 : 18_000);
  return json(200, {
    plan_type: 'plus',
    rate_limit: { primary_window: { used_percent: percent, limit_window_seconds: 18_000, reset_at: resetAt } },
  });
}
