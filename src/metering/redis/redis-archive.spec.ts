import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerRow } from '../../../test/support/ledger-rows';
import { until } from '../../../test/support/books-world';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { settingsFor } from '../../../test/support/settings-for';
import { SilentObserver } from '../../../test/support/silent-observer';
import { type RedisSettings } from '../../config/redis-settings';
import { RedisLink } from '../../state/redis/redis-link';
import { Books } from '../books';
import { Archiver } from '../keeping/archiver';
import { settleRow } from '../settler';
import { MemoryWatch } from './memory-watch';
import { RedisArchive } from './redis-archive';
import { RedisEngine } from './redis-engine';

const hour = 3_600_000;
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const everything = { index: 'all', fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
let server: RedisServer;
let redis: RedisSettings;
let link: RedisLink;
let engine: RedisEngine;
let folder: string;
let warnings: string[];
let archiver: Archiver;

describeWithRedis('with the memory of Redis nearly used up', () => {
  beforeEach(async () => {
    server = await RedisServer.start('--maxmemory-policy', 'noeviction');
    redis = server.settings();
    link = new RedisLink(redis, { connectMs: 2_000, redisCommandMs: 2_000 }, clock);
    await link.open();
    const lease = { isKnown: true, beat: () => Promise.resolve() };
    engine = new RedisEngine(link, link, { lease, clock, observer: { stateCommandDone: () => undefined } });
    folder = mkdtempSync(join(tmpdir(), 'redis-archive-'));
    warnings = [];
    const warn = (message: string) => warnings.push(message);
    const source = new RedisArchive(link, engine.reads, 'p1', new MemoryWatch(link, warn));
    const settings = { keptMs: 720 * hour, keptRows: 1e6, checkEveryMs: hour, archiveDir: folder };
    archiver = new Archiver(source, settings, { nowMs: () => link.nowMs(), warn });
  });
  afterEach(async () => {
    await link.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  async function settled(name: string, count: number, ageMs: number): Promise<void> {
    const startMs = Date.now() - ageMs;
    for (let at = 0; at < count; at += 1) {
      const id = `${name}_${String(at).padStart(5, '0')}`;
      await settleRow(engine, ledgerRow({ id, startMs: startMs + at, endMs: startMs + at + 9, spend: 7 }));
    }
  }

  const usedBytes = async (): Promise<number> =>
    Number(/^used_memory:(\d+)/m.exec(await link.run((redis) => redis.info('memory')))?.[1]);
  async function fill(part: number): Promise<number> {
    const maxBytes = Math.round((await usedBytes()) / part);
    await link.run((redis) => redis.config('SET', 'maxmemory', maxBytes));
    return maxBytes;
  }

  it('the oldest rows go to the archive before their time, until there is room', async () => {
    await settled('old', 1_500, 2 * hour);
    await settled('young', 100, 0);
    const maxBytes = await fill(0.93);
    const moved = await archiver.run();
    expect(moved).toBeGreaterThan(100);
    // 85 % and what its own buffers take more or less from one look to the next.
    expect((await usedBytes()) / maxBytes).toBeLessThan(0.87);
    expect(await engine.reads.countRows(everything)).toBe(1_600 - moved);
    const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'));
    const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(Array.from({ length: moved }, (_, at) => `old_${String(at).padStart(5, '0')}`));
    expect(warnings).toEqual([expect.stringContaining('maxmemory'), expect.stringContaining('go to the archive')]);
    expect(await archiver.run()).toBe(0);
  });

  it('rows of the last hour stay whatever happens, and a memory with room asks for nothing', async () => {
    await settled('young', 300, 0);
    await fill(0.95);
    expect(await archiver.run()).toBe(0);
    await fill(0.3);
    await settled('old', 300, 2 * hour);
    await fill(0.8);
    expect(await archiver.run()).toBe(0);
    expect(await engine.reads.countRows(everything)).toBe(600);
  });

  it('the books look by themselves, and do not wait until archiving is due', async () => {
    await settled('old', 1_000, 2 * hour);
    const changes = { times: { memoryLookMs: 20 }, rest: { redis, stateDir: folder } };
    const settings = settingsFor('http://127.0.0.1:9', changes);
    const warn = (message: string) => warnings.push(message);
    const books = await Books.open(settings, { clock, observer: new SilentObserver(), redis: link, warn });
    try {
      expect(await engine.reads.countRows(everything)).toBe(1_000);
      await fill(0.93);
      await until(async () => (await engine.reads.countRows(everything)) < 1_000);
      expect(warnings).toContainEqual(expect.stringContaining('go to the archive'));
    } finally {
      await books.close();
    }
    expect(readdirSync(join(folder, 'ledger-archive'))).toHaveLength(1);
  });
});
