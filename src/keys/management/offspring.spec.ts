import { actorWith, keyWorld, type KeyWorld, type WorldOptions } from '../../../test/support/key-world';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  const { users, teams } = world.management;
  await users.create(world.admin, { user_id: 'ann', auto_create_key: false });
  await users.create(world.admin, {
    user_id: 'bea',
    auto_create_key: false,
    max_budget: 3,
    budget_duration: '7d',
    rpm_limit: 5,
  });
  await teams.create(world.admin, {
    team_id: 'crew',
    team_member_budget: 2,
    team_member_budget_duration: '7d',
    members_with_roles: [
      { user_id: 'ann', role: 'admin' },
      { user_id: 'bea', role: 'user' },
    ],
  });
});
afterAll(() => world.close());

const actor = async (fields: object) =>
  actorWith(world, (await world.management.minting.generate(world.admin, fields)).secret);

describe('a key with limits of its own', () => {
  it.each([
    { max_budget: 1 },
    { rpm_limit: 1 },
    { tpm_limit: 1 },
    { max_parallel_requests: 1 },
    { request_budget: 1 },
    { model_rpm_limit: { m: 1 } },
  ])('%j makes no key that would have them once more', async (limit) => {
    const { minting } = world.management;
    for (const user_id of ['ann', 'bea'])
      await expect(minting.generate(await actor({ user_id, ...limit }), {})).rejects.toMatchObject({
        status: 403,
        code: 'action_not_allowed',
        message: expect.stringContaining('give the limit to the user') as string,
      });
  });

  it('makes keys where the user, or the member of the team, has them as tightly', async () => {
    const { minting } = world.management;
    const bea = await actor({ user_id: 'bea', max_budget: 4, budget_duration: '7d', rpm_limit: 6 });
    expect((await minting.generate(bea, {})).key.row).toMatchObject({ user_id: 'bea', max_budget: 4, rpm_limit: 6 });
    // Another period is another budget.
    const daily = await actor({ user_id: 'bea', max_budget: 4, budget_duration: '1d' });
    await expect(minting.generate(daily, {})).rejects.toMatchObject({ status: 403 });
    const member = await actor({ user_id: 'ann', team_id: 'crew', max_budget: 2, budget_duration: '7d' });
    expect((await minting.generate(member, {})).key.row.max_budget).toBe(2);
    // Others have books of their own, and a service account has none but the team's.
    await expect(minting.generate(member, { user_id: 'bea' })).rejects.toMatchObject({ status: 403 });
    await expect(minting.generateForService(member, { team_id: 'crew' })).rejects.toMatchObject({ status: 403 });
  });
});

describe('what the settings give to new keys', () => {
  const day = 86_400_000;
  const held = { max_budget: 10, budget_duration: '30d', rpm_limit: 30, duration: '10d' };

  /** The row of a key that a holder's key makes with such settings, and how long it is valid, in days. */
  async function madeWith(
    settings: NonNullable<WorldOptions['settings']>,
    asked: object = {},
    granter: object = held,
  ): Promise<object> {
    const own = await keyWorld({ settings });
    try {
      const { changes, minting, users } = own.management;
      await users.create(own.admin, {
        user_id: 'cat',
        auto_create_key: false,
        max_budget: 10,
        budget_duration: '30d',
        rpm_limit: 30,
      });
      const { secret, key } = await minting.generate(own.admin, { user_id: 'cat' });
      // As if it had been made before there were any settings.
      await changes.update(own.admin, { key: key.id, token_budget: null, tpm_limit: null, ...granter });
      // Its own end is nearer by then than one of the same length from now on.
      own.clock.aheadMs += 1_000;
      const { row } = (await minting.generate(await actorWith(own, secret), asked)).key;
      return {
        ...row,
        budget_limits: row.budget_limits ?? [],
        days: row.expiresMs === undefined ? undefined : Math.ceil((row.expiresMs - own.store.nowMs()) / day),
      };
    } finally {
      await own.close();
    }
  }

  it.each<[name: string, settings: NonNullable<WorldOptions['settings']>, asked: object, made: object]>([
    ['a longest time', { upperBounds: { duration: '180d' } }, {}, { days: 10 }],
    ['a time as long as its own was', { defaultKeyParams: { duration: '10d' } }, {}, { days: 10 }],
    ['a shorter time', { defaultKeyParams: { duration: '5d' } }, {}, { days: 5 }],
    [
      'more money',
      { defaultKeyParams: { max_budget: 20, budget_duration: '30d' } },
      {},
      { max_budget: 10, budget_duration: '30d', budget_limits: [] },
    ],
    [
      'less money',
      { defaultKeyParams: { max_budget: 5, budget_duration: '30d' } },
      {},
      { max_budget: 5, budget_duration: '30d' },
    ],
    [
      'a shortest period',
      { upperBounds: { max_budget: 100, budget_duration: '7d' } },
      { max_budget: 5 },
      { max_budget: 5, budget_duration: '30d' },
    ],
    [
      'another period',
      { upperBounds: { max_budget: 2, budget_duration: '7d' } },
      {},
      { max_budget: 10, budget_duration: '30d', budget_limits: [{ max_budget: 2, budget_duration: '7d' }] },
    ],
    [
      'tokens of a day',
      { defaultKeyParams: { token_budget: 9, budget_duration: '1d' } },
      {},
      { max_budget: 10, budget_duration: '30d', budget_limits: [{ max_tokens: 9, budget_duration: '1d' }] },
    ],
    ['a higher rate', { upperBounds: { rpm_limit: 300 } }, {}, { rpm_limit: 30 }],
    ['a lower rate', { upperBounds: { rpm_limit: 20 } }, {}, { rpm_limit: 20 }],
    ['a rate it does not have', { upperBounds: { tpm_limit: 20 } }, {}, { tpm_limit: 20 }],
  ])('is %s: whoever makes a key gets it within the own one', async (_, settings, asked, made) => {
    expect(await madeWith(settings, asked)).toMatchObject(made);
  });

  it('keeps the models of the key that asks where the default names others', async () => {
    const settings = { defaultKeyParams: { models: ['m'] } };
    expect(await madeWith(settings, {}, { ...held, models: ['n', 'o'] })).toMatchObject({ models: ['n', 'o'] });
    expect(await madeWith(settings, {}, { ...held, models: ['n', 'm'] })).toMatchObject({ models: ['m'] });
  });

  it('makes nothing more than the key that asks out of what is said', async () => {
    const settings = { upperBounds: { rpm_limit: 300, duration: '180d' } };
    await expect(madeWith(settings, { rpm_limit: 31 })).rejects.toMatchObject({ status: 403, param: 'rpm_limit' });
    await expect(madeWith(settings, { duration: '11d' })).rejects.toMatchObject({ status: 403, param: 'duration' });
    const full = Array.from({ length: 8 }, (_, at) => ({ budget_duration: `${at + 1}h`, max_budget: 50 }));
    await expect(
      madeWith({ upperBounds: { max_budget: 2, budget_duration: '7d' } }, { budget_limits: full }),
    ).rejects.toMatchObject({ status: 400, param: 'budget_limits' });
    await expect(madeWith({ upperBounds: { rpm_limit: 20 } }, { rpm_limit: 25 })).rejects.toMatchObject({
      status: 400,
      param: 'rpm_limit',
    });
  });
});
