import { keyWorld, type KeyWorld } from '../../../test/support/key-world';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld({
    settings: {
      defaultKeyParams: { max_budget: 20, budget_duration: '30d', rpm_limit: 60 },
      upperBounds: { max_budget: 100, budget_duration: '7d', tpm_limit: 9_000 },
      defaultTeamParams: { max_budget: 200, budget_duration: '30d' },
      defaultUserParams: { rpm_limit: 60, max_parallel_requests: 4 },
      internalUserBudget: { max_budget: 30, budget_duration: '1mo' },
    },
  });
  const { budgets } = world.management;
  await budgets.create(world.admin, { budget_id: 'intern', max_budget: 10, budget_duration: '7d', rpm_limit: 5 });
  await budgets.create(world.admin, { budget_id: 'rates', tpm_limit: 50 });
  await budgets.create(world.admin, { budget_id: 'rich', max_budget: 500, budget_duration: '7d', tpm_limit: 10_000 });
});
afterAll(() => world.close());

describe('what a named budget says is not taken over by the settings', () => {
  const key = async (budget_id: string) =>
    (await world.management.minting.generate(world.admin, { budget_id })).key.row;

  it('of a key: neither by the defaults, nor by a bound that it lies within', async () => {
    const intern = await key('intern');
    expect([intern.max_budget, intern.budget_duration, intern.rpm_limit, intern.tpm_limit]).toEqual([
      undefined,
      undefined,
      undefined,
      9_000,
    ]);
    expect(await key('rates')).toMatchObject({ max_budget: 20, budget_duration: '30d', rpm_limit: 60 });
    expect((await key('rates')).tpm_limit).toBeUndefined();
    expect(await key('rich')).toMatchObject({ max_budget: 100, budget_duration: '7d', tpm_limit: 9_000 });
  });

  it('of a team', async () => {
    const { teams } = world.management;
    const { row } = (await teams.create(world.admin, { team_id: 't', budget_id: 'intern' })).team;
    expect([row.max_budget, row.budget_duration]).toEqual([undefined, undefined]);
    const other = await teams.create(world.admin, { team_id: 'other', budget_id: 'rates' });
    expect(other.team.row).toMatchObject({ max_budget: 200, budget_duration: '30d' });
  });

  it('of a user', async () => {
    const user = async (fields: object) =>
      (await world.management.users.create(world.admin, { auto_create_key: false, ...fields })).user.row;
    const intern = await user({ budget_id: 'intern' });
    expect([intern.max_budget, intern.budget_duration, intern.rpm_limit]).toEqual([undefined, undefined, undefined]);
    expect(intern.max_parallel_requests).toBe(4);
    expect(await user({ budget_id: 'rates' })).toMatchObject({ max_budget: 30, budget_duration: '1mo', rpm_limit: 60 });
  });
});

it('a period that is said for a new user goes before the one of the settings', async () => {
  const { users } = world.management;
  const { user } = await users.create(world.admin, { auto_create_key: false, budget_duration: '7d' });
  expect(user.row).toMatchObject({ max_budget: 30, budget_duration: '7d' });
});
