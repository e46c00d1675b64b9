import { actorWith, holderOf, keyWorld, type KeyWorld } from '../../../test/support/key-world';
import { eventually } from '../../../test/support/login-gateways';
import { type Actor } from './actor';

let world: KeyWorld;
let boss: Actor;
beforeAll(async () => {
  world = await keyWorld();
  const members_with_roles = [
    { user_id: 'boss', role: 'admin' },
    { user_id: 'vice', role: 'admin' },
    { user_id: 'tom', role: 'user' },
  ];
  await world.management.teams.create(world.admin, {
    team_id: 't',
    members_with_roles,
    team_member_budget: 1,
    team_member_permissions: ['/key/generate'],
  });
  await world.management.teams.create(world.admin, {
    team_id: 'other',
    members_with_roles: [{ user_id: 'tom', role: 'user' }],
  });
  await world.management.budgets.create(world.admin, { budget_id: 'huge', max_budget: 1e6 });
  boss = await actorWith(
    world,
    (await world.management.minting.generate(world.admin, { user_id: 'boss', team_id: 't' })).secret,
  );
});
afterAll(() => world.close());

describe('a member that leaves', () => {
  it('leaves its keys of that team behind, and no others', async () => {
    const { minting, members, access } = world.management;
    const made = await minting.generate(world.admin, { user_id: 'tom', team_id: 't' });
    const own = await minting.generate(await actorWith(world, made.secret), {});
    const stays = [
      await minting.generate(world.admin, { user_id: 'tom', team_id: 'other' }),
      await minting.generate(world.admin, { user_id: 'tom' }),
      await minting.generateForService(boss, { team_id: 't' }),
    ];
    await members.remove(boss, { team_id: 't', user_id: 'tom' });
    for (const { secret, key } of [made, own]) {
      expect(await access.find(key.id)).toBeUndefined();
      await eventually('the key is unknown', async () => (await world.directory.authenticate(secret)) === undefined);
    }
    for (const { secret, key } of stays) expect((await holderOf(world, secret)).keyHash).toBe(key.id);
    await members.add(boss, { team_id: 't', member: { user_id: 'tom' } });
  });
});

describe('a member that is added again', () => {
  it('keeps what was said of it, but for what is said now', async () => {
    const { members } = world.management;
    await members.add(boss, { team_id: 't', member: { user_id: 'ida' }, max_budget_in_team: 3 });
    await members.update(world.admin, { team_id: 't', user_id: 'ida', budget_id: 'huge' });
    for (const actor of [boss, world.admin]) {
      const added = await members.add(actor, { team_id: 't', member: { user_id: 'ida' }, rpm_limit: 1_000 });
      expect(added.members.map(({ row }) => row)).toMatchObject([
        { budget_id: 'huge', max_budget: 3, rpm_limit: 1_000 },
      ]);
    }
    expect(await world.store.counts('member', ['budget:huge'])).toEqual([1]);
  });

  it('does not lose a budget of the operator by being removed first, which only the operator may', async () => {
    const { members } = world.management;
    await members.add(boss, { team_id: 't', member: { user_id: 'ida' } });
    await members.update(world.admin, { team_id: 't', user_id: 'ida', budget_id: 'huge' });
    await expect(members.remove(boss, { team_id: 't', user_id: 'ida' })).rejects.toMatchObject({ status: 403 });
    expect(await world.store.counts('member', ['budget:huge'])).toEqual([1]);
    await members.remove(world.admin, { team_id: 't', user_id: 'ida' });
    expect(await world.store.counts('member', ['budget:huge'])).toEqual([0]);
  });
});

describe('an admin of a team', () => {
  it('names a member by its email, with a user_id that is null', async () => {
    await world.management.users.create(world.admin, {
      user_id: 'eva',
      user_email: 'eva@x.com',
      auto_create_key: false,
    });
    await world.management.members.add(boss, { team_id: 't', member: { user_id: 'eva' }, rpm_limit: 7 });
    const set = await world.management.members.update(boss, {
      team_id: 't',
      user_id: null,
      user_email: 'eva@x.com',
      max_budget_in_team: 5,
      rpm_limit: null,
    });
    expect(set.members.map(({ row }) => row)).toEqual([{ team_id: 't', user_id: 'eva', max_budget: 5 }]);
  });

  it('says what members may spend, and not what it may itself, nor other admins', async () => {
    const { members } = world.management;
    const set = (actor: Actor, user_id: string, fields: object) =>
      members.update(actor, { team_id: 't', user_id, ...fields });
    for (const user_id of ['boss', 'vice'])
      for (const fields of [
        { max_budget_in_team: 1e6 },
        { max_budget_in_team: null },
        { budget_duration: '1d' },
        { rpm_limit: 9 },
        { tpm_limit: null },
        { budget_id: 'huge' },
      ]) {
        const [field] = Object.keys(fields);
        await expect(set(boss, user_id, fields)).rejects.toMatchObject({ status: 403, param: field });
      }
    for (const user_id of ['boss', 'vice'])
      await expect(
        members.add(boss, { team_id: 't', member: { user_id }, max_budget_in_team: 9 }),
      ).rejects.toMatchObject({ status: 403 });
    await expect(set(boss, 'tom', { budget_id: 'huge' })).rejects.toMatchObject({ status: 403, param: 'budget_id' });
    await expect(set(boss, 'tom', { budget_id: null })).rejects.toMatchObject({ status: 403, param: 'budget_id' });
    expect((await set(boss, 'tom', { max_budget_in_team: 4 })).members[0]?.row.max_budget).toBe(4);
    expect((await set(world.admin, 'boss', { budget_id: 'huge' })).members[0]?.row.budget_id).toBe('huge');
  });
});

