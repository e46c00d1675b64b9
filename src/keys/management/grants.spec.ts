import { actorWith, keyWorld, type KeyWorld, refusalOf } from '../../../test/support/key-world';
import { type Actor } from './actor';
import { adminOnlyKeyFields } from './grants';
import { exceededField } from './key-bounds';
import { generateShape, updateShape } from './key-fields';

type Body = Readonly<Record<string, unknown>>;

/** Of each field that bounds a key: what the granter has, what is no more, and what is more. */
const bounds: Readonly<
  Record<
    string,
    { readonly granted: unknown; readonly within: unknown; readonly more: readonly unknown[]; readonly param?: string }
  >
> = {
  models: { granted: ['a', 'b*'], within: ['b1'], more: [['c'], ['a', 'c'], ['all-proxy-models'], ['*'], []] },
  max_budget: { granted: 10, within: 5, more: [10.01, 1e6] },
  budget_limits: {
    granted: [{ budget_duration: '1d', max_budget: 2 }],
    within: [{ budget_duration: '1d', max_budget: 1 }],
    more: [[{ budget_duration: '1d', max_budget: 3 }], [{ budget_duration: '1h', max_budget: 2 }], []],
    param: 'max_budget',
  },
  token_budget: { granted: 1_000, within: 999, more: [1_001], param: 'max_budget' },
  request_budget: { granted: 10, within: 10, more: [11], param: 'max_budget' },
  plan_share_5h: { granted: 0.5, within: 0.1, more: [0.6], param: 'max_budget' },
  plan_share_week: { granted: 0.5, within: 0.5, more: [1], param: 'max_budget' },
  rpm_limit: { granted: 10, within: 0, more: [11] },
  tpm_limit: { granted: 10, within: 10, more: [11] },
  max_parallel_requests: { granted: 2, within: 1, more: [3] },
  model_max_budget: {
    granted: { m: { budget_limit: 1, time_period: '1d' } },
    within: { m: { budget_limit: 0.5, time_period: '1d' } },
    more: [{ m: { budget_limit: 2, time_period: '1d' } }, { other: { budget_limit: 1, time_period: '1d' } }, {}],
  },
  model_rpm_limit: { granted: { m: 5 }, within: { m: 4 }, more: [{ m: 6 }, {}], param: 'model_max_budget' },
  model_tpm_limit: { granted: { m: 5 }, within: { m: 5 }, more: [{ m: 6 }, {}], param: 'model_max_budget' },
  duration: { granted: '10d', within: '1d', more: ['11d'] },
  allowed_routes: {
    granted: ['/key/*', 'llm_api_routes'],
    within: ['/key/info'],
    more: [['management_routes'], ['/team/*'], ['/*']],
  },
  allowed_networks: {
    granted: ['10.0.0.0/8'],
    within: ['10.1.0.0/16'],
    more: [['0.0.0.0/0'], ['10.1.0.0/16', '11.0.0.0/8']],
  },
  max_reasoning_effort: { granted: 'medium', within: 'low', more: ['high', 'ultra'] },
  service_tier: { granted: 'default', within: 'forbidden', more: ['priority'] },
  disable_fallbacks: { granted: true, within: true, more: [false] },
};

/** Fields in which nothing can be more. */
const harmless = [
  'key',
  'key_alias',
  'user_id',
  'team_id',
  'aliases',
  'tags',
  'metadata',
  'key_type',
  'soft_budget',
  'budget_duration',
];

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  await world.management.users.create(world.admin, { user_id: 'ann', auto_create_key: false });
  await world.management.users.create(world.admin, {
    user_id: 'root',
    user_role: 'proxy_admin',
    auto_create_key: false,
  });
  await world.management.budgets.create(world.admin, { budget_id: 'big', max_budget: 1e6 });
});
afterAll(() => world.close());

/** Ann with a key of these fields. */
async function ann(fields: Body = {}): Promise<Actor> {
  const { secret } = await world.management.minting.generate(world.admin, { user_id: 'ann', ...fields });
  return actorWith(world, secret);
}

