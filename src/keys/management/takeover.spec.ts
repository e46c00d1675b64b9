import { actorWith, holderOf, keyWorld, type KeyWorld, refusalOf } from '../../../test/support/key-world';
import { personOf } from '../../kernel/principal';
import { type Actor } from './actor';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  const { users, teams } = world.management;
  for (const user_id of ['mallory', 'victim', 'plain', 'outsider'])
    await users.create(world.admin, { user_id, auto_create_key: false });
  const members_with_roles = [
    { user_id: 'mallory', role: 'admin' },
    { user_id: 'victim', role: 'user' },
    { user_id: 'plain', role: 'user' },
  ];
  await teams.create(world.admin, { team_id: 'a', members_with_roles });
  await teams.create(world.admin, { team_id: 'b', members_with_roles: [{ user_id: 'victim', role: 'admin' }] });
});
afterAll(() => world.close());

const keyOf = (fields: object): Promise<Actor> => keyBy(world.admin, fields);
async function keyBy(actor: Actor, fields: object): Promise<Actor> {
  return actorWith(world, (await world.management.minting.generate(actor, fields)).secret);
}

describe('a service account', () => {
  it('is made by admins of the team and by members who are told so, and by nobody else', async () => {
    const { minting, teams } = world.management;
    const make = (actor: Actor, team_id = 'a') => minting.generateForService(actor, { team_id });
    for (const fields of [{ user_id: 'outsider' }, {}, { user_id: 'plain' }, { user_id: 'plain', team_id: 'a' }]) {
      const actor = await keyOf(fields);
      expect([fields, (await refusalOf(make(actor))).status]).toEqual([fields, 403]);
      expect((await refusalOf(make(actor, 'no such team'))).status).toBe(403);
    }
    // The right to make keys of one's own is not the right to make keys that are nobody's.
    await teams.update(world.admin, { team_id: 'a', team_member_permissions: ['/key/generate'] });
    const plain = await keyOf({ user_id: 'plain', team_id: 'a' });
    expect(await refusalOf(make(plain))).toMatchObject({ status: 403, param: 'team_id' });
    await teams.update(world.admin, { team_id: 'a', team_member_permissions: ['/key/service-account/generate'] });
    expect((await make(plain)).key.row).toMatchObject({ team_id: 'a' });
    const service = await make(await keyOf({ user_id: 'mallory', allowed_routes: ['management_routes'] }));
    expect(service.key.row).toMatchObject({ team_id: 'a', allowed_routes: ['management_routes'] });
    expect(service.key.row.user_id).toBeUndefined();
    // A service account makes none.
    expect((await refusalOf(make(await actorWith(world, service.secret)))).status).toBe(403);
  });
});

