import { holderOf, keyWorld, type KeyWorld } from '../../../test/support/key-world';
import { digestOf } from '../secrets';
import { readDump } from './litellm-import';

/** A row as `row_to_json` writes it, with LiteLLM's columns. */
const tokenRow = (secret: string, more: object = {}): object => ({
  token: digestOf(secret),
  key_name: `sk-...${secret.slice(-4)}`,
  key_alias: null,
  soft_budget_cooldown: false,
  spend: 0,
  expires: null,
  models: [],
  aliases: {},
  config: {},
  user_id: null,
  team_id: null,
  permissions: {},
  max_parallel_requests: null,
  metadata: {},
  blocked: null,
  tpm_limit: null,
  rpm_limit: null,
  max_budget: null,
  budget_duration: null,
  budget_reset_at: null,
  allowed_cache_controls: [],
  allowed_routes: [],
  model_spend: {},
  model_max_budget: {},
  budget_id: null,
  organization_id: null,
  object_permission_id: null,
  created_at: '2025-03-01T12:00:00.123',
  created_by: 'default_user_id',
  updated_at: '2025-03-02T12:00:00',
  updated_by: 'default_user_id',
  rotation_count: 0,
  auto_rotate: false,
  ...more,
});

const dump = {
  budgets: [
    {
      budget_id: 'b1',
      max_budget: 3,
      soft_budget: null,
      budget_duration: '7d',
      model_max_budget: null,
      budget_reset_at: '2025-04-01T00:00:00',
      created_by: 'x',
    },
  ],
  teams: [
    {
      team_id: 't1',
      team_alias: 'Platform',
      admins: [],
      members: [],
      members_with_roles:
        '[{"role": "admin", "user_id": "ann", "user_email": null}, {"role": "user", "user_email": "x@y.z"}]',
      metadata: { model_rpm_limit: { m: 9 } },
      max_budget: 50,
      spend: 12.5,
      models: '{gpt-5.5,"with space"}',
      blocked: false,
      rpm_limit: 100,
      budget_duration: 'monthly',
    },
  ],
  users: [
    {
      user_id: 'ann',
      user_email: 'Ann@Example.com',
      user_role: 'proxy_admin',
      teams: ['t1'],
      models: [],
      spend: 4,
      max_budget: null,
    },
    { user_id: 'odd', user_role: 'org_admin' },
  ],
  keys: [
    tokenRow('sk-of-ann-1234567890', {
      key_alias: 'ann',
      user_id: 'ann',
      team_id: 't1',
      spend: 1.25,
      max_budget: 10,
      budget_duration: '30d',
      models: ['gpt-5.5'],
      metadata: { tags: ['x'], model_tpm_limit: { m: 5 }, owner: 'ann' },
      expires: '2099-01-01 00:00:00+00',
    }),
    tokenRow('sk-with-budget-000000', { budget_id: 'b1', blocked: true }),
    tokenRow('sk-of-lost-team-0000', { team_id: 'gone' }),
    tokenRow('sk-of-lost-budget-000', { budget_id: 'gone' }),
    tokenRow('sk-of-the-dashboard-0', { team_id: 'litellm-dashboard' }),
    tokenRow('sk-with-odd-limit-000', { rpm_limit: -3 }),
    tokenRow('sk-same-alias-0000000', { key_alias: 'ann' }),
    { token: 'sk-in-the-clear' },
  ],
};

let world: KeyWorld;
beforeEach(async () => {
  world = await keyWorld();
});
afterEach(() => world.close());

it('takes keys that go on working, with their team, limits and owner, and says what it skipped and why', async () => {
  const spent: unknown[] = [];
  const report = await world.management.imports.run(world.admin, readDump(dump), (...of) => {
    spent.push(of);
    return Promise.resolve();
  });
  expect(report.taken).toEqual({ budgets: 1, teams: 2, users: 2, keys: 4 });
  expect(report.skipped.map(({ why }) => why)).toEqual([
    'a session of LiteLLM’s dashboard, not a key',
    "'rpm_limit' must be a whole number, 0 or more",
    "'token' is not the SHA-256 of a key in hex",
    "its budget 'gone' is neither here nor in the dump",
  ]);
  expect(report.notes.map(({ kind, id, note }) => `${kind} ${id}: ${note}`)).toEqual([
    'teams t1: members without a user_id were left out',
    'users odd: role org_admin became internal_user',
    'teams gone: made without limits, because keys belong to it and the dump does not have it',
    `keys ${digestOf('sk-same-alias-0000000')}: its key_alias was left out, because another one has it`,
  ]);
  expect(spent).toEqual([
    ['team', 't1', 12.5],
    ['user', 'ann', 4],
    ['key', digestOf('sk-of-ann-1234567890'), 1.25],
  ]);
  const ann = await holderOf(world, 'sk-of-ann-1234567890');
  expect(ann).toMatchObject({
    keyAlias: 'ann',
    role: 'proxy_admin',
    teamId: 't1',
    teamAlias: 'Platform',
    userId: 'ann',
    policy: {
      tags: ['x'],
      modelRules: [
        { author: 'key', models: ['gpt-5.5'] },
        { author: 'team', models: ['gpt-5.5', 'with space'] },
      ],
    },
  });
  expect(ann.scopes.map(({ kind, limits }) => [kind, limits.budgets[0]?.max, limits.requestsPerWindow])).toEqual([
    ['key', 10e9, undefined],
    ['team', 50e9, 100],
    ['member', undefined, undefined],
    ['user', undefined, undefined],
  ]);
  expect(ann.scopes[0]?.limits.budgets[0]?.anchorMs).toBe(Date.parse('2025-03-01T12:00:00.123Z'));
  expect(
    ann.modelScopes.get('m')?.map(({ kind, limits }) => [kind, limits.tokensPerWindow, limits.requestsPerWindow]),
  ).toEqual([
    ['key', 5, undefined],
    ['team', undefined, 9],
  ]);
  await expect(world.directory.authenticate('sk-with-budget-000000')).rejects.toMatchObject({ status: 401 });
  expect(await holderOf(world, 'sk-of-lost-team-0000')).toMatchObject({ teamId: 'gone' });
  for (const secret of ['sk-of-lost-budget-000', 'sk-of-the-dashboard-0', 'sk-in-the-clear'])
    expect(await world.directory.authenticate(secret)).toBeUndefined();
});

