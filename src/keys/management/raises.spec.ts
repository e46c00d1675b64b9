import { actorWith, keyWorld, type KeyWorld, refusalOf } from '../../../test/support/key-world';
import { type Actor } from './actor';
import { type MintedKey } from './key-minting';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  const { users, teams } = world.management;
  for (const user_id of ['ann', 'boss'])
    await users.create(world.admin, { user_id, auto_create_key: false, max_budget: 10, budget_duration: '30d' });
  const members_with_roles = [
    { user_id: 'ann', role: 'user' },
    { user_id: 'boss', role: 'admin' },
  ];
  await teams.create(world.admin, { team_id: 'crew', members_with_roles });
});
afterAll(() => world.close());

const made = (fields: object): Promise<MintedKey> => world.management.minting.generate(world.admin, fields);
const actorOf = async (fields: object): Promise<Actor> => actorWith(world, (await made(fields)).secret);

describe('a key that changes another one of the same person', () => {
  const held = { max_budget: 5, budget_duration: '7d', rpm_limit: 3, models: ['a', 'team-*'], duration: '5d' };

  it.each([
    { max_budget: null },
    { rpm_limit: 4 },
    { models: ['a', 'b'] },
    { models: ['team-premium'] },
    { duration: '-1' },
  ])('gives it no more of a team for which that person may make no keys: %j', async (raise) => {
    const { changes, minting } = world.management;
    const ann = await actorOf({ user_id: 'ann' });
    const { key } = await made({ ...held, user_id: 'ann', team_id: 'crew' });
    expect(await refusalOf(minting.generate(ann, { team_id: 'crew' }))).toMatchObject({ status: 403 });
    const field = Object.keys(raise)[0];
    expect(await refusalOf(changes.update(ann, { key: key.id, ...raise }))).toMatchObject({
      status: 403,
      param: field,
    });
    expect(await refusalOf(changes.regenerate(ann, key.id, raise))).toMatchObject({ status: 403 });
    // What is no raise may be changed, and a new value asked for.
    await changes.update(ann, { key: key.id, max_budget: 4, rpm_limit: 2, metadata: { a: 1 } });
    expect((await changes.regenerate(ann, key.id, {})).key.row).toMatchObject({ max_budget: 4, rpm_limit: 2 });
  });

  it('does not have its own limits once more by raising those of the other', async () => {
    const { changes } = world.management;
    const ann = await actorOf({ user_id: 'ann', max_budget: 8, budget_duration: '1d', rpm_limit: 60 });
    const { key } = await made({ user_id: 'ann', max_budget: 1, budget_duration: '1d', rpm_limit: 1 });
    for (const raise of [{ max_budget: 8 }, { rpm_limit: 60 }])
      expect(await refusalOf(changes.update(ann, { key: key.id, ...raise }))).toMatchObject({ status: 403 });
    expect((await changes.update(ann, { key: key.id, max_budget: 0.5 })).key.row.max_budget).toBe(0.5);
  });

  it('raises it where it could make such a key', async () => {
    const { changes } = world.management;
    const boss = await actorOf({ user_id: 'boss' });
    const keys = [await made({ ...held, user_id: 'ann', team_id: 'crew' }), await made({ ...held, user_id: 'boss' })];
    for (const { key } of keys)
      expect((await changes.update(boss, { key: key.id, max_budget: 50 })).key.row.max_budget).toBe(50);
  });
});