it('the team’s budget for members goes on in its period, whatever an admin of the team says of one', async () => {
  const { teams, minting, members } = world.management;
  await teams.create(world.admin, {
    team_id: 'hours',
    members_with_roles: [
      { user_id: 'boss', role: 'admin' },
      { user_id: 'ulla', role: 'user' },
    ],
    team_member_budget: 1,
    team_member_budget_duration: '5h',
  });
  const { secret } = await minting.generate(world.admin, { user_id: 'ulla', team_id: 'hours' });
  const chief = await actorWith(
    world,
    (await minting.generate(world.admin, { user_id: 'boss', team_id: 'hours' })).secret,
  );
  const memberScope = async () => (await holderOf(world, secret)).scopes.find(({ kind }) => kind === 'member')?.limits;
  const [before] = (await memberScope())?.budgets ?? [];
  expect(before).toMatchObject({ max: 1e9, duration: '5h' });
  world.clock.aheadMs += 3_600_000;
  await members.update(chief, { team_id: 'hours', user_id: 'ulla', role: 'user', rpm_limit: 7 });
  await eventually('the rate holds', async () => (await memberScope())?.requestsPerWindow === 7);
  expect((await memberScope())?.budgets).toEqual([before]);
  // A period of its own is counted from when the member got it.
  await members.update(world.admin, {
    team_id: 'hours',
    user_id: 'ulla',
    max_budget_in_team: 2,
    budget_duration: '5h',
  });
  await eventually('the budget holds', async () => (await memberScope())?.budgets[0]?.max === 2e9);
  expect((await memberScope())?.budgets[0]?.anchorMs).toBeGreaterThan(before?.anchorMs ?? Number.NaN);
});

it('an admin of a team that only the team knows lists its keys with its own', async () => {
  const { teams, search, minting } = world.management;
  await teams.create(world.admin, { team_id: 'only', members_with_roles: [{ user_id: 'noone', role: 'admin' }] });
  const { secret, key } = await minting.generate(world.admin, { user_id: 'noone' });
  const ofTeam = await minting.generateForService(world.admin, { team_id: 'only' });
  const all = { page: 1, size: 10, includeTeamKeys: true, order: 'asc' } as const;
  const { keys } = await search.find(await actorWith(world, secret), all);
  expect(keys.map(({ id }) => id).toSorted()).toEqual([key.id, ofTeam.key.id].toSorted());
});

it('a user that is made for somebody whom teams know already is in them, and stays what it is there', async () => {
  const { teams, users, search, minting } = world.management;
  for (const team_id of ['early', 'both'])
    await teams.create(world.admin, { team_id, members_with_roles: [{ user_id: 'late', role: 'admin' }] });
  const { user } = await users.create(world.admin, { user_id: 'late', teams: ['both'], auto_create_key: false });
  expect(user.row.teams.toSorted()).toEqual(['both', 'early']);
  const { row } = await teams.seen(world.admin, 'both');
  expect(row.members_with_roles).toEqual([{ user_id: 'late', role: 'admin' }]);
  const chief = await actorWith(world, (await minting.generate(world.admin, { user_id: 'late' })).secret);
  await minting.generate(world.admin, { team_id: 'early' });
  const all = { page: 1, size: 10, includeTeamKeys: true, order: 'desc' } as const;
  expect((await search.find(chief, all)).total).toBe(2);
  const commit = world.store.commit.bind(world.store);
  jest.spyOn(world.store, 'commit').mockImplementationOnce(async (...args) => {
    await users.create(world.admin, { user_id: 'twin', auto_create_key: false });
    return commit(...args);
  });
  await teams.create(world.admin, { team_id: 'twins', members_with_roles: [{ user_id: 'twin' }] });
  expect((await users.seen(world.admin, 'twin')).row.teams).toEqual(['twins']);
});

it('null takes away what is only kept, of keys and of teams', async () => {
  const { changes, minting, teams } = world.management;
  const { key } = await minting.generate(world.admin, { guardrails: ['pii'], policies: ['p'] });
  const changed = await changes.update(world.admin, { key: key.id, guardrails: null });
  expect([key.row.kept, changed.key.row.kept]).toEqual([{ guardrails: ['pii'], policies: ['p'] }, { policies: ['p'] }]);
  const team = await teams.create(world.admin, { team_id: 'kept', guardrails: ['pii'] });
  expect(team.team.row.kept).toEqual({ guardrails: ['pii'] });
  expect((await teams.update(world.admin, { team_id: 'kept', guardrails: null })).team.row.kept).toEqual({});
});
