import { type AdjustedParts, adjustmentId, adjustmentOf } from './adjustment';
import { type BookReading } from './book-reads';
import { beforeTry, liveHolds } from './book-seeder';
import { ledgerSums, modelsOf } from './ledger-sums';
import { bookKey } from './machine/book-keys';
import { covers } from './machine/counter';
import { type BookName } from './meter';
import { type MeterEngine } from './meter-engine';

/**
 * Sets what a book has spent by a row that says the difference, so that a book stays the sum of its rows. A money budget
 * that runs is set to the same amount, for that is what somebody who resets a spend wants to be free of; one that is asked
 * for later in its period is told by the seeder. What single models have spent of it is taken down to the amount, and
 * never up: how much of it was whose is not known.
 *
 * Saying it again changes nothing more, so what was cut off in the middle is done by being said again.
 *
 * @throws {StateUnavailable}
 */
export async function adjustBook(engine: MeterEngine, book: BookName, toNanos: number): Promise<void> {
  const key = bookKey(book);
  await setBook(engine, key, () => toNanos);
  // Nobody else has limits of single models.
  if (book.model !== undefined || (book.kind !== 'key' && book.kind !== 'team')) return;
  for (const model of await modelsOf(engine.reads, key))
    await setBook(engine, bookKey({ ...book, model }), (nanos) => Math.min(nanos, toNanos), true);
}

/** @param to from what a sum is to what it shall be. @param isPart a change of nothing needs no row. */
async function setBook(engine: MeterEngine, key: string, to: (nanos: number) => number, isPart = false): Promise<void> {
  const id = adjustmentId();
  for (let tries = 0; ; tries += 1) {
    await beforeTry(tries);
    const [reading] = await engine.reads.books([key]);
    if (reading?.isOpen !== true) {
      await open(engine, key, reading?.seq);
      continue;
    }
    const parts = changesOf(reading, to, engine.nowMs());
    if (isPart && isNothing(parts)) return;
    const command = adjustmentOf(reading, id, parts);
    if ((await engine.adjust(command)) === 'adjusted') return;
    // A repeated command after a lost reply finds its own row.
    if ((await engine.reads.row(id)) !== undefined) return;
  }
}

function changesOf({ spent, counters }: BookReading, to: (nanos: number) => number, nowMs: number): AdjustedParts {
  const periods: Record<string, number> = {};
  for (const [name, counter] of counters)
    if (counter.unit === 'nano_usd' && covers(counter, nowMs)) periods[name] = to(counter.used) - counter.used;
  return { spend: to(spent) - spent, periods, nowMs };
}

function isNothing({ spend, periods }: AdjustedParts): boolean {
  return spend === 0 && Object.values(periods).every((change) => change === 0);
}

async function open(engine: MeterEngine, key: string, seq: number | undefined): Promise<void> {
  if (seq === undefined) {
    await engine.watch(key);
    return;
  }
  const { running } = await liveHolds(engine, key);
  const { spent } = await ledgerSums(engine.reads, key, []);
  await engine.seed({ key, seq, sums: { spent, running }, counters: [], isRepair: false });
}
