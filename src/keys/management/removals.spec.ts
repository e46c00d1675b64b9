import { actorWith, keyWorld, type KeyWorld } from '../../../test/support/key-world';

const rounds = 20;

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
});
afterAll(() => world.close());

/** Both at once, now the one first and now the other. @returns whether each was done. */
async function atOnce(
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
  turned: boolean,
): Promise<readonly boolean[]> {
  const [left, right] = turned ? [second, first] : [first, second];
  const settled = await Promise.allSettled([left(), right()]);
  const done = settled.map(({ status }) => status === 'fulfilled');
  // What is refused says so; nothing breaks.
  for (const each of settled)
    if (each.status === 'rejected') expect((each.reason as { status?: number }).status).toBeLessThan(500);
  return turned ? done.toReversed() : done;
}

describe('a removal at the same moment', () => {
  it('of a budget leaves nobody who points to it', async () => {
    const { minting, customers, budgets } = world.management;
    for (let round = 0; round < rounds; round += 1) {
      const budget_id = `b${round}`;
      await budgets.create(world.admin, { budget_id, max_budget: 1 });
      const make = (): Promise<unknown> =>
        round % 2 === 0
          ? minting.generate(world.admin, { budget_id })
          : customers.create(world.admin, { user_id: budget_id, budget_id });
      const done = await atOnce(make, () => budgets.remove(world.admin, { id: budget_id }), round % 4 > 1);
      expect(done.filter(Boolean)).toHaveLength(1);
    }
  });

  it('of a team leaves none of its keys', async () => {
    const { minting, teams } = world.management;
    for (let round = 0; round < rounds; round += 1) {
      const team_id = `t${round}`;
      await teams.create(world.admin, { team_id });
      const [, isGone] = await atOnce(
        () => minting.generate(world.admin, { team_id }),
        () => teams.remove(world.admin, { team_ids: [team_id] }),
        round % 2 > 0,
      );
      expect([isGone, await world.store.counts('key', [`team:${team_id}`])]).toEqual([true, [0]]);
    }
  });

  it('of a member leaves none of its keys', async () => {
    const { minting, teams, members } = world.management;
    await teams.create(world.admin, {
      team_id: 'left',
      team_member_permissions: ['/key/generate'],
      members_with_roles: [{ user_id: 'leaver' }],
    });
    const actor = await actorWith(world, (await minting.generate(world.admin, { user_id: 'leaver' })).secret);
    const commit = world.store.commit.bind(world.store);
    jest.spyOn(world.store, 'commit').mockImplementationOnce(async (...args) => {
      await minting.generate(actor, { team_id: 'left' });
      return commit(...args);
    });
    await members.remove(world.admin, { team_id: 'left', user_id: 'leaver' });
    expect(await world.store.counts('key', ['team:left', 'user:leaver'])).toEqual([0, 1]);
  });
});

describe('a key that makes another', () => {
  /** Makes a key by a key of `user_id`, or changes one of the same user, and lets `between` happen just before it is stored. */
  async function madeWhile(
    user_id: string,
    between: (made: { readonly key: string }) => Promise<unknown>,
    changes = false,
  ): Promise<unknown> {
    const { minting, users } = world.management;
    await users.create(world.admin, { user_id, auto_create_key: false });
    const { secret, key } = await minting.generate(world.admin, { user_id, models: ['a', 'b'] });
    const actor = await actorWith(world, secret);
    const sibling = changes ? await minting.generate(actor, { models: ['a'] }) : undefined;
    const commit = world.store.commit.bind(world.store);
    jest.spyOn(world.store, 'commit').mockImplementationOnce(async (...args) => {
      await between({ key: key.id });
      return commit(...args);
    });
    const models = ['a', 'b'];
    if (sibling === undefined) return minting.generate(actor, { models });
    return world.management.changes.update(actor, { key: sibling.key.id, models });
  }

  it('and is deleted with its user meanwhile leaves none of the user’s keys', async () => {
    const removed = (): Promise<unknown> => world.management.users.remove(world.admin, { user_ids: ['gone'] });
    await expect(madeWhile('gone', removed)).rejects.toMatchObject({ status: 404 });
    expect(await world.store.counts('key', ['user:gone'])).toEqual([0]);
  });

  it.each([false, true])(
    'and is given less meanwhile gives no more than that, nor to a key it changes: %s',
    async (changes) => {
      const lessened = ({ key }: { key: string }): Promise<unknown> =>
        world.management.changes.update(world.admin, { key, models: ['a'] });
      await expect(madeWhile(`less ${changes}`, lessened, changes)).rejects.toMatchObject({
        status: 403,
        param: 'models',
      });
      expect(await world.store.counts('key', [`user:less ${changes}`])).toEqual([changes ? 2 : 1]);
    },
  );
});

