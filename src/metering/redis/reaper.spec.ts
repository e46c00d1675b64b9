import { BooksWorld, budget, ended, keyScope, type OpenBooks, until } from '../../../test/support/books-world';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { type RedisSettings } from '../../config/redis-settings';

/** Scaled down: a beat of 40 ms, a lease of 400 ms. */
const times = { heartbeatMs: 40, processLeaseMs: 400 };
let server: RedisServer;
let world: BooksWorld;
let settings: RedisSettings;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  world = new BooksWorld();
  settings = server.settings();
});
afterEach(async () => {
  await world.close();
});

const scopes = [keyScope({ parallel: 2, budgets: [budget(1_000)] })];
const counters = async ({ books }: OpenBooks) => (await books.ledger.counters([{ kind: 'key', id: 'k1' }]))[0];

describeWithRedis('the tickets of a process that died', () => {
  it('are settled by another one from their last checkpoint, and only after a whole lease', async () => {
    const dying = await world.open(settings, times);
    const living = await world.open(settings, times);
    const [one, other] = [world.asking(scopes), world.asking(scopes)];
    await dying.books.meter.admit(one);
    await dying.books.meter.admit(other);
    dying.books.meter.assign(one.ticketId, 'd1');
    dying.books.meter.checkpoint({ ...one.draft, spend: 70, usage: { ...one.draft.usage, outputTokens: 11 } });
    await until(async () => {
      const draft = await living.link?.run((redis) =>
        redis.hget(`${settings.keyPrefix}{meter}:t:${one.ticketId}`, 'x'),
      );
      return draft?.includes(',70,') === true;
    });
    expect(await living.books.meter.admit(world.asking(scopes))).toMatchObject({
      kind: 'refused',
      limit: { limit: 'parallel' },
    });
    await dying.die();
    const diedAtMs = performance.now();
    await until(async () => (await counters(living))?.running === 0);
    expect(performance.now() - diedAtMs).toBeGreaterThan(200);
    expect(await counters(living)).toMatchObject({ spent: 70, held: 0 });
    expect(await living.books.ledger.row(one.ticketId)).toMatchObject({
      ...{ spend: 70, quality: 'estimated', late: false, status: 'failure', end: 'cut', errorCode: 'process_lost' },
      usage: { outputTokens: 11 },
    });
    expect(await living.books.ledger.row(other.ticketId)).toMatchObject({ spend: 0, quality: 'estimated' });
    const again = await living.books.meter.admit(world.asking(scopes));
    expect(again).toMatchObject({ kind: 'admitted', routing: { inFlight: [0] } });
    expect(living.settled.map(({ kind }) => kind)).toEqual(['reaped', 'reaped']);
    await until(async () => {
      const leases = await living.link?.run((redis) => redis.zcard(`${settings.keyPrefix}{meter}:leases`));
      return leases === 1;
    });
  });

  it('are corrected by their owner when it lives after all, once, marked late', async () => {
    const sleeper = await world.open(settings, { ...times, heartbeatMs: 3_600_000 });
    const living = await world.open(settings, times);
    const request = world.asking(scopes);
    await sleeper.books.meter.admit(request);
    await until(async () => (await living.books.ledger.row(request.ticketId)) !== undefined);
    expect((await counters(living))?.spent).toBe(0);
    for (let repeats = 0; repeats < 3; repeats += 1) await sleeper.books.meter.settle(ended(request, 90));
    expect(await living.books.ledger.row(request.ticketId)).toEqual({ ...ended(request, 90), late: true });
    expect(await counters(living)).toMatchObject({ spent: 90, held: 0, running: 0 });
    expect(sleeper.settled.map(({ kind }) => kind)).toEqual(['late']);
    expect(await living.books.bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });

  it('stay open while their owner beats, whatever others think, until their deadline', async () => {
    const owner = await world.open(settings, times);
    await world.open(settings, times);
    const request = { ...world.asking(scopes), deadlineMs: world.clock.nowMs() + 900 };
    await owner.books.meter.admit(request);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await counters(owner))?.running).toBe(1);
    await until(async () => (await counters(owner))?.running === 0);
    await owner.books.meter.settle(ended(request, 30));
    expect(await counters(owner)).toMatchObject({ spent: 30 });
  });

  it('are left alone by a process that has not itself seen the state healthy for a whole lease', async () => {
    const dying = await world.open(settings, times);
    const request = world.asking(scopes);
    await dying.books.meter.admit(request);
    await dying.die();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const fresh = await world.open(settings, times);
    const openedAtMs = performance.now();
    await until(async () => (await fresh.books.ledger.row(request.ticketId)) !== undefined);
    expect(performance.now() - openedAtMs).toBeGreaterThan(390);
  });

  it('that were admitted without anybody knowing are found by their own process and taken back', async () => {
    const owner = await world.open(settings, times);
    const known = world.asking(scopes);
    await owner.books.meter.admit(known);
    const lost = `${known.ticketId}-lost`;
    // The admission arrived at Redis after this process had given it up.
    await owner.link?.run(async (redis) => {
      const name = (key: string) => `${settings.keyPrefix}{meter}:${key}`;
      const [process = ''] = await redis.zrange(name('leases'), '0', '-1');
      await redis.hset(name(`t:${lost}`), await redis.hgetall(name(`t:${known.ticketId}`)));
      await redis.zadd(name(`o:${process}`), Date.now() + 3_600_000, lost);
      await redis.hincrby(name('b:key:k1'), 'r', 1);
    });
    expect((await counters(owner))?.running).toBe(2);
    await until(async () => (await counters(owner))?.running === 1);
    await owner.books.meter.settle(ended(known));
    expect(await counters(owner)).toMatchObject({ running: 0, spent: 90 });
    expect(await owner.books.ledger.row(lost)).toBeUndefined();
  });
});
