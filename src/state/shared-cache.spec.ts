import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { defaultTimeLimits } from '../config/time-limits';
import { SystemClock } from '../config/system-clock';
import { RedisLink } from './redis/redis-link';
import { type SharedCache } from './shared-cache';
import { FileSharedCache } from './shared-cache-files';
import { MemorySharedCache } from './shared-cache-memory';
import { RedisSharedCache } from './shared-cache-redis';

const clock = new SystemClock();
/** A busy machine is no outage: an answer that is missed would look like a value that is not there. */
const patient = { ...defaultTimeLimits, redisCommandMs: 5_000 };
let server: RedisServer;
let link: RedisLink;
let folder: string;

beforeAll(async () => {
  server = await RedisServer.start();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shared-cache-'));
  link = new RedisLink(server.settings(), patient, clock);
  await link.open();
});
afterEach(async () => {
  await link.close();
  await rm(folder, { recursive: true });
});
afterAll(() => server.close());

const overRedis = (): SharedCache => new RedisSharedCache(link, new MemorySharedCache(clock));
const overFiles = (): SharedCache => new FileSharedCache(join(folder, 'cache'), clock, new MemorySharedCache(clock));

/** Asks until the answer is `wanted`; the limit of the test ends a wait in vain. */
async function becomes<T>(ask: () => Promise<T>, wanted: T): Promise<void> {
  while ((await ask()) !== wanted) await new Promise(setImmediate);
}

describeWithRedis.each([
  ['Redis', overRedis],
  ['files', overFiles],
  ['memory', (): SharedCache => new MemorySharedCache(clock)],
])('a cache over %s', (_, make) => {
  it('gives back what it was given, and the newest of it', async () => {
    const cache = make();
    expect(await cache.get('a/b:c')).toBeUndefined();
    const text = 'line one\n\nüñí \u0000 last\n';
    await cache.set('a/b:c', 'old', 60_000);
    await cache.set('a/b:c', text, 60_000);
    await cache.set('other', '', 60_000);
    expect([await cache.get('a/b:c'), await cache.get('other')]).toEqual([text, '']);
  });

  it('forgets when the time is over', async () => {
    const cache = make();
    await cache.set('short', 'x', 30);
    await cache.set('long', 'y', 60_000);
    await becomes(() => cache.get('short'), undefined);
    expect(await cache.get('long')).toBe('y');
  });

  it('gives a claim to one of many, and again when it lapsed', async () => {
    const cache = make();
    const claims = await Promise.all(Array.from({ length: 20 }, () => cache.claim('work', 60_000)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await cache.claim('other work', 30)).toBe(true);
    await becomes(() => cache.claim('other work', 60_000), true);
  });
});

describeWithRedis('a cache over Redis', () => {
  it('is one cache for all replicas', async () => {
    const [one, other] = [overRedis(), overRedis()];
    await one.set('k', 'v', 60_000);
    expect(await other.get('k')).toBe('v');
    expect([await one.claim('w', 60_000), await other.claim('w', 60_000)]).toEqual([true, false]);
  });

  it('finds and keeps nothing while Redis is away, and lets each process claim once', async () => {
    const away = new RedisLink(
      server.settings({ place: { kind: 'server', node: { host: '127.0.0.1', port: 1 } } }),
      defaultTimeLimits,
      clock,
    );
    const make = (): SharedCache => new RedisSharedCache(away, new MemorySharedCache(clock));
    const [one, other] = [make(), make()];
    await one.set('k', 'v', 60_000);
    expect(await one.get('k')).toBeUndefined();
    const claims = [await one.claim('w', 60_000), await one.claim('w', 60_000), await other.claim('w', 60_000)];
    expect(claims).toEqual([true, false, true]);
    await away.close();
  });
});

describeWithRedis('a cache over files', () => {
  it('is found again by the next process, in files for their owner with names that tell nothing', async () => {
    await overFiles().set('../../etc/name', 'v', 60_000);
    expect(await overFiles().get('../../etc/name')).toBe('v');
    expect(await readdir(join(folder, 'cache'))).toEqual([expect.stringMatching(/^[0-9a-f]{40}\.cache$/)]);
  });

  it('never shows a half-written value', async () => {
    const cache = overFiles();
    const [short, long] = ['s'.repeat(10), 'l'.repeat(200_000)];
    await cache.set('k', short, 60_000);
    const writes = Array.from({ length: 40 }, (_, turn) => cache.set('k', turn % 2 === 0 ? long : short, 60_000));
    const seen = new Set<string | undefined>();
    const reads = Array.from({ length: 80 }, async () => seen.add(await cache.get('k')));
    await Promise.all([...writes, ...reads]);
    expect([...seen].every((value) => value === short || value === long)).toBe(true);
    expect(await readdir(join(folder, 'cache'))).toHaveLength(1);
  });

  it.each(['', 'not a number\nk\nv', '99999999999999\nanother key\nv'])(
    'takes a spoiled file (%j) for none',
    async (text) => {
      const cache = overFiles();
      await cache.set('k', 'v', 60_000);
      const [name = ''] = await readdir(join(folder, 'cache'));
      await writeFile(join(folder, 'cache', name), text);
      expect(await cache.get('k')).toBeUndefined();
      await cache.set('k', 'new', 60_000);
      expect(await readFile(join(folder, 'cache', name), 'utf8')).toMatch(/\nk\nnew$/);
    },
  );

  it('does without a folder that cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    await chmod(join(folder, 'file'), 0o400);
    const cache = new FileSharedCache(join(folder, 'file', 'cache'), clock, new MemorySharedCache(clock));
    await cache.set('k', 'v', 60_000);
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.claim('w', 60_000)).toBe(true);
  });
});

describeWithRedis('a cache in memory', () => {
  it('is bounded: what was written longest ago goes first', async () => {
    const cache = new MemorySharedCache(clock);
    for (let turn = 0; turn <= 2_000; turn += 1) await cache.set(`k${turn}`, 'v', 60_000);
    expect(await cache.get('k0')).toBeUndefined();
    expect(await cache.get('k1')).toBe('v');
    const big = 'x'.repeat(30 * 1024 * 1024);
    await cache.set('big1', big, 60_000);
    await cache.set('big2', big, 60_000);
    await cache.set('big3', big, 60_000);
    expect([await cache.get('k2000'), await cache.get('big1')]).toEqual([undefined, undefined]);
    expect((await cache.get('big3'))?.length).toBe(big.length);
  });
});