it('takes no key whose team or user could not be taken: it would have none of their limits', async () => {
  const report = await world.management.imports.run(
    world.admin,
    readDump({
      teams: [{ team_id: 't3', max_budget: 1, budget_duration: '1y' }],
      users: [{ user_id: 'u3', max_budget: -1 }],
      keys: [
        tokenRow('sk-of-team-skipped-00', { team_id: 't3' }),
        tokenRow('sk-of-user-skipped-00', { user_id: 'u3', key_alias: 'mine' }),
      ],
    }),
    undefined,
  );
  expect(report.taken).toEqual({ budgets: 0, teams: 0, users: 0, keys: 0 });
  expect(report.skipped.slice(2).map(({ why }) => why)).toEqual([
    "its team 't3' is in the dump and was not taken",
    "its user 'u3' is in the dump and was not taken",
  ]);
  expect(report.notes).toEqual([]);
  // Once they are here, the keys come with the next run.
  await world.management.teams.create(world.admin, { team_id: 't3' });
  const again = await world.management.imports.run(
    world.admin,
    readDump({
      teams: [{ team_id: 't3', max_budget: 1, budget_duration: '1y' }],
      users: [{ user_id: 'u3', max_budget: 1 }],
      keys: [
        tokenRow('sk-of-team-skipped-00', { team_id: 't3' }),
        tokenRow('sk-of-user-skipped-00', { user_id: 'u3' }),
      ],
    }),
    undefined,
  );
  expect(again.taken).toEqual({ budgets: 0, teams: 0, users: 1, keys: 2 });
});

it('takes teams and users whose name another one has, with their limits and without the name', async () => {
  const report = await world.management.imports.run(
    world.admin,
    readDump({
      teams: [
        { team_id: 't1', team_alias: 'Eng', max_budget: 1 },
        { team_id: 't2', team_alias: 'Eng', max_budget: 2 },
      ],
      users: [
        { user_id: 'u1', user_email: 'a@x.com', rpm_limit: 1 },
        { user_id: 'u2', user_email: 'A@x.com', rpm_limit: 2 },
      ],
      keys: [tokenRow('sk-of-second-team-000', { team_id: 't2', user_id: 'u2' })],
    }),
    undefined,
  );
  expect([report.taken, report.skipped]).toEqual([{ budgets: 0, teams: 2, users: 2, keys: 1 }, []]);
  expect(report.notes.map(({ kind, id, note }) => `${kind} ${id}: ${note}`)).toEqual([
    'teams t2: its team_alias was left out, because another one has it',
    'users u2: its user_email was left out, because another one has it',
  ]);
  const { scopes } = await holderOf(world, 'sk-of-second-team-000');
  expect(scopes.map(({ kind, limits }) => [kind, limits.budgets[0]?.max, limits.requestsPerWindow])).toEqual([
    ['key', undefined, undefined],
    ['team', 2e9, undefined],
    ['member', undefined, undefined],
    ['user', undefined, 2],
  ]);
});

it.each(['garbage', '2025-13-45T00:00:00', true])(
  'takes no key that ends at %j, which nobody can read',
  async (expires) => {
    const report = await world.management.imports.run(
      world.admin,
      readDump([tokenRow('sk-ends-some-day-0000', { expires })]),
      undefined,
    );
    expect([report.taken.keys, report.skipped[0]?.why]).toEqual([0, "'expires' is no moment that can be read"]);
  },
);

it('may be repeated, and leaves alone what was changed since', async () => {
  await world.management.imports.run(world.admin, readDump(dump), undefined);
  await world.management.changes.update(world.admin, {
    key: digestOf('sk-of-ann-1234567890'),
    max_budget: 99,
    user_id: 'odd',
  });
  const again = await world.management.imports.run(world.admin, readDump(dump), undefined);
  expect(again.taken).toEqual({ budgets: 0, teams: 0, users: 0, keys: 0 });
  expect(again.skipped.filter(({ why }) => why === 'already here')).toHaveLength(8);
  expect((await holderOf(world, 'sk-of-ann-1234567890')).scopes[0]?.limits.budgets[0]?.max).toBe(99e9);
});

it('notes a spend that nobody keeps books of', async () => {
  const report = await world.management.imports.run(world.admin, readDump(dump), undefined);
  expect(report.notes.filter(({ note }) => note.includes('no ledger is kept'))).toHaveLength(3);
});

it.each([null, 'text', 5, {}, { keys: {} }, { keys: [1] }, [[]]])('refuses %j', (value) => {
  expect(() => readDump(value)).toThrow();
});
