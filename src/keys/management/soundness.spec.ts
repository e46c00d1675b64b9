import { actorWith, holderOf, keyWorld, type KeyWorld } from '../../../test/support/key-world';
import { type EntityKind } from '../../state/entities/entity';
import { mayUse } from '../model-access';
import { keyPut } from './key-rows';
import { budgetView, keyView, nothingSpent } from './views';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  await world.management.users.create(world.admin, { user_id: 'ann', auto_create_key: false });
});
afterAll(() => world.close());

const made = (fields: object) => world.management.minting.generate(world.admin, { user_id: 'ann', ...fields });

describe('a period that no budget can count', () => {
  it('is refused everywhere', async () => {
    for (const field of ['budget_duration', 'duration'])
      await expect(made({ max_budget: 1, [field]: '999999d' })).rejects.toMatchObject({ status: 400, param: field });
    await expect(made({ max_budget: 1, budget_duration: '100000d' })).resolves.toBeDefined();
  });

  it('that was stored by an earlier release is shown with its fault, lets nobody in, and can be set again', async () => {
    const { secret, key } = await made({ max_budget: 1, key_alias: 'damaged' });
    const bad = keyPut(key.id, { ...key.row, budget_duration: '999999d' }, key.version);
    await world.store.commit([bad]);
    await world.store.commit([
      {
        op: 'put',
        kind: 'budget' satisfies EntityKind,
        id: 'bad',
        names: [],
        lists: [],
        body: '{"max_budget":1,"budget_duration":"999999d"}',
      },
    ]);
    const { search, budgets, changes } = world.management;
    const { keys } = await search.find(world.admin, {
      page: 1,
      size: 50,
      includeTeamKeys: false,
      order: 'desc',
    });
    const shown = keys.find(({ id }) => id === key.id);
    expect(shown === undefined ? undefined : keyView(shown, nothingSpent)).toMatchObject({
      key_alias: 'damaged',
      unusable_fields: ['budget_duration'],
    });
    expect((await budgets.list()).map(budgetView)).toMatchObject([
      { budget_id: 'bad', unusable_fields: ['budget_duration'] },
    ]);
    await expect(holderOf(world, secret)).rejects.toThrow(/'budget_duration' of the key/);
    await changes.update(world.admin, { key: key.id, budget_duration: '7d' });
    expect((await holderOf(world, secret)).scopes[0]?.limits.budgets[0]).toMatchObject({ max: 1e9, duration: '7d' });
  });
});

describe('a pattern of models', () => {
  it('gives no access group on that has such a name', async () => {
    const { minting, changes } = world.management;
    const granter = await actorWith(world, (await made({ models: ['team-*', 'plain'] })).secret);
    const child = await minting.generate(granter, { models: ['team-premium'] });
    const grandchild = await minting.generate(await actorWith(world, child.secret), {});
    const changed = await minting.generate(granter, { models: ['plain'] });
    await changes.update(granter, { key: changed.key.id, models: ['team-premium'] });
    for (const { secret } of [child, grandchild, changed]) {
      const holder = await holderOf(world, secret);
      expect(mayUse(holder, 'gpt-5.5', { names: [], accessGroups: ['team-premium'] })).toBe(false);
      expect(mayUse(holder, 'team-premium', { names: [], accessGroups: [] })).toBe(true);
    }
    const named = await actorWith(world, (await made({ models: ['team-premium'] })).secret);
    const heir = await holderOf(world, (await minting.generate(named, {})).secret);
    expect(mayUse(heir, 'gpt-5.5', { names: [], accessGroups: ['team-premium'] })).toBe(true);
  });
});

describe('what a maker may not shake off', () => {
  it('are its tags and the logging of its calls', async () => {
    const first = await made({ tags: ['basic'], content_logging_duration: '5d' });
    const child = await world.management.minting.generate(await actorWith(world, first.secret), {});
    const { tags, contentLoggingUntilMs } = child.key.row;
    expect([tags, contentLoggingUntilMs]).toEqual([['basic'], first.key.row.contentLoggingUntilMs]);
  });
});

describe('an admin key that is held to some routes', () => {
  it('neither takes the role of an admin nor deletes one', async () => {
    const { users, minting } = world.management;
    for (const user_id of ['root', 'other'])
      await users.create(world.admin, { user_id, user_role: 'proxy_admin', auto_create_key: false });
    const { secret } = await minting.generate(world.admin, { user_id: 'root', allowed_routes: ['/user/*'] });
    const held = await actorWith(world, secret);
    await expect(users.update(held, { user_id: 'other', user_role: 'internal_user' })).rejects.toMatchObject({
      status: 403,
    });
    await expect(users.remove(held, { user_ids: ['other'] })).rejects.toMatchObject({ status: 403 });
    await users.update(held, { user_id: 'ann', user_role: 'internal_user_viewer' });
    await users.update(world.admin, { user_id: 'ann', user_role: 'internal_user' });
  });
});

describe('a document', () => {
  it('has so many entries and so much text at most, and the refusal names the field', async () => {
    const map = (size: number, width = 1) =>
      Object.fromEntries(Array.from({ length: size }, (_, at) => [`${at}`.padStart(width, 'a'), 'g']));
    await expect(made({ aliases: map(1_001) })).rejects.toMatchObject({
      status: 400,
      param: 'aliases',
      message: expect.stringContaining('1000') as string,
    });
    await expect(made({ aliases: map(1_000, 100) })).rejects.toMatchObject({
      status: 400,
      param: 'aliases',
      message: expect.stringContaining('65536') as string,
    });
    const { key } = await made({ aliases: map(1_000) });
    await expect(
      world.management.changes.update(world.admin, { key: key.id, router_settings: { x: 'x'.repeat(70_000) } }),
    ).rejects.toMatchObject({ status: 400, param: 'kept' });
    const members_with_roles = Array.from({ length: 3_000 }, (_, at) => ({ user_id: `member-${at}` }));
    await world.management.teams.create(world.admin, { team_id: 'large', members_with_roles });
    await world.management.members.add(world.admin, { team_id: 'large', member: { user_id: 'last' } });
    const [added, team] = (await world.audit.page({ offset: 0, limit: 2 })).records;
    expect(added).toMatchObject({ before: [], after: { members_with_roles: [{ user_id: 'last' }] } });
    expect(JSON.stringify(team).length).toBeLessThan(20_000);
  });

  it('leaves in the audit log what changed, cut short', async () => {
    const { key } = await made({ models: ['a'], rpm_limit: 5 });
    await world.management.changes.update(world.admin, { key: key.id, models: ['b'.repeat(900)] });
    const [record] = (await world.audit.page({ offset: 0, limit: 1 })).records;
    expect(record).toMatchObject({ before: { models: ['a'] }, after: { models: [`${'b'.repeat(256)}… (900)`] } });
    expect(record?.after).not.toHaveProperty('rpm_limit');
  });
});

it('says how long a list may be where it is too long, and not that it is none', async () => {
  const allowed_networks = Array.from({ length: 101 }, (_, at) => `10.0.0.${at}`);
  await expect(made({ allowed_networks })).rejects.toMatchObject({
    status: 400,
    message: "'allowed_networks' must have at most 100 entries.",
  });
  const members_with_roles = Array.from({ length: 10_001 }, (_, at) => ({ role: 'user', user_id: `u${at}` }));
  await expect(world.management.teams.create(world.admin, { members_with_roles })).rejects.toMatchObject({
    status: 400,
    message: "'members_with_roles' must have at most 10000 entries.",
  });
});
