import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bookKinds, BooksSuite, budget, ended, keyScope, until } from '../../../test/support/books-world';
import { ledgerRow } from '../../../test/support/ledger-rows';
import { RedisLink } from '../../state/redis/redis-link';
import { JournalArchive } from '../journal/journal-archive';
import { JournalEngine } from '../journal/journal-engine';
import { type LedgerRow } from '../ledger-row';
import { ledgerSums } from '../ledger-sums';
import { counterSpan } from '../machine/counter';
import { postingOf } from '../machine/posting';
import { rowText } from '../machine/row-text';
import { type MeterEngine } from '../meter-engine';
import { RedisArchive } from '../redis/redis-archive';
import { RedisEngine } from '../redis/redis-engine';
import { Archiver, type ArchiveSource } from './archiver';

const day = 86_400_000;
const now = Date.UTC(2030, 5, 20, 12);
const closing: (() => Promise<void>)[] = [];

// Before the world that it uses is closed.
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const suite = new BooksSuite();

/** A Redis with room. */
const plenty = { look: () => Promise.resolve(false) };

interface Place {
  readonly engine: MeterEngine;
  readonly source: ArchiveSource;
  readonly reopen: () => Promise<MeterEngine>;
}

async function place(kind: (typeof bookKinds)[number]): Promise<Place> {
  const clock = { nowMs: () => now, monotonicMs: () => performance.now() };
  const redis = suite.settingsOf(kind);
  if (redis === undefined) {
    const begin = () => new JournalEngine(suite.world.folder, clock, { journalBytes: 4_000 });
    const engine = begin();
    let last = engine;
    closing.push(() => last.close());
    return {
      engine,
      source: new JournalArchive(engine),
      reopen: async () => {
        await engine.close();
        last = begin();
        return last;
      },
    };
  }
  const link = new RedisLink(redis, { connectMs: 2_000, redisCommandMs: 2_000 }, suite.world.clock);
  await link.open();
  closing.push(() => link.close());
  const timed = Object.create(link, { nowMs: { value: () => now } }) as RedisLink;
  const lease = { isKnown: true, beat: () => Promise.resolve() };
  const observer = { stateCommandDone: () => undefined };
  const engine = new RedisEngine(timed, timed, { lease, clock, observer });
  return { engine, source: new RedisArchive(timed, engine.reads, 'p1', plenty), reopen: () => Promise.resolve(engine) };
}

