import { keyWorld, type KeyWorld } from '../../../test/support/key-world';
import { type Change } from '../../state/entities/entity';
import { FreshCache, type Loaded } from './fresh-cache';

let world: KeyWorld;
beforeEach(async () => {
  world = await keyWorld();
});
afterEach(() => world.close());

const cacheOf = (mostEntries: number, onStale?: (key: string) => void): FreshCache<string> =>
  new FreshCache(world.watch, world.clock, {
    mostEntries,
    mostAbsent: mostEntries,
    nowMs: () => world.clock.nowMs(),
    ...(onStale === undefined ? {} : { onStale }),
  });
const value = (text: string, id = 'k', version = 0): Loaded<string> => ({
  value: text,
  from: [{ kind: 'key', id, version }],
  untilMs: Number.POSITIVE_INFINITY,
});
const put = (id: string): Change => ({ op: 'put', kind: 'key', id, names: [], lists: [], body: '{}' });

it('works a value out once for all who ask meanwhile', async () => {
  const cache = cacheOf(10);
  let calls = 0;
  const work = (): Promise<Loaded<string>> => Promise.resolve(value(`v${(calls += 1)}`));
  const all = await Promise.all([cache.load('a', work), cache.load('a', work), cache.load('a', work)]);
  expect(all.map((known) => known.value)).toEqual(['v1', 'v1', 'v1']);
  expect(cache.peek('a')?.value).toBe('v1');
});

it('does not keep what was read just before a change that was heard of meanwhile', async () => {
  const cache = cacheOf(10);
  const known = await cache.load('a', async () => {
    await world.store.commit([put('k')]);
    return value('read before the change');
  });
  expect(known.value).toBe('read before the change');
  expect(cache.peek('a')).toBeUndefined();
});

it('spoils only what the changed document went into, and says so', async () => {
  const stale: string[] = [];
  const cache = cacheOf(10, (key) => stale.push(key));
  await cache.load('a', () => Promise.resolve(value('a', 'k1')));
  await cache.load('b', () => Promise.resolve(value('b', 'k2')));
  await world.store.commit([put('k1')]);
  expect([cache.peek('a')?.value, cache.peek('b')?.value]).toEqual([undefined, 'b']);
  expect(stale).toEqual(['a']);
  // What was known last is there for whoever works it out anew.
  await cache.load('a', (last) => Promise.resolve(value(`after ${last ?? 'nothing'}`, 'k1', 1)));
  expect(cache.peek('a')?.value).toBe('after a');
});

it('keeps what failed to load unchanged, and forgets what is gone', async () => {
  const cache = cacheOf(10);
  await cache.load('a', () => Promise.resolve(value('a')));
  await expect(cache.load('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(cache.peek('a')?.value).toBe('a');
  await cache.load('a', () => Promise.resolve(undefined));
  expect(cache.peek('a')).toEqual(expect.objectContaining({ value: undefined }));
});

it('is bounded, for values and for what is not there apart', async () => {
  const cache = cacheOf(10);
  for (let at = 0; at < 5; at += 1) await cache.load(`v${at}`, () => Promise.resolve(value('v')));
  for (let at = 0; at < 500; at += 1) await cache.load(`g${at}`, () => Promise.resolve(undefined));
  const kept = (head: string, most: number): number[] =>
    Array.from({ length: most }, (_, at) => at).filter((at) => cache.peek(`${head}${at}`) !== undefined);
  expect(kept('v', 5)).toEqual([0, 1, 2, 3, 4]);
  expect(kept('g', 500).length).toBeLessThanOrEqual(10);
  expect(kept('g', 500)).toContain(499);
  for (let at = 5; at < 500; at += 1) await cache.load(`v${at}`, () => Promise.resolve(value('v', `k${at}`)));
  expect(kept('v', 500).length).toBeLessThanOrEqual(11);
  // What was forgotten leaves nothing behind.
  await world.store.commit([put('k100'), put('k')]);
  expect(kept('v', 500)).toContain(499);
});

it('does not give a value out past its time', async () => {
  const cache = cacheOf(3);
  await cache.load('a', () => Promise.resolve({ ...value('a'), untilMs: world.clock.nowMs() + 1_000 }));
  expect(cache.peek('a')?.value).toBe('a');
  world.clock.aheadMs += 1_000;
  expect(cache.peek('a')).toBeUndefined();
});
