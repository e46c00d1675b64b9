import { bookKinds, BooksSuite } from '../../../test/support/books-world';
import { ledgerRow } from '../../../test/support/ledger-rows';
import { SilentObserver } from '../../../test/support/silent-observer';
import { RedisLink } from '../../state/redis/redis-link';
import { type BookReads } from '../book-reads';
import { JournalArchive } from '../journal/journal-archive';
import { JournalEngine } from '../journal/journal-engine';
import { ledgerSums } from '../ledger-sums';
import { counterSpan } from '../machine/counter';
import { type MeterEngine } from '../meter-engine';
import { RedisArchive } from '../redis/redis-archive';
import { RedisEngine } from '../redis/redis-engine';
import { settleRow } from '../settler';
import { type ArchiveSource } from './archiver';
import { EngineBookkeeper } from './engine-bookkeeper';

const now = Date.UTC(2030, 5, 20, 12);
const hour = 3_600_000;
const dayStart = Date.UTC(2030, 5, 19);
const closing: (() => Promise<void>)[] = [];

// Before the world that it uses is closed.
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const suite = new BooksSuite();

/** A Redis with room. */
const plenty = { look: () => Promise.resolve(false) };
const clock = { nowMs: () => now, monotonicMs: () => performance.now() };

async function place(kind: (typeof bookKinds)[number]): Promise<{ engine: MeterEngine; source: ArchiveSource }> {
  const redis = suite.settingsOf(kind);
  if (redis === undefined) {
    const engine = new JournalEngine(suite.world.folder, clock);
    closing.push(() => engine.close());
    return { engine, source: new JournalArchive(engine) };
  }
  const link = new RedisLink(redis, { connectMs: 2_000, redisCommandMs: 2_000 }, suite.world.clock);
  await link.open();
  closing.push(() => link.close());
  const timed = Object.create(link, { nowMs: { value: () => now } }) as RedisLink;
  const lease = { isKnown: true, beat: () => Promise.resolve() };
  const engine = new RedisEngine(timed, timed, { lease, clock, observer: { stateCommandDone: () => undefined } });
  return { engine, source: new RedisArchive(timed, engine.reads, 'p1', plenty) };
}

/** One row an hour of yesterday, each for 10. */
async function settleDay(engine: MeterEngine): Promise<void> {
  for (let at = 0; at < 24; at += 1) {
    const startMs = dayStart + at * hour;
    const id = `req_${String(at).padStart(2, '0')}`;
    await settleRow(engine, ledgerRow({ id, startMs, endMs: startMs + 9, spend: 10, teamId: 't1' }));
  }
}

/** The same looks, but rows of before a moment leave as soon as somebody has asked which have. */
function whileLeaving(reads: BookReads, source: ArchiveSource, beforeMs: number): BookReads {
  let isAsked = false;
  const archivedUntilMs = async (): Promise<number> => {
    const before = await reads.archivedUntilMs();
    if (!isAsked) {
      isAsked = true;
      const piece = await source.next({ beforeMs, keptRows: 1e9 });
      await piece?.drop();
    }
    return before;
  };
  return Object.create(reads, { archivedUntilMs: { value: archivedUntilMs } }) as BookReads;
}

describe.each(bookKinds)('rows that go to the archive of %s while somebody sums them', (kind) => {
  it('take nothing out of daily figures that are repaired', async () => {
    const { engine, source } = await place(kind);
    await settleDay(engine);
    const reads = whileLeaving(engine.reads, source, dayStart + 18 * hour);
    const watched = Object.create(engine, { reads: { value: reads } }) as MeterEngine;
    const parts = { engine: watched, clock, observer: new SilentObserver() };
    const books = new EngineBookkeeper(parts, { windowMs: 60_000, timeZone: 'UTC' });
    expect((await books.reconcile(true)).mismatches).toEqual([]);
    expect(await engine.reads.countRows({ index: 'all', fromMs: 0, untilMs: now })).toBe(6);
    expect((await ledgerSums(engine.reads, 'team:t1', [])).spent).toBe(240);
  });

  it('do not leave the sum of a period that begins within their day', async () => {
    const { engine, source } = await place(kind);
    await settleDay(engine);
    const reads = whileLeaving(engine.reads, source, dayStart + 18 * hour);
    const name = `nano_usd:30h:${dayStart + 10 * hour}:${dayStart + 40 * hour}`;
    const sums = await ledgerSums(reads, 'team:t1', [counterSpan(name)]);
    // Fourteen hours of it, rather too much than too little.
    expect(sums.used.get(name)).toBeGreaterThanOrEqual(140);
    expect([...sums.inexact]).toEqual([name]);
  });

  it('are not asked for where daily figures have been dropped, and nothing is repaired that is right', async () => {
    const { engine, source } = await place(kind);
    const startMs = now - 410 * 24 * hour;
    await settleRow(engine, ledgerRow({ id: 'req_old', startMs, endMs: startMs, spend: 10, teamId: 't1' }));
    await settleDay(engine);
    await source.dropFigures(new Date(now - 400 * 24 * hour).toISOString().slice(0, 10));
    const books = new EngineBookkeeper(
      { engine, clock, observer: new SilentObserver() },
      { windowMs: 60_000, timeZone: 'UTC' },
    );
    expect((await books.reconcile(true)).mismatches).toEqual([]);
    expect((await ledgerSums(engine.reads, 'team:t1', [])).spent).toBe(250);
  });
});