const archiveDir = () => join(suite.world.folder, 'archive');
const archived = (): LedgerRow[] =>
  readdirSync(archiveDir())
    .sort()
    .flatMap((name) => readFileSync(join(archiveDir(), name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as LedgerRow);

function archiver(source: ArchiveSource, keptRows: number, warnings: string[] = []): Archiver {
  const settings = { keptMs: 30 * day, keptRows, checkEveryMs: 1_000, archiveDir: archiveDir() };
  return new Archiver(source, settings, { nowMs: () => now, warn: (message) => warnings.push(message) });
}

async function put(engine: MeterEngine, rows: readonly LedgerRow[]): Promise<void> {
  for (const row of rows)
    await engine.settle({ ticketId: row.id, text: rowText(row), posting: postingOf(row), isProvisional: false });
}

const rowsOf = (count: number, ageDays: (at: number) => number): LedgerRow[] =>
  Array.from({ length: count }, (_, at) => {
    const startMs = Math.round(now - ageDays(at) * day);
    return ledgerRow({
      id: `req_${String(at).padStart(4, '0')}`,
      startMs,
      endMs: startMs + 9,
      spend: 10 + at,
      teamId: 't1',
    });
  });
const total = async (engine: MeterEngine) =>
  engine.reads.countRows({ index: 'team:t1', fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER });

describe.each(bookKinds)('the archive of %s', (kind) => {
  it('takes rows that are too old, as JSON lines by day, and leaves every sum as it was', async () => {
    const { engine, source, reopen } = await place(kind);
    const rows = rowsOf(60, (at) => 60 - at);
    await put(engine, rows);
    const spans = [
      'nano_usd:1mo:0:4000000000000',
      'nano_usd::0:0',
      `requests:90d:${now - 40 * day}:${now + 50 * day}`,
    ].map(counterSpan);
    const before = await ledgerSums(engine.reads, 'team:t1', spans);
    expect(before.spent).toBe(rows.reduce((sum, { spend }) => sum + spend, 0));
    expect(await archiver(source, 10_000).run()).toBe(30);
    expect(archived()).toEqual(rows.slice(0, 30));
    expect(await total(engine)).toBe(30);
    expect(await engine.reads.row('req_0003')).toBeUndefined();
    const after = await ledgerSums(engine.reads, 'team:t1', spans);
    expect([after.spent, [...after.used]]).toEqual([before.spent, [...before.used]]);
    expect(await archiver(source, 10_000).run()).toBe(0);
    const later = await reopen();
    expect(await total(later)).toBe(30);
    expect((await ledgerSums(later.reads, 'team:t1', spans)).spent).toBe(before.spent);
  });

  it('takes the oldest rows beyond their number, and counts a day that is cut in two as a whole', async () => {
    const { engine, source } = await place(kind);
    const rows = rowsOf(40, (at) => 2 - at / 100);
    await put(engine, rows);
    expect(await archiver(source, 15).run()).toBe(25);
    expect(await total(engine)).toBe(15);
    // From the middle of the day that is partly archived: rather too much than too little.
    const startMs = rows[30]?.startMs ?? 0;
    const name = `nano_usd:36h:${startMs}:${startMs + 1.5 * day}`;
    const sums = await ledgerSums(engine.reads, 'team:t1', [counterSpan(name)]);
    const least = rows.slice(30).reduce((sum, { spend }) => sum + spend, 0);
    expect(sums.used.get(name)).toBeGreaterThanOrEqual(least);
    expect(rows[24]?.startMs).toBeLessThan(await engine.reads.archivedUntilMs());
  });

  it('drops figures by model after 400 days and keeps the sums of their days', async () => {
    const { engine, source, reopen } = await place(kind);
    await put(engine, [
      ledgerRow({ id: 'req_old', startMs: now - 450 * day, spend: 5 }),
      ledgerRow({ id: 'req_new', startMs: now, spend: 7 }),
    ]);
    await archiver(source, 100).run();
    const old = new Date(now - 450 * day).toISOString().slice(0, 10);
    expect(await engine.reads.cellsOn(old, ['key:k1'])).toEqual([[]]);
    // Enough facts for a snapshot, so that the figures come back from there.
    await put(
      engine,
      rowsOf(20, () => 1),
    );
    const later = await reopen();
    expect((await ledgerSums(later.reads, 'key:k1', [])).spent).toBe(12 + 20 * 10 + 190);
    expect(await later.reads.cellsOn(old, ['key:k1'])).toEqual([[]]);
  });

  it('leaves rows where they are when the archive cannot be written, and says so once', async () => {
    const { engine, source } = await place(kind);
    await put(
      engine,
      rowsOf(5, () => 40),
    );
    const warnings: string[] = [];
    writeFileSync(archiveDir(), 'a file where a folder should be');
    const blocked = archiver(source, 100, warnings);
    expect([await blocked.run(), await blocked.run()]).toEqual([0, 0]);
    expect(await total(engine)).toBe(5);
    expect(warnings).toEqual([expect.stringMatching(/cannot be archived to .*EEXIST/)]);
    rmSync(archiveDir());
    expect(await blocked.run()).toBe(5);
  });
});

describe('the books of a process', () => {
  it('archive by themselves when rows are too many, and the meter still knows what was spent', async () => {
    const open = await suite.world.open(undefined, { heartbeatMs: 20 }, { keptRows: 10 });
    const scopes = [keyScope({ budgets: [budget(1e12)] })];
    for (let at = 0; at < 30; at += 1) {
      const request = suite.world.asking(scopes);
      await open.books.meter.admit(request);
      await open.books.meter.settle(ended(request, 1));
    }
    const all = { order: 'newest', offset: 0, limit: 1 } as const;
    await until(async () => (await open.books.ledger.page(all)).total === 10);
    expect((await open.books.ledger.counters([{ kind: 'key', id: 'k1' }]))[0]?.spent).toBe(30);
    const [file = ''] = readdirSync(join(suite.world.folder, 'ledger-archive'));
    expect(
      readFileSync(join(suite.world.folder, 'ledger-archive', file), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(20);
  });
});