describe('no key gives more than it has itself:', () => {
  it('every field of a key is looked at here', () => {
    const all = new Set([...Object.keys(generateShape), ...Object.keys(updateShape), ...adminOnlyKeyFields]);
    expect(
      [...all].filter(
        (field) => !Object.hasOwn(bounds, field) && !harmless.includes(field) && !adminOnlyKeyFields.includes(field),
      ),
    ).toEqual([]);
  });

  it.each(Object.entries(bounds))('%s', async (field, { granted, within, more, param = field }) => {
    const actor = await ann({ [field]: granted });
    const { minting, changes, access } = world.management;
    // What is used up cannot be handed on: whoever could would have it again and again.
    const isUsedUp = /budget|limit|share|parallel/.test(field);
    if (isUsedUp)
      for (const body of [{ [field]: within }, {}])
        expect(await refusalOf(minting.generate(actor, body))).toMatchObject({
          status: 403,
          code: 'action_not_allowed',
        });
    const child = isUsedUp
      ? await minting.generate(world.admin, { user_id: 'ann', [field]: within })
      : await minting.generate(actor, { [field]: within });
    expect(exceededField(child.key.row, await access.granter(actor))).toBeUndefined();
    // What is not said is taken over.
    if (!isUsedUp)
      expect(exceededField((await minting.generate(actor, {})).key.row, await access.granter(actor))).toBeUndefined();
    for (const value of more) {
      const refused = await refusalOf(minting.generate(actor, { [field]: value }));
      expect([value, refused.status, refused.param]).toEqual([value, 403, param]);
      for (const key of [child.key.id, actor.principal.keyHash]) {
        const changed = await refusalOf(changes.update(actor, { key, [field]: value }));
        expect([value, changed.status, changed.param]).toEqual([value, 403, param]);
      }
    }
    for (const key of [child.key.id, actor.principal.keyHash]) {
      const cleared = await refusalOf(changes.update(actor, { key, [field]: null }));
      expect([cleared.status, cleared.param]).toEqual([403, param]);
    }
  });

  it('a key with bounds neither changes, turns nor deletes one without', async () => {
    const free = await ann();
    const bound = await ann({ rpm_limit: 1 });
    const { changes } = world.management;
    const named = free.principal.keyHash;
    for (const work of [
      changes.update(bound, { key: named, key_alias: 'mine' }),
      changes.regenerate(bound, named, {}),
      changes.remove(bound, { keys: [named] }),
    ])
      expect(await refusalOf(work)).toMatchObject({ status: 403, code: 'action_not_allowed' });
    const turned = await changes.regenerate(free, bound.principal.keyHash, {});
    expect(turned.key.id).toBe(bound.principal.keyHash);
  });

  it.each(adminOnlyKeyFields)('%s is set by admins only', async (field) => {
    const actor = await ann();
    const samples: Body = {
      budget_id: 'big',
      limit_mode: 'observe',
      blocked: true,
      deployments: ['d'],
      codex_mode: false,
      content_logging_duration: '1d',
      temp_budget_increase: 5,
      temp_budget_expiry: '1d',
      permissions: { all: true },
      organization_id: 'o',
      config: {},
      spend: 0,
      tags: ['x'],
    };
    const isNew = field in generateShape || !(field in updateShape);
    if (isNew)
      expect(await refusalOf(world.management.minting.generate(actor, { [field]: samples[field] }))).toMatchObject({
        status: 403,
        param: field,
      });
    const key = actor.principal.keyHash;
    for (const value of [samples[field], null])
      expect(await refusalOf(world.management.changes.update(actor, { key, [field]: value }))).toMatchObject({
        status: 403,
        param: field,
      });
  });

  it('nobody makes keys for others, for teams of others, or out of a key that is nobody’s', async () => {
    await world.management.teams.create(world.admin, { team_id: 'foreign' });
    const actor = await ann();
    const { minting, changes } = world.management;
    expect(await refusalOf(minting.generate(actor, { user_id: 'bob' }))).toMatchObject({
      status: 403,
      param: 'user_id',
    });
    expect(await refusalOf(minting.generate(actor, { team_id: 'foreign' }))).toMatchObject({
      status: 403,
      param: 'team_id',
    });
    expect(await refusalOf(minting.generate(actor, { team_id: 'no such team' }))).toMatchObject({
      status: 403,
      param: 'team_id',
    });
    const key = actor.principal.keyHash;
    for (const change of [{ user_id: 'bob' }, { team_id: 'foreign' }, { user_id: null }])
      expect(await refusalOf(changes.update(actor, { key, ...change }))).toMatchObject({ status: 403 });
    const nobodys = await world.management.minting.generate(world.admin, {});
    expect(await refusalOf(minting.generate(await actorWith(world, nobodys.secret), {}))).toMatchObject({
      status: 403,
    });
    // A foreign key is as unknown as one that is not there.
    const unknown = await refusalOf(changes.update(actor, { key: 'a'.repeat(64) }));
    const foreign = await refusalOf(changes.update(actor, { key: nobodys.key.id }));
    expect([foreign.status, foreign.message]).toEqual([unknown.status, unknown.message]);
    expect(foreign.status).toBe(404);
  });

  it('a key of a team makes keys of that team only, and members only where they may', async () => {
    await world.management.teams.create(world.admin, {
      team_id: 'crew',
      members_with_roles: [{ user_id: 'ann', role: 'user' }],
    });
    const actor = await ann({ team_id: 'crew' });
    const { minting, teams, members } = world.management;
    expect(await refusalOf(minting.generate(actor, {}))).toMatchObject({ status: 403, param: 'team_id' });
    await teams.update(world.admin, { team_id: 'crew', team_member_permissions: ['/key/generate'] });
    expect((await minting.generate(actor, {})).key.row).toMatchObject({ team_id: 'crew', user_id: 'ann' });
    expect(await refusalOf(minting.generate(actor, { user_id: 'bob' }))).toMatchObject({
      status: 403,
      param: 'user_id',
    });
    await members.update(world.admin, { team_id: 'crew', user_id: 'ann', role: 'admin' });
    expect(await refusalOf(minting.generate(actor, { user_id: 'bob' }))).toMatchObject({
      status: 403,
      param: 'user_id',
    });
    await members.add(actor, { team_id: 'crew', member: { user_id: 'bob' } });
    expect((await minting.generate(actor, { user_id: 'bob' })).key.row).toMatchObject({
      user_id: 'bob',
      standing: 'team',
    });
    // An admin of the team adds members, and manages none of another one.
    await members.add(actor, { team_id: 'crew', member: { user_id: 'carl', role: 'user' } });
    expect(await refusalOf(members.add(actor, { team_id: 'foreign', member: { user_id: 'carl' } }))).toMatchObject({
      status: 404,
    });
  });

  it('an admin key that is held to some routes gives none of its rights on', async () => {
    const { minting, users, changes } = world.management;
    const admin = await actorWith(world, (await minting.generate(world.admin, { user_id: 'root' })).secret);
    const held = await actorWith(
      world,
      (await minting.generate(world.admin, { user_id: 'root', allowed_routes: ['/key/*', '/user/*'] })).secret,
    );
    expect((await minting.generate(held, { user_id: 'ann' })).key.row.user_id).toBe('ann');
    for (const work of [
      minting.generate(held, { user_id: 'root' }),
      changes.regenerate(held, admin.principal.keyHash, {}),
      changes.update(held, { key: held.principal.keyHash, allowed_routes: null }),
      users.create(held, { user_id: 'second', user_role: 'proxy_admin' }),
      users.update(held, { user_id: 'ann', user_role: 'proxy_admin' }),
    ])
      expect(await refusalOf(work)).toMatchObject({ status: 403 });
    expect((await minting.generate(admin, { user_id: 'root' })).key.row.user_id).toBe('root');
  });
});
