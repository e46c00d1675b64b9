import { holderOf, keyRefusalOf, keyWorld, type KeyWorld, worldMasterKey } from '../../../test/support/key-world';
import { eventually } from '../../../test/support/login-gateways';
import { MovedClock } from '../../../test/support/moved-clock';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { RedisEntityStore } from '../../state/entities/redis-entity-store';
import { RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';

describeWithRedis('with Redis the key directory', () => {
  let redis: RedisServer;
  let link: RedisLink;
  let world: KeyWorld;

  beforeEach(async () => {
    redis = await RedisServer.start();
    link = new RedisLink(redis.settings(), { connectMs: 2_000, redisCommandMs: 1_000 }, new MovedClock());
    await link.open();
  });
  afterEach(async () => {
    await world.close();
    await link.close();
    await redis.close();
  });

  /** One of several processes. @param isCut no message of pub/sub ever arrives. */
  async function replica(isCut = false): Promise<KeyWorld> {
    const parts = { run: link.run.bind(link), key: link.key.bind(link), script: link.script.bind(link) };
    const subscribe: RedisLink['subscribe'] = (...args) => (isCut ? () => undefined : link.subscribe(...args));
    const store = (clock: MovedClock): RedisEntityStore =>
      new RedisEntityStore({ ...parts, subscribe, nowMs: () => clock.nowMs() });
    return keyWorld({ store, hears: !isCut });
  }

  it.each([
    ['told of it', false],
    ['told of nothing', true],
  ])('sees what another replica changed when it is %s', async (_, isCut) => {
    world = await replica(isCut);
    const { secret } = await world.management.minting.generate(world.admin, {});
    await holderOf(world, secret);
    const other = await replica();
    await other.management.changes.block(other.admin, { key: secret }, true);
    await eventually('the key is blocked here too', () =>
      keyRefusalOf(world, secret).then(
        () => true,
        () => false,
      ),
    );
    await other.close();
  });

  it('serves on from what was verified when Redis freezes, for 30 seconds, and never calls a key wrong', async () => {
    world = await replica();
    const { secret } = await world.management.minting.generate(world.admin, {});
    const principal = await holderOf(world, secret);
    await heardOfAll(world);
    redis.freeze();
    expect(world.directory.authenticate(secret)).toBe(principal);
    await expect(async () => world.directory.authenticate('sk-never-seen-before')).rejects.toThrow(StateUnavailable);
    world.clock.aheadMs += 25_000;
    expect(world.directory.authenticate(secret)).toBe(principal);
    world.clock.aheadMs += 6_000;
    await expect(async () => world.directory.authenticate(secret)).rejects.toMatchObject({ status: 503 });
    expect(world.directory.authenticate(worldMasterKey)).toMatchObject({ kind: 'master' });
    redis.thaw();
    await eventually('the key works again', () =>
      holderOf(world, secret).then(
        () => true,
        () => false,
      ),
    );
  });

  it('says once that Redis was emptied, and nothing of many changes that nobody was told of', async () => {
    world = await replica(true);
    for (let commits = 0; commits < 3; commits += 1)
      await world.management.customers.block(world.admin, { user_ids: [`c${commits}`] }, true);
    await heardOfAll(world);
    expect(world.said).toEqual([]);
    await redis.operate((commands) => commands.flushall());
    await eventually('the log says so', () => world.said.length > 0);
    await world.management.customers.block(world.admin, { user_ids: ['c0'] }, true);
    await heardOfAll(world);
    expect(world.said).toEqual([expect.stringMatching(/^The state has lost changes/)]);
  });

  it('keeps a key out that it saw revoked, although Redis forgot it', async () => {
    world = await replica();
    const blocked = await world.management.minting.generate(world.admin, { key_alias: 'blocked' });
    const deleted = await world.management.minting.generate(world.admin, { key_alias: 'deleted' });
    for (const { secret } of [blocked, deleted]) await holderOf(world, secret);
    const copies = await copyOfAll(link);
    await world.management.changes.block(world.admin, { key: blocked.secret }, true);
    await world.management.changes.remove(world.admin, { keys: [deleted.secret] });
    expect(await keyRefusalOf(world, blocked.secret)).toMatchObject({ status: 401 });
    expect(await world.directory.authenticate(deleted.secret)).toBeUndefined();
    // A replica that has not heard of its own changes yet could not tell that they are gone.
    await heardOfAll(world);
    // A failover to a replica that never got the last writes.
    await putBack(link, copies);
    await eventually('it is noticed', async () => (await world.store.news(undefined)).stamp === copies.stamp);
    await eventually('the log says so', () => world.said.some((line) => line.startsWith('The state has lost changes')));
    for (let times = 0; times < 20; times += 1) {
      expect(await keyRefusalOf(world, blocked.secret)).toMatchObject({ status: 401 });
      expect(await world.directory.authenticate(deleted.secret)).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Made new, they are wanted again.
    await world.management.changes.remove(world.admin, { key_aliases: ['deleted'] });
    for (let commits = 0; commits < 4; commits += 1)
      await world.management.customers.block(world.admin, { user_ids: [`c${commits}`] }, true);
    await world.management.minting.generate(world.admin, { key: deleted.secret });
    await eventually('the key works', () =>
      holderOf(world, deleted.secret).then(
        () => true,
        () => false,
      ),
    );
  });
});

/** Waits until this process asked what is new, and so knows that it knows everything. */
function heardOfAll({ watch, clock }: KeyWorld): Promise<void> {
  const nowMs = clock.monotonicMs();
  return eventually('the watch asked', () => watch.verifiedMs > nowMs);
}

interface Copies {
  readonly stamp: string;
  readonly dumps: readonly { readonly key: string; readonly dump: Buffer }[];
}

async function copyOfAll(link: RedisLink): Promise<Copies> {
  return link.run(async (commands) => {
    const keys = await commands.keys(`${link.keyPrefix}{ent}*`);
    const dumps = await Promise.all(keys.map(async (key) => ({ key, dump: await commands.dumpBuffer(key) })));
    const stamp = (await commands.get(link.key('{ent}:stamp'))) ?? '0';
    return { stamp, dumps };
  });
}

async function putBack(link: RedisLink, { dumps }: Copies): Promise<void> {
  await link.run(async (commands) => {
    await commands.del(...(await commands.keys(`${link.keyPrefix}{ent}*`)));
    for (const { key, dump } of dumps) await commands.restore(key, 0, dump);
  });
}
