import { actorWith, keyWorld, type KeyWorld } from '../../../test/support/key-world';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  const { users, teams } = world.management;
  await users.create(world.admin, { user_id: 'ann', auto_create_key: false });
  await users.create(world.admin, { user_id: 'bea', auto_create_key: false, max_budget: 3, budget_duration: '7d', rpm_limit: 5 }); // prettier-ignore
  await teams.create(world.admin, { team_id: 'crew', team_member_budget: 2, team_member_budget_duration: '7d', members_with_roles: [{ user_id: 'ann', role: 'admin' }, { user_id: 'bea', role: 'user' }] }); // prettier-ignore
});
afterAll(() => world.close());

const actor = async (fields: object) => actorWith(world, (await world.management.minting.generate(world.admin, fields)).secret); // prettier-ignore

describe('a key with limits of its own', () => {
  it.each([{ max_budget: 1 }, { rpm_limit: 1 }, { tpm_limit: 1 }, { max_parallel_requests: 1 }, { request_budget: 1 }, { model_rpm_limit: { m: 1 } }])('%j makes no key that would have them once more', async (limit) => {
    const { minting } = world.management;
    for (const user_id of ['ann', 'bea'])
      await expect(minting.generate(await actor({ user_id, ...limit }), {})).rejects.toMatchObject({ status: 403, code: 'action_not_allowed', message: expect.stringContaining('give the limit to the user') as string });
  }); // prettier-ignore

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
