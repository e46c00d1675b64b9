import { BooksWorld, budget, ended, keyScope, type OpenBooks } from '../../../test/support/books-world';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { type RedisSettings } from '../../config/redis-settings';

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

const scopes = [
  keyScope({ budgets: [budget(100_000, '1d'), budget(100_000, '5h', { unit: 'tokens' }), budget(200_000)] }),
  { kind: 'team' as const, id: 't1', limits: { budgets: [budget(500_000, '30d')] }, mode: 'enforce' as const },
  keyScope({ budgets: [budget(90_000, '7d')] }, { model: 'gpt-5.5' }),
  keyScope({ budgets: [budget(95_000, '7d'), budget(95_000)] }, { model: 'fast|one' }),
];
const owner = { teamId: 't1', userId: 'u1', tags: ['ci'], otherGroups: ['fast|one'] };

/** Twelve requests over three days, two of which still run. */
async function busyBooks(): Promise<OpenBooks> {
  const open = await world.open(settings);
  for (let at = 0; at < 12; at += 1) {
    if (at % 4 === 0) world.clock.aheadMs += 20 * 3_600_000;
    const request = world.asking(
      scopes,
      { nanos: 100 + at, tokens: 5 },
      { ...owner, userId: at % 3 === 0 ? 'u2' : 'u1' },
    );
    expect((await open.books.meter.admit(request)).kind).toBe('admitted');
    if (at < 10) await open.books.meter.settle(ended(request, 1_000 + at));
  }
  return open;
}

const name = (key: string): string => `${settings.keyPrefix}{meter}:${key}`;

async function keysLike(pattern: string): Promise<string[]> {
  const found = await server.everywhere((redis) => redis.keys(`${settings.keyPrefix}?meter?:${pattern}`));
  return found.flat().sort();
}

async function dump(open: OpenBooks): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const pattern of ['b:*', 'c:*', 'ct:*'])
    for (const key of await keysLike(pattern)) {
      const fields = (await open.link?.run((redis) => redis.hgetall(key))) ?? {};
      delete fields['q'];
      delete fields['o'];
      all[key.slice(settings.keyPrefix.length)] = fields;
    }
  return all;
}

