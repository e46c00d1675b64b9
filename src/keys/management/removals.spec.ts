import { keyWorld, type KeyWorld } from '../../../test/support/key-world';

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
  for (const each of settled) if (each.status === 'rejected') expect((each.reason as { status?: number }).status).toBeLessThan(500); // prettier-ignore
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
      const [, isGone] = await atOnce(() => minting.generate(world.admin, { team_id }), () => teams.remove(world.admin, { team_ids: [team_id] }), round % 2 > 0); // prettier-ignore
      expect([isGone, await world.store.counts('key', [`team:${team_id}`])]).toEqual([true, [0]]);
    }
  });
});
