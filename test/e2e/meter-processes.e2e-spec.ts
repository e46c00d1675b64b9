import { type RedisSettings } from '../../src/config/redis-settings';
import { BooksWorld, until } from '../support/books-world';
import { MeterProcess } from '../support/meter-process';
import { random } from '../support/replicas';
import { describeWithRedis, RedisServer } from '../support/redis-server';

/** Four processes start on a machine that has other things to do. */
jest.setTimeout(300_000);

const isLong = process.env['TEST_LONG'] !== undefined;
const seeds = isLong ? 100 : 15;
let server: RedisServer;
let world: BooksWorld;
let four: MeterProcess[];

interface Asked {
  readonly admitted: readonly object[];
  readonly refused: Readonly<Record<string, number>>;
  readonly unavailable: number;
}

async function begin(times: object, ...options: readonly string[]): Promise<RedisSettings> {
  server = await RedisServer.start(...options);
  world = new BooksWorld();
  const redis = server.settings();
  four = ['a', 'b', 'c', 'd'].map((name) => new MeterProcess({ name, redis, stateDir: world.folder, times }));
  return redis;
}

afterEach(async () => {
  await Promise.all(four.map((each) => each.kill()));
  await world.close();
  await server.close();
});

const admit = (budget: number, hold: number, more: object = {}): Promise<Asked[]> =>
  Promise.all(four.map((each) => each.tell<Asked>('admit', { count: 50, budget, hold, ...more })));
async function settle(asked: readonly Asked[], spend: number): Promise<void> {
  await Promise.all(four.map((each, at) => each.tell('settle', { tickets: asked[at]?.admitted ?? [], spend })));
}

const countOf = (asked: readonly Asked[]): number => asked.reduce((sum, { admitted }) => sum + admitted.length, 0);

describeWithRedis('four processes on one Redis', () => {
  it('let 200 requests at once spend money for seven, never more, and nobody is refused wrongly afterwards', async () => {
    const redis = await begin({ redisCommandMs: 10_000 });
    const settings = (): RedisSettings => ({ ...redis });
    const reader = await world.open(settings(), { redisCommandMs: 10_000 });
    let budget = 0;
    let spent = 0;
    for (let seed = 1; seed <= seeds; seed += 1) {
      const next = random(seed);
      const hold = 50 + Math.floor(next() * 1_000);
      const cost = Math.floor(hold * (0.2 + next() * 0.8));
      // The budget of the team grows by money for seven and a bit from round to round.
      budget = spent + 7 * hold + Math.floor(next() * hold);
      const burst = await admit(budget, hold);
      expect([seed, countOf(burst)]).toEqual([seed, 7]);
      expect(burst.reduce((sum, { refused }) => sum + (refused['nano_usd'] ?? 0), 0)).toBe(193);
      await settle(burst, cost);
      spent += 7 * cost;
      // What was set aside and not spent is there again, to the last nano-dollar.
      // One that would cost more than all that is left gets what is left.
      const left = budget - spent;
      const room = Math.max(left > 0 ? 1 : 0, Math.floor(left / hold));
      const after = await admit(budget, hold);
      expect([seed, countOf(after)]).toEqual([seed, room]);
      await settle(after, Math.min(left, hold));
      spent += room * Math.min(left, hold);
      const [team] = await reader.books.ledger.counters([{ kind: 'team', id: 't1' }]);
      expect(team).toMatchObject({ spent, held: 0, running: 0 });
    }
    expect(await reader.books.bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });

  it('share parallel slots and a request window', async () => {
    await begin({ redisCommandMs: 10_000 });
    const slots = await admit(1e12, 1, { parallel: 13 });
    expect(countOf(slots)).toBe(13);
    await settle(slots, 1);
    expect(countOf(await admit(1e12, 1, { requests: 60 }))).toBe(47);
  });

  it('keep exactly one row for each request that was let in, though processes die and Redis starts anew', async () => {
    const redis = await begin(
      { redisCommandMs: 1_000, heartbeatMs: 100, processLeaseMs: 1_500 },
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    );
    const count = isLong ? 500 : 130;
    const work = { count, budget: 1e12, hold: 1_000, everyMs: 8 };
    const running = four.map((each) => each.tell<{ admitted: string[]; unavailable: number }>('run', work));
    const [first, second] = four;
    if (first === undefined || second === undefined) throw new Error('there are four');
    await until(() => first.tickets.length > count / 4);
    await first.kill();
    second.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    second.signal('SIGCONT');
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.resume();
    await Promise.all(running.slice(1));
    await until(async () => {
      const healths = await Promise.all(
        four.slice(1).map((each) => each.tell<{ isUp: boolean; waiting: number }>('health')),
      );
      return healths.every(({ isUp, waiting }) => isUp && waiting === 0);
    });
    const reader = await world.open(redis, { redisCommandMs: 5_000, heartbeatMs: 100, processLeaseMs: 1_500 });
    const total = async () => (await reader.books.ledger.counters([{ kind: 'team', id: 't1' }]))[0];
    await until(async () => (await total())?.running === 0);
    const known = new Set(four.flatMap(({ tickets }) => tickets));
    const rows = new Map<string, { readonly quality: string; readonly spend: number }>();
    for (let offset = 0; ; offset += 500) {
      const page = await reader.books.ledger.page({ order: 'oldest', offset, limit: 500 });
      for (const row of page.rows) rows.set(row.id, row);
      if (page.rows.length < 500) {
        expect(rows.size).toBe(page.total);
        break;
      }
    }
    expect([...known].filter((id) => !rows.has(id))).toEqual([]);
    const reaped = [...rows.values()].filter(({ quality }) => quality === 'estimated');
    expect(reaped.length).toBeGreaterThan(0);
    expect(await total()).toMatchObject({
      held: 0,
      spent: [...rows.values()].reduce((sum, { spend }) => sum + spend, 0),
    });
    expect(await reader.books.bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });
});