describe('a key that somebody makes for somebody else', () => {
  it('is for members of the team only', async () => {
    const mallory = await keyOf({ user_id: 'mallory' });
    const { minting, changes } = world.management;
    for (const user_id of ['outsider', 'not yet there'])
      expect(await refusalOf(minting.generate(mallory, { team_id: 'a', user_id }))).toMatchObject({
        status: 403,
        param: 'user_id',
      });
    const key = (await keyBy(mallory, { team_id: 'a' })).principal.keyHash;
    expect(await refusalOf(changes.update(mallory, { key, user_id: 'outsider' }))).toMatchObject({
      status: 403,
      param: 'user_id',
    });
  });

  it('is charged to the user, and has neither sight nor rights of the user', async () => {
    const mallory = await keyOf({ user_id: 'mallory' });
    const own = await keyOf({ user_id: 'victim', key_alias: 'victims-own' });
    const lent = await keyBy(mallory, { team_id: 'a', user_id: 'victim' });
    const { search, users, members, minting, access, teams } = world.management;
    expect(lent.principal).toMatchObject({ userId: 'victim', isLent: true });
    expect(lent.principal.scopes.map(({ kind, id }) => [kind, id])).toContainEqual(['member', 'a/victim']);
    const all = await search.find(lent, {
      page: 1,
      size: 50,
      includeTeamKeys: true,
      order: 'desc',
    });
    expect(all.keys.map(({ id }) => id)).toEqual([lent.principal.keyHash]);
    for (const work of [
      users.seen(lent, 'victim'),
      teams.seen(lent, 'b'),
      members.add(lent, { team_id: 'b', member: { user_id: 'mallory', role: 'admin' } }),
      access.seen(lent, own.principal.keyHash),
    ])
      expect((await refusalOf(work)).status).toBe(404);
    expect((await refusalOf(minting.generate(lent, {}))).status).toBe(403);
    expect((await refusalOf(minting.generateForService(lent, { team_id: 'b' }))).status).toBe(403);
  });

  it('gains nothing when the user becomes an admin', async () => {
    const mallory = await keyOf({ user_id: 'mallory' });
    const lent = (await world.management.minting.generate(mallory, { team_id: 'a', user_id: 'plain' })).secret;
    const own = (await world.management.minting.generate(world.admin, { user_id: 'plain' })).secret;
    const role = async (secret: string): Promise<string> => (await holderOf(world, secret)).role;
    await world.management.users.update(world.admin, { user_id: 'plain', user_role: 'proxy_admin' });
    expect([await role(lent), await role(own)]).toEqual(['internal_user', 'proxy_admin']);
    await world.management.users.update(world.admin, { user_id: 'plain', user_role: 'internal_user_viewer' });
    expect([await role(lent), await role(own)]).toEqual(['internal_user_viewer', 'internal_user_viewer']);
    await world.management.users.update(world.admin, { user_id: 'plain', user_role: 'internal_user' });
  });

  it('is what a key becomes that an admin of the team turns, or gives to another member', async () => {
    const mallory = await keyOf({ user_id: 'mallory' });
    const { minting, changes } = world.management;
    const person = async (secret: string): Promise<string | undefined> => personOf(await holderOf(world, secret));
    const first = await minting.generate(world.admin, { team_id: 'a', user_id: 'victim' });
    expect(await person(first.secret)).toBe('victim');
    const turned = await changes.regenerate(mallory, first.key.id, { grace_period: '1h' });
    expect([await person(turned.secret), await person(first.secret)]).toEqual([undefined, undefined]);
    // The user takes it back: only when no secret that others know is left does the key act as the user again.
    const victim = await keyOf({ user_id: 'victim' });
    const graceful = await changes.regenerate(victim, first.key.id, { grace_period: '1h' });
    expect(await person(graceful.secret)).toBeUndefined();
    const back = await changes.regenerate(victim, first.key.id, { grace_period: '0s' });
    expect(await person(back.secret)).toBe('victim');
    expect(
      await holderOf(world, graceful.secret).then(
        () => 'let in',
        () => 'refused',
      ),
    ).toBe('refused');
    const given = await minting.generate(mallory, { team_id: 'a' });
    expect(await person(given.secret)).toBe('mallory');
    await changes.update(mallory, { key: given.key.id, user_id: 'victim' });
    expect(await person(given.secret)).toBeUndefined();
  });

  it('is over with every earlier secret when it is turned without grace, and none outlives the grace it is turned with', async () => {
    const { minting, changes } = world.management;
    const first = await minting.generate(world.admin, { user_id: 'plain' });
    const thief = await actorWith(world, first.secret);
    const turned = await changes.regenerate(thief, first.key.id, { grace_period: '3650d' });
    const graceful = await changes.regenerate(world.admin, first.key.id, { grace_period: '1h' });
    const works = (secret: string): Promise<boolean> =>
      holderOf(world, secret).then(
        () => true,
        () => false,
      );
    expect(await Promise.all([first, turned, graceful].map(({ secret }) => works(secret)))).toEqual([true, true, true]);
    world.clock.aheadMs += 3_600_001;
    expect(await Promise.all([first, turned, graceful].map(({ secret }) => works(secret)))).toEqual([
      false,
      false,
      true,
    ]);
    const again = await changes.regenerate(await actorWith(world, graceful.secret), first.key.id, {
      grace_period: '3650d',
    });
    const last = await changes.regenerate(world.admin, first.key.id, {});
    expect(await Promise.all([graceful, again, last].map(({ secret }) => works(secret)))).toEqual([false, false, true]);
  });

  it('is what keys of an earlier release are, unless the operator or the user made them', async () => {
    const { minting, store } = world.management;
    const made = async (created_by: string | undefined): Promise<string | undefined> => {
      const { secret, key } = await minting.generate(world.admin, { team_id: 'a', user_id: 'victim' });
      const row = { ...key.row, created_by, standing: undefined };
      const entity = (await store.many([{ kind: 'key', id: key.id }]))[0];
      await store.commit([
        {
          op: 'put',
          kind: 'key',
          id: key.id,
          expected: entity?.version ?? 0,
          names: [`secret:${key.id}`],
          lists: [],
          body: JSON.stringify(row),
        },
      ]);
      return personOf(await holderOf(world, secret));
    };
    expect([await made('mallory'), await made('f'.repeat(64))]).toEqual([undefined, undefined]);
    expect([await made('victim'), await made('master'), await made(undefined)]).toEqual(['victim', 'victim', 'victim']);
  });
});