describe('changes at the same moment', () => {
  it('of one team are all made, however many they are', async () => {
    const { teams, members } = world.management;
    await teams.create(world.admin, { team_id: 'busy' });
    const ids = Array.from({ length: 16 }, (_, at) => `member-${at}`);
    await Promise.all(ids.map((user_id) => members.add(world.admin, { team_id: 'busy', member: { user_id } })));
    const { row } = await teams.seen(world.admin, 'busy');
    expect(row.members_with_roles.map(({ user_id }) => user_id).sort()).toEqual(ids.toSorted());
  });

  it('tell the second of two who make the same that it is there', async () => {
    const { budgets, customers } = world.management;
    for (const make of [
      () => budgets.create(world.admin, { budget_id: 'twin' }),
      () => customers.create(world.admin, { user_id: 'twin' }),
    ]) {
      const refused = (await Promise.allSettled([make(), make()])).flatMap((each) =>
        each.status === 'rejected' ? [each.reason as unknown] : [],
      );
      expect(refused).toMatchObject([{ status: 400, code: 'already_exists' }]);
    }
  });
});

describe('what a request names twice', () => {
  it('counts once', async () => {
    const { teams, members, users, customers } = world.management;
    for (const team_id of ['twice', 'joined']) await teams.create(world.admin, { team_id });
    const doubled = [{ user_id: 'double' }, { user_id: 'double', role: 'admin' }];
    const added = await members.add(world.admin, { team_id: 'joined', member: doubled });
    expect(added.team.row.members_with_roles).toEqual([{ user_id: 'double', role: 'admin' }]);
    const without = await members.remove(world.admin, { team_id: 'joined', user_id: 'double' });
    expect(without.team.row.members_with_roles).toEqual([]);
    const { user } = await users.create(world.admin, {
      user_id: 'twice',
      teams: ['joined', 'joined'],
      auto_create_key: false,
    });
    expect(user.row.teams).toEqual(['joined']);
    const blocked = await customers.block(world.admin, { user_ids: ['twice', 'twice'] }, true);
    expect(blocked.map(({ customer }) => customer.id)).toEqual(['twice']);
    expect(await customers.remove(world.admin, { user_ids: ['twice', 'twice'] })).toBe(1);
    expect(await users.remove(world.admin, { user_ids: ['twice', 'twice'] })).toBe(1);
    expect((await teams.remove(world.admin, { team_ids: ['twice', 'twice'] })).map(({ id }) => id)).toEqual(['twice']);
  });
});

describe('what is refused for one of several', () => {
  it('is done for none of them: customers to unblock', async () => {
    const { customers } = world.management;
    await customers.block(world.admin, { user_ids: ['blocked'] }, true);
    const some = { user_ids: ['blocked', 'unknown'] };
    await expect(customers.block(world.admin, some, false)).rejects.toMatchObject({ status: 404 });
    expect((await customers.info('blocked', () => Promise.resolve(false))).customer.row.blocked).toBe(true);
  });

  it('is done for none of them: users to delete', async () => {
    const { users, minting } = world.management;
    for (const user_id of ['root', 'root2', 'plain']) {
      const user_role = user_id === 'plain' ? 'internal_user' : 'proxy_admin';
      await users.create(world.admin, { user_id, user_role, auto_create_key: false });
    }
    const { secret } = await minting.generate(world.admin, { user_id: 'root', allowed_routes: ['/user/*'] });
    const held = await actorWith(world, secret);
    await expect(users.remove(held, { user_ids: ['plain', 'root2'] })).rejects.toMatchObject({ status: 403 });
    expect((await users.seen(world.admin, 'plain')).id).toBe('plain');
  });
});

it('a key that is found by its alias or digest stands on the first page only', async () => {
  const { minting, search } = world.management;
  const { key } = await minting.generate(world.admin, { key_alias: 'paged' });
  const by = { size: 10, includeTeamKeys: false, order: 'desc' } as const;
  for (const filter of [{ keyAlias: 'paged' }, { keyHash: key.id }]) {
    const pages = await Promise.all([1, 2].map((page) => search.find(world.admin, { ...by, ...filter, page })));
    expect(pages.map(({ keys, total }) => [keys.map(({ id }) => id), total])).toEqual([
      [[key.id], 1],
      [[], 1],
    ]);
  }
});
