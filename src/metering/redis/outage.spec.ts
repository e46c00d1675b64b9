import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BooksWorld, budget, ended, keyScope, type OpenBooks, until } from '../../../test/support/books-world';
import { ledgerRow } from '../../../test/support/ledger-rows';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { StateUnavailable } from '../../state/state-unavailable';

const times = { heartbeatMs: 50, processLeaseMs: 60_000, redisCommandMs: 150 };
let server: RedisServer;
let world: BooksWorld;

beforeEach(async () => {
  // Kept over a restart, like a Redis that is fit for money.
  server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always');
  world = new BooksWorld();
});
afterEach(async () => {
  server.thaw();
  await world.close();
  await server.close();
});

const scopes = [keyScope({ budgets: [budget(10_000)] })];
const counters = async ({ books }: OpenBooks) => (await books.ledger.counters([{ kind: 'key', id: 'k1' }]))[0];
const isAway = (error: unknown): false => {
  expect(error).toBeInstanceOf(StateUnavailable);
  return false;
};
const files = (): string[] => {
  const folder = join(world.folder, 'settlements');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.journal')) : [];
};

describeWithRedis('the meter while Redis is away', () => {
  it('refuses to admit within the command limit, keeps settlements on disk, and tells them when Redis is back', async () => {
    const open = await world.open(server.settings(), times);
    const { meter } = open.books;
    const requests = Array.from({ length: 5 }, () => world.asking(scopes));
    for (const request of requests) await meter.admit(request);
    server.freeze();
    const startedMs = performance.now();
    await expect(meter.admit(world.asking(scopes))).rejects.toBeInstanceOf(StateUnavailable);
    expect(performance.now() - startedMs).toBeLessThan(250);
    for (const request of requests) await meter.settle(ended(request, 100));
    expect(meter.health).toEqual({ isUp: false, waiting: 5 });
    const [file = ''] = files();
    expect(
      readFileSync(join(world.folder, 'settlements', file), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(5);
    const began = performance.now();
    for (let tries = 0; tries < 50; tries += 1)
      await meter.admit(world.asking(scopes)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(StateUnavailable);
      });
    // The breaker spares them: only probes wait.
    expect(performance.now() - began).toBeLessThan(1_000);
    server.thaw();
    const thawedMs = performance.now();
    await until(() => meter.health.waiting === 0);
    expect(performance.now() - thawedMs).toBeLessThan(2_000);
    await until(async () => (await counters(open))?.running === 0);
    expect(await counters(open)).toMatchObject({ spent: 500, held: 0 });
    expect(files()).toEqual([]);
    // The admission that was refused is taken back, and told where Redis carried it out after all.
    const told = open.settled.map(({ kind }) => kind).filter((kind) => kind !== 'void');
    expect(told).toEqual(requests.map(() => 'replayed'));
    expect(open.warnings).toHaveLength(2);
    expect(await open.books.bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });

  it('leaves no hold of an admission whose answer was lost', async () => {
    const open = await world.open(server.settings(), times);
    const first = world.asking(scopes);
    await open.books.meter.admit(first);
    await open.books.meter.settle(ended(first, 1));
    server.freeze();
    // Sent, and carried out by Redis when it wakes up.
    const asked = Array.from({ length: 3 }, () => open.books.meter.admit(world.asking(scopes)));
    for (const each of asked) await expect(each).rejects.toMatchObject({ mayHaveHappened: true });
    server.thaw();
    await until(() => open.books.meter.health.isUp);
    await until(async () => {
      const book = await counters(open);
      return book?.running === 0 && book.held === 0;
    });
    expect(await counters(open)).toMatchObject({ spent: 1, window: { requests: 1 } });
  });

  it('loses nothing when Redis is killed and started again', async () => {
    const open = await world.open(server.settings(), times);
    const requests = Array.from({ length: 6 }, () => world.asking(scopes));
    for (const request of requests) await open.books.meter.admit(request);
    const [early, late] = [requests.slice(0, 3), requests.slice(3)];
    for (const request of early) await open.books.meter.settle(ended(request, 10));
    await server.kill();
    for (const request of late) await open.books.meter.settle(ended(request, 10));
    await server.resume();
    await until(() => open.books.meter.health.isUp && open.books.meter.health.waiting === 0);
    // The links of one process come back one after the other.
    await until(() => counters(open).then(() => true, isAway));
    expect(await counters(open)).toMatchObject({ spent: 60, held: 0, running: 0 });
    expect((await open.books.ledger.page({ order: 'newest', offset: 0, limit: 9 })).total).toBe(6);
  });

  it('builds its books again in a Redis that was emptied, and charges what still runs', async () => {
    const open = await world.open(server.settings(), times);
    const request = world.asking(scopes);
    await open.books.meter.admit(request);
    await open.link?.run((redis) => redis.flushall());
    await open.books.meter.settle(ended(request, 40));
    const answer = await open.books.meter.admit(world.asking(scopes));
    expect(answer).toMatchObject({ kind: 'admitted', limits: [{ limit: 'nano_usd', used: 140 }] });
  });

  it('keeps what a Redis without memory refuses, and never takes that for a full limit', async () => {
    const open = await world.open(server.settings(), times);
    const request = world.asking(scopes);
    await open.books.meter.admit(request);
    await open.link?.run((redis) => redis.config('SET', 'maxmemory', '1'));
    await expect(open.books.meter.admit(world.asking(scopes))).rejects.toMatchObject({ replyCode: 'OOM' });
    await open.books.meter.settle(ended(request, 25));
    expect(open.books.meter.health.waiting).toBe(1);
    const dump = await counters(open);
    expect(dump).toMatchObject({ spent: 0, held: 100, running: 1 });
    await open.link?.run((redis) => redis.config('SET', 'maxmemory', '0'));
    await until(() => open.books.meter.health.waiting === 0);
    expect(await counters(open)).toMatchObject({ spent: 25, held: 0, running: 0 });
  });

  it('says once that Redis refuses to write, and once that it does not any more', async () => {
    const open = await world.open(server.settings(), times);
    await server.operate((redis) => redis.call('REPLICAOF', '127.0.0.1', '1'));
    const startedMs = performance.now();
    let refused = 0;
    // As long as it takes to be looked for at another place twice.
    while (performance.now() - startedMs < 3_000)
      await open.books.meter.admit(world.asking(scopes)).catch((error: unknown) => {
        refused += Number(error instanceof StateUnavailable);
      });
    expect(refused).toBeGreaterThan(10);
    expect(open.warnings).toEqual([expect.stringMatching(/^Redis refuses to write \(READONLY\), it is read-only/)]);
    await server.operate((redis) => redis.call('REPLICAOF', 'NO', 'ONE'));
    await until(() => open.books.meter.health.isUp);
    await until(() => open.books.meter.admit(world.asking(scopes)).then(() => true, isAway));
    expect(open.warnings.slice(1)).toEqual([expect.stringMatching(/^Redis answers again/)]);
  });

  it('goes on when the scripts are forgotten', async () => {
    const open = await world.open(server.settings(), times);
    for (let at = 0; at < 5; at += 1) {
      const request = world.asking(scopes);
      await open.books.meter.admit(request);
      await open.link?.run((redis) => redis.script('FLUSH'));
      await open.books.meter.settle(ended(request, 2));
      await open.link?.run((redis) => redis.script('FLUSH'));
    }
    expect(await counters(open)).toMatchObject({ spent: 10, held: 0, running: 0 });
  });

  it('tells what a process of before had written down, in a later one, and puts aside what nobody can read', async () => {
    const settings = server.settings();
    const dying = await world.open(settings, times);
    await dying.books.meter.admit(world.asking(scopes));
    await server.kill();
    const row = ledgerRow({ id: 'req_left-1', startMs: world.clock.nowMs(), spend: 33 });
    await dying.books.meter.settle(row);
    expect(files()).toHaveLength(1);
    await dying.die();
    const [file = ''] = files();
    const path = join(world.folder, 'settlements', file);
    writeFileSync(path, `${readFileSync(path, 'utf8')}["not a row"]\n[1,"torn`);
    await server.resume();
    const later = await world.open(settings, times);
    await until(async () => (await later.books.ledger.row('req_left-1')) !== undefined);
    expect(await later.books.ledger.row('req_left-1')).toEqual(row);
    await until(() => files().length === 0);
    expect(readFileSync(join(world.folder, 'settlements', 'rejected.jsonl'), 'utf8')).toBe('["not a row"]\n');
    expect(later.warnings).toEqual([expect.stringMatching(/refused by the shared state for what it is/)]);
  });

  it('says so when settlements can be written down nowhere, and tells them all the same when Redis is back', async () => {
    const open = await world.open(server.settings(), times);
    const request = world.asking(scopes);
    await open.books.meter.admit(request);
    writeFileSync(join(world.folder, 'settlements'), 'a file where a folder should be');
    server.freeze();
    await expect(open.books.meter.settle(ended(request, 12))).rejects.toBeInstanceOf(StateUnavailable);
    expect(open.books.meter.health.waiting).toBe(1);
    server.thaw();
    await until(() => open.books.meter.health.waiting === 0);
    await until(async () => (await counters(open))?.spent === 12);
  });
});
