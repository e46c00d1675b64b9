import fc from 'fast-check';
import { actorWith, keyWorld, type KeyWorld } from '../../../test/support/key-world';
import { GatewayError } from '../../kernel/errors';
import { entityKinds } from '../../state/entities/entity';
import { type Stored, stored } from '../rows/rows';
import { type Actor } from './actor';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
});
afterAll(() => world.close());

const whats = [
  'generate', 'service', 'update', 'add', 'drop', 'user', 'noUser', 'team', 'noTeam', 'budget', 'noBudget',
] as const; // prettier-ignore

const work = fc.record({
  what: fc.constantFrom(...whats),
  user_id: fc.constantFrom('ann', 'bob'),
  team_id: fc.constantFrom('t1', 't2'),
  budget_id: fc.constantFrom('b', undefined),
  role: fc.constantFrom('admin', 'user'),
  /** Whose key asks; the operator when there is none so far. */
  by: fc.nat(20),
});
type Work = typeof work extends fc.Arbitrary<infer T> ? T : never;

/** Secrets and ids of keys that were made. */
type Made = { readonly secret: string; readonly id: string }[];

async function actorOf({ by }: Work, made: Made): Promise<Actor> {
  const { secret } = made[by] ?? {};
  return secret === undefined ? world.admin : actorWith(world, secret).catch(() => world.admin);
}

async function done(each: Work, made: Made): Promise<void> {
  const { what, user_id, team_id, budget_id, role } = each;
  const { minting, changes, members, teams, users, budgets } = world.management;
  const actor = await actorOf(each, made);
  const named = budget_id === undefined ? {} : { budget_id };
  const keep = ({ secret, key }: Awaited<ReturnType<typeof minting.generate>>): unknown =>
    made.push({ secret, id: key.id });
  const works: Readonly<Record<Work['what'], () => Promise<unknown>>> = {
    generate: async () => keep(await minting.generate(actor, { user_id, team_id, ...named })),
    service: async () => keep(await minting.generateForService(actor, { team_id })),
    update: () => changes.update(actor, { key: made.at(-1)?.id ?? '0', user_id, ...named }),
    add: () => members.add(actor, { team_id, member: [{ user_id }, { user_id, role }] }),
    drop: () => members.remove(actor, { team_id, user_id }),
    user: () => users.create(world.admin, { user_id, teams: [team_id], auto_create_key: false, ...named }),
    noUser: () => users.remove(world.admin, { user_ids: [user_id] }),
    team: () => teams.create(world.admin, { team_id, members_with_roles: [{ user_id, role }], ...named }),
    noTeam: () => teams.remove(world.admin, { team_ids: [team_id] }),
    budget: () => budgets.create(world.admin, { budget_id: 'b', max_budget: 1 }),
    noBudget: () => budgets.remove(world.admin, { id: 'b' }),
  };
  await works[what]();
}

/** Refusals are answers; anything else breaks. */
async function isDone(each: Work, made: Made): Promise<boolean> {
  try {
    await done(each, made);
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.status >= 500) throw error;
    return false;
  }
}

async function all<K extends (typeof entityKinds)[number]>(kind: K): Promise<readonly Stored<K>[]> {
  const { entities } = await world.store.page(kind, { order: 'oldest', offset: 0, limit: 1_000 });
  return entities.map((entity) => stored(kind, entity));
}

async function versions(): Promise<readonly string[]> {
  const kinds = await Promise.all(entityKinds.map((kind) => all(kind)));
  return kinds.flat().map(({ kind, id, version }) => `${kind} ${id} ${version}`);
}

/** What points to something that is not there, or is said in two places that do not agree. */
async function faults(): Promise<readonly string[]> {
  const [keys, teams, users, budgets] = [await all('key'), await all('team'), await all('user'), await all('budget')];
  const teamIds = new Set(teams.map(({ id }) => id));
  const budgetIds = new Set(budgets.map(({ id }) => id));
  const lost = [...keys, ...teams, ...users].filter(
    ({ row }) => row.budget_id !== undefined && !budgetIds.has(row.budget_id),
  );
  const teamless = keys.filter(({ row }) => row.team_id !== undefined && !teamIds.has(row.team_id));
  const inTeams = (user: string): readonly string[] =>
    teams.filter(({ row }) => row.members_with_roles.some(({ user_id }) => user_id === user)).map(({ id }) => id);
  const apart = users.filter(({ id, row }) => row.teams.toSorted().join() !== inTeams(id).toSorted().join());
  const doubled = teams.filter(({ row }) => {
    const ids = row.members_with_roles.map(({ user_id }) => user_id);
    return new Set(ids).size < ids.length;
  });
  return [...lost, ...teamless, ...apart, ...doubled].map(({ kind, id }) => `${kind} ${id}`);
}

/** Keys that a holder may read and are not listed, or the other way round. */
async function unlisted(made: Made): Promise<readonly string[]> {
  const { search, access } = world.management;
  const found: string[] = [];
  for (const each of made) {
    const actor = await actorWith(world, each.secret).catch(() => undefined);
    if (actor === undefined) continue;
    const { keys, total } = await search.find(actor, { page: 1, size: 500, includeTeamKeys: true, order: 'desc' });
    const seen: string[] = [];
    for (const key of await all('key')) if (await access.maySee(actor, key)) seen.push(key.id);
    const listed = keys.map(({ id }) => id);
    if (total !== listed.length || listed.toSorted().join() !== seen.toSorted().join()) found.push(each.id);
  }
  return found;
}

it('whatever is done, one after the other or two at once, leaves nothing that points nowhere', async () => {
  const made: Made = [];
  for (const [at, pair] of fc.sample(fc.tuple(work, work), { numRuns: 100, seed: 7 }).entries()) {
    if (at % 2 > 0) await Promise.all(pair.map((each) => isDone(each, made)));
    else {
      const before = await versions();
      if (!(await isDone(pair[0], made))) expect(await versions()).toEqual(before);
    }
    expect([pair, await faults(), await unlisted(made)]).toEqual([pair, [], []]);
  }
});
