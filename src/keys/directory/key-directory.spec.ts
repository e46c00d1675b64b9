import { holderOf, keyRefusalOf, keyWorld, type KeyWorld, worldMasterKey } from '../../../test/support/key-world';
import { type Limits } from '../../kernel/limits';
import { digestOf } from '../secrets';
import { limitsOf } from '../compile/limits-of';
import { CustomerDirectory } from './customer-directory';
import { HolderReader } from './holder-reader';

const day = 86_400_000;

describe('the key directory', () => {
  let world: KeyWorld;
  beforeEach(async () => {
    world = await keyWorld();
  });
  afterEach(() => world.close());

  it('knows the master key without looking anywhere, and a virtual key by its digest', async () => {
    expect(world.directory.authenticate(worldMasterKey)).toMatchObject({ kind: 'master', role: 'proxy_admin' });
    const { secret, key } = await world.management.minting.generate(world.admin, { key_alias: 'ci', tags: ['x'] });
    expect(secret).toMatch(/^sk-[A-Za-z0-9_-]{43}$/);
    expect(key.id).toBe(digestOf(secret));
    const principal = await holderOf(world, secret);
    expect(principal).toMatchObject({ kind: 'virtual', role: 'internal_user', keyHash: key.id, keyAlias: 'ci' });
    // The second time there is nothing to wait for.
    expect(world.directory.authenticate(secret)).toBe(principal);
  });

  it('tells unknown, malformed and deleted keys not apart', async () => {
    const { secret } = await world.management.minting.generate(world.admin, {});
    await holderOf(world, secret);
    await world.management.changes.remove(world.admin, { keys: [secret] });
    const all = [
      'sk-unknown-key-000001',
      'no key',
      '',
      `sk-${'x'.repeat(600)}`,
      'sk-\u0000',
      'eyJhbGciOiJub25lIn0.e30.x',
      secret,
    ];
    for (const each of all) expect(await world.directory.authenticate(each)).toBeUndefined();
  });

  it('knows a key that was made after somebody guessed it', async () => {
    const own = 'sk-chosen-by-the-operator';
    expect(await world.directory.authenticate(own)).toBeUndefined();
    await world.management.minting.generate(world.admin, { key: own });
    expect(await world.directory.authenticate(own)).toMatchObject({ kind: 'virtual' });
  });

  it('says of blocked and expired keys, and of blocked teams, that they are', async () => {
    const { team } = await world.management.teams.create(world.admin, { team_id: 'ops' });
    const { secret } = await world.management.minting.generate(world.admin, { duration: '1d', team_id: team.id });
    await holderOf(world, secret);
    await world.management.changes.block(world.admin, { key: secret }, true);
    expect(await keyRefusalOf(world, secret)).toMatchObject({
      status: 401,
      type: 'auth_error',
      message: expect.stringContaining('Key is blocked') as string,
    });
    await world.management.changes.block(world.admin, { key: secret }, false);
    await world.management.teams.block(world.admin, { team_id: 'ops' }, true);
    expect(await keyRefusalOf(world, secret)).toMatchObject({
      status: 401,
      message: expect.stringContaining('Team=ops is blocked') as string,
    });
    await world.management.teams.block(world.admin, { team_id: 'ops' }, false);
    expect(await holderOf(world, secret)).toMatchObject({ teamId: 'ops' });
    world.clock.aheadMs += day;
    const expired = await keyRefusalOf(world, secret);
    expect(expired).toMatchObject({ status: 401, type: 'expired_key', param: `sk-...${secret.slice(-4)}` });
    expect(expired.message).not.toContain(secret);
  });

  it('lets the old secret in for its time of grace, under the same id', async () => {
    const { secret, key } = await world.management.minting.generate(world.admin, {});
    const turned = await world.management.changes.regenerate(world.admin, secret, { grace_period: '1h' });
    expect(turned.key.id).toBe(key.id);
    for (const each of [secret, turned.secret]) expect((await holderOf(world, each)).keyHash).toBe(key.id);
    world.clock.aheadMs += 3_600_000;
    expect(await world.directory.authenticate(secret)).toBeUndefined();
    expect((await holderOf(world, turned.secret)).keyHash).toBe(key.id);
    const again = await world.management.changes.regenerate(world.admin, key.id, {});
    expect(await world.directory.authenticate(turned.secret)).toBeUndefined();
    expect((await holderOf(world, again.secret)).keyHash).toBe(key.id);
  });

  it('raises a budget for as long as was said, in every window', async () => {
    const budget_limits = [
      { budget_duration: '1d', max_budget: 1 },
      { budget_duration: '7d', max_tokens: 500 },
    ];
    const { secret } = await world.management.minting.generate(world.admin, {
      max_budget: 10,
      budget_duration: '30d',
      budget_limits,
    });
    const amounts = async (): Promise<unknown> =>
      (await holderOf(world, secret)).scopes[0]?.limits.budgets.map(({ max }) => max);
    expect(await amounts()).toEqual([10e9, 1e9, 500]);
    await world.management.changes.update(world.admin, {
      key: secret,
      temp_budget_increase: 2,
      temp_budget_expiry: '1d',
    });
    expect(await amounts()).toEqual([12e9, 3e9, 500]);
    world.clock.aheadMs += day;
    expect(await amounts()).toEqual([10e9, 1e9, 500]);
  });

  it('follows the team, the user, the member and the budget that a key points to', async () => {
    await world.management.budgets.create(world.admin, { budget_id: 'small', max_budget: 1, rpm_limit: 5 });
    await world.management.users.create(world.admin, {
      user_id: 'u/1',
      auto_create_key: false,
      rpm_limit: 50,
      max_budget: 7,
    });
    await world.management.teams.create(world.admin, {
      team_id: 't',
      max_budget: 100,
      team_member_budget: 20,
      team_member_budget_duration: '30d',
      members_with_roles: [{ role: 'user', user_id: 'u/1' }],
    });
    const { secret } = await world.management.minting.generate(world.admin, {
      team_id: 't',
      user_id: 'u/1',
      budget_id: 'small',
    });
    const scopes = async (): Promise<unknown> =>
      (await holderOf(world, secret)).scopes.map(({ kind, id, limits }) => [
        kind,
        id === digestOf(secret) ? 'own' : id,
        limits.budgets[0]?.max,
        limits.requestsPerWindow,
      ]);
    expect(await scopes()).toEqual([
      ['key', 'own', 1e9, 5],
      ['team', 't', 100e9, undefined],
      ['member', 't/u%2F1', 20e9, undefined],
      // A person's budget is for keys without a team; its rate limits are for all.
      ['user', 'u/1', undefined, 50],
    ]);
    await world.management.budgets.update(world.admin, { budget_id: 'small', max_budget: 2 });
    await world.management.teams.update(world.admin, { team_id: 't', max_budget: 90 });
    await world.management.members.update(world.admin, { team_id: 't', user_id: 'u/1', max_budget_in_team: 3 });
    await world.management.users.update(world.admin, { user_id: 'u/1', rpm_limit: 60 });
    expect(await scopes()).toEqual([
      ['key', 'own', 2e9, 5],
      ['team', 't', 90e9, undefined],
      ['member', 't/u%2F1', 3e9, undefined],
      ['user', 'u/1', undefined, 60],
    ]);
  });

  it('lets nobody in whose budget is not there, and lets it in again when it is', async () => {
    const { minting, users, teams, members, budgets } = world.management;
    for (const id of ['of-key', 'of-team', 'of-user', 'of-member'])
      await budgets.create(world.admin, { budget_id: id, max_budget: 1 });
    await users.create(world.admin, { user_id: 'ann', auto_create_key: false, budget_id: 'of-user' });
    await teams.create(world.admin, {
      team_id: 't',
      budget_id: 'of-team',
      members_with_roles: [{ user_id: 'bob', role: 'user' }],
    });
    await members.update(world.admin, { team_id: 't', user_id: 'bob', budget_id: 'of-member' });
    const secrets = {
      'of-key': (await minting.generate(world.admin, { budget_id: 'of-key' })).secret,
      'of-team': (await minting.generate(world.admin, { team_id: 't' })).secret,
      'of-user': (await minting.generate(world.admin, { user_id: 'ann' })).secret,
      'of-member': (await minting.generate(world.admin, { team_id: 't', user_id: 'bob' })).secret,
    };
    for (const [id, secret] of Object.entries(secrets)) {
      await holderOf(world, secret);
      // As a process of an earlier release can leave it, which removes a budget while somebody is made to point to it.
      await world.store.commit([{ op: 'remove', kind: 'budget', id }]);
      expect(await keyRefusalOf(world, secret)).toMatchObject({
        status: 401,
        message: expect.stringContaining(`budget '${id}' of the`) as string,
      });
      await budgets.create(world.admin, { budget_id: id, max_budget: 2 });
      await holderOf(world, secret);
    }
  });

  it('leaves to each amount of a named budget its own period', async () => {
    const { budgets, minting, teams, users, customers } = world.management;
    await budgets.create(world.admin, { budget_id: 'b1s', request_budget: 1, budget_duration: '1s' });
    await budgets.create(world.admin, {
      budget_id: 'b30',
      request_budget: 1,
      token_budget: 9,
      max_budget: 7,
      budget_duration: '30d',
    });
    const held = async (fields: object): Promise<unknown> => {
      const { secret, key } = await minting.generate(world.admin, fields);
      const { limits } = (await holderOf(world, secret)).scopes[0] ?? {};
      // Whoever makes keys with it is bounded by just the same.
      expect({ ...limits, budgets: limits?.budgets.map((budget) => ({ ...budget, anchorMs: 0 })) }).toEqual(
        limitsOf(await world.management.access.merged(key.row), { anchorMs: 0, increaseNanos: 0 }),
      );
      return periodsOf({ limits });
    };
    expect(await held({ budget_id: 'b1s' })).toEqual(['requests 1 1s']);
    expect(await held({ budget_id: 'b1s', max_budget: 5 })).toEqual(['nano_usd 5000000000 ever', 'requests 1 1s']);
    expect(await held({ budget_id: 'b30', max_budget: 5, budget_duration: '1s' })).toEqual([
      'nano_usd 5000000000 1s',
      'tokens 9 30d',
      'requests 1 30d',
    ]);
    expect(await held({ budget_id: 'b30', token_budget: 5, budget_duration: '1s' })).toEqual([
      'nano_usd 7000000000 30d',
      'tokens 5 1s',
      'requests 1 30d',
    ]);
    const budget_limits = [{ budget_duration: '1d', max_budget: 2 }];
    expect(await held({ budget_id: 'b1s', max_budget: 5, budget_limits })).toEqual([
      'nano_usd 5000000000 ever',
      'nano_usd 2000000000 1d',
      'requests 1 1s',
    ]);
    // A period alone means the amounts of the budget.
    expect(await held({ budget_id: 'b30', budget_duration: '1d' })).toEqual([
      'nano_usd 7000000000 1d',
      'tokens 9 1d',
      'requests 1 1d',
    ]);
    await users.create(world.admin, { user_id: 'eva', auto_create_key: false });
    await teams.create(world.admin, {
      team_id: 'mixed',
      team_member_budget: 20,
      team_member_budget_duration: '7d',
      members_with_roles: [{ role: 'user', user_id: 'eva' }],
    });
    await world.management.members.update(world.admin, { team_id: 'mixed', user_id: 'eva', budget_id: 'b1s' });
    const { secret } = await minting.generate(world.admin, { team_id: 'mixed', user_id: 'eva' });
    expect(periodsOf((await holderOf(world, secret)).scopes[2])).toEqual(['nano_usd 20000000000 7d', 'requests 1 1s']);
    await customers.create(world.admin, { user_id: 'cara', budget_id: 'b1s' });
    const own = new CustomerDirectory({
      store: world.store,
      reader: new HolderReader(world.store),
      watch: world.watch,
      clock: world.clock,
      logger: { event: () => undefined },
      rules: {
        limitMode: 'enforce',
        proxy: undefined,
        customer: { max_budget: 2, budget_duration: '1d' },
        customerBudgetId: undefined,
      },
    });
    expect(periodsOf(await own.scopeOf('cara'))).toEqual(['nano_usd 2000000000 1d', 'requests 1 1s']);
  });
});

/** Unit, amount and period of every budget of a scope. */
function periodsOf(scope: { readonly limits?: Limits | undefined } | undefined): readonly string[] {
  return (scope?.limits?.budgets ?? []).map(({ unit, max, duration }) => `${unit} ${max} ${duration ?? 'ever'}`);
}