describeWithRedis('reconcile', () => {
  it('finds nothing wrong in books that nobody touched', async () => {
    const { books } = await busyBooks();
    const found = await books.bookkeeper.reconcile(true);
    expect(found).toMatchObject({ mismatches: [], repaired: 0 });
    expect(found.checked).toBeGreaterThan(40);
  });

  it('finds, names and repairs counters, holds, slots, cells and totals that differ; twice is once', async () => {
    const open = await busyBooks();
    const sound = await dump(open);
    const [cell] = await keysLike('c:team:t1:*');
    const [dims = ''] = (await open.link?.run((redis) => redis.hkeys(cell ?? ''))) ?? [];
    await open.link?.run(async (redis) => {
      await redis.hincrby(name('b:key:k1'), 's', 17);
      await redis.hincrby(name('b:team:t1'), 'r', 3);
      const counter = (await redis.hkeys(name('b:team:t1'))).find((field) => field.startsWith('h:')) ?? '';
      await redis.hincrby(name('b:team:t1'), counter, 40);
      await redis.hincrby(name('b:key:k1|gpt-5.5'), 's', -5);
      await redis.hincrby(name('b:key:k1|fast%7cone'), 's', -7);
      await redis.hset(cell ?? '', dims, '1 2 3 4 5 6 7 8 9 10 11');
      await redis.hset(cell ?? '', 'invented|||||||', '0 0 0 0 0 0 1 0 1 0 0');
      await redis.del(name('ct:user:u1'));
    });
    const looked = await open.books.bookkeeper.reconcile(false);
    expect(looked.repaired).toBe(0);
    expect(looked.mismatches).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ scope: 'key', id: 'k1', field: 'spent' }),
        expect.objectContaining({ scope: 'team', id: 't1', field: 'running', ledger: 2, counter: 5 }),
        expect.objectContaining({ scope: 'key', id: 'k1|gpt-5.5', field: 'spent' }),
        expect.objectContaining({ scope: 'key', id: 'k1|fast%7cone', field: 'spent', ledger: 10_045 }),
        expect.objectContaining({ scope: 'team', id: 't1', field: expect.stringMatching(/cell spend/) as string }),
        expect.objectContaining({ scope: 'user', id: 'u1', field: expect.stringMatching(/total spend/) as string }),
      ]),
    );
    expect(await dump(open)).not.toEqual(sound);
    const repaired = await open.books.bookkeeper.reconcile(true);
    expect(repaired.repaired).toBeGreaterThanOrEqual(looked.mismatches.length);
    expect(await dump(open)).toEqual(sound);
    expect(await open.books.bookkeeper.reconcile(true)).toMatchObject({ mismatches: [], repaired: 0 });
    expect(await dump(open)).toEqual(sound);
  });

  it('builds all figures again from the rows when they are gone, and books with the next admission', async () => {
    const open = await busyBooks();
    const sound = await dump(open);
    for (const pattern of ['b:*', 'c:*', 'ct:*', 'cd:*', 'bk'])
      for (const key of await keysLike(pattern)) await open.link?.run((redis) => redis.del(key));
    await open.books.bookkeeper.reconcile(true);
    const request = world.asking(scopes, { nanos: 1 }, owner);
    expect((await open.books.meter.admit(request)).kind).toBe('admitted');
    open.books.meter.void(request.ticketId);
    await open.books.bookkeeper.limits(scopes);
    for (;;) {
      const left = (await open.link?.run((redis) => redis.exists(name(`t:${request.ticketId}`)))) ?? 0;
      if (left === 0) break;
    }
    const rebuilt = await dump(open);
    // Rate windows are not in the ledger: a lost one begins anew.
    const windowless = (all: Record<string, unknown>) =>
      JSON.parse(
        JSON.stringify(all, (key, value: unknown) => (/^(ws|wr|wt)$/.test(key) ? undefined : value)),
      ) as object;
    const expected = Object.fromEntries(Object.entries(sound).filter(([key]) => key in rebuilt));
    expect(windowless(rebuilt)).toEqual(windowless(expected));
    expect(Object.keys(rebuilt).filter((key) => key.includes('c:')).length).toBe(
      Object.keys(sound).filter((key) => key.includes('c:')).length,
    );
  });

  it('is right while requests run', async () => {
    const open = await busyBooks();
    await open.link?.run((redis) => redis.hincrby(name('b:key:k1'), 's', 17));
    let isOver = false;
    const traffic = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!isOver) {
          const request = world.asking(scopes, { nanos: 3, tokens: 1 }, owner);
          if ((await open.books.meter.admit(request)).kind === 'refused') continue;
          await open.books.meter.settle(ended(request, 2));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }),
    );
    for (let times = 0; times < 3; times += 1) await open.books.bookkeeper.reconcile(true);
    isOver = true;
    await traffic;
    expect(await open.books.bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  }, 120_000);

  it('sets the spend of all keys and teams to nothing and keeps their rows', async () => {
    const { books } = await busyBooks();
    const before = await books.ledger.page({ order: 'newest', offset: 0, limit: 100, matches: (row) => row.spend > 0 });
    expect(await books.bookkeeper.resetSpend()).toBe(2);
    const [key, team, user] = await books.ledger.counters([
      { kind: 'key', id: 'k1' },
      { kind: 'team', id: 't1' },
      { kind: 'user', id: 'u1' },
    ]);
    expect([key?.spent, team?.spent]).toEqual([0, 0]);
    expect(key?.budgets.filter(({ unit }) => unit === 'nano_usd').map(({ used }) => used)).toEqual(
      expect.arrayContaining([0]),
    );
    expect(user?.spent).toBe(1_001 + 1_002 + 1_004 + 1_005 + 1_007 + 1_008);
    const after = await books.ledger.page({ order: 'newest', offset: 0, limit: 100, matches: (row) => row.spend > 0 });
    expect(after.total).toBe(before.total);
    expect(await books.bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });

  it('tells how limits stand without taking anything, also those nobody has met yet', async () => {
    const { books } = await busyBooks();
    const fresh = keyScope({ requestsPerWindow: 5, budgets: [budget(50_000, '2d'), budget(300_000)] });
    const [requests, days, lifetime] = await books.bookkeeper.limits([fresh]);
    expect(requests).toMatchObject({ limit: 'requests', max: 5 });
    expect(lifetime).toMatchObject({ limit: 'nano_usd', period: 'lifetime', used: 10_045 + 110 + 111 });
    expect(days?.used).toBeGreaterThan(0);
    expect(await books.bookkeeper.limits([fresh])).toEqual([requests, days, lifetime]);
  });
});
