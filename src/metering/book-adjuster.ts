import { randomBytes } from 'node:crypto';
import { beforeTry, liveHolds } from './book-seeder';
import { ledgerSums } from './ledger-sums';
import { adjustmentCall, type LedgerRow } from './ledger-row';
import { bookKey } from './machine/book-keys';
import { covers } from './machine/counter';
import { adjustmentIndexes } from './machine/posting';
import { rowText } from './machine/row-text';
import { type BookName } from './meter';
import { type MeterEngine } from './meter-engine';

/**
 * Sets what a book has spent by a row that says the difference, so that a book stays the sum of its rows. A money budget
 * that runs is set to the same amount, for that is what somebody who resets a spend wants to be free of.
 *
 * @throws {StateUnavailable}
 */
export async function adjustBook(engine: MeterEngine, book: BookName, toNanos: number): Promise<void> {
  const key = bookKey(book);
  const id = `adjust_${randomBytes(12).toString('hex')}`;
  for (let tries = 0; ; tries += 1) {
    await beforeTry(tries);
    const [reading] = await engine.reads.books([key]);
    if (reading?.isOpen !== true) {
      await open(engine, key, reading?.seq);
      continue;
    }
    const nowMs = engine.nowMs();
    const periods: Record<string, number> = {};
    for (const [name, counter] of reading.counters)
      if (counter.unit === 'nano_usd' && covers(counter, nowMs)) periods[name] = toNanos - counter.used;
    const row = adjustmentRow(id, book, { spend: toNanos - reading.spent, periods, nowMs });
    const indexes = adjustmentIndexes(row);
    const command = {
      key,
      seq: reading.seq,
      rowId: id,
      text: rowText(row),
      startMs: nowMs,
      indexes,
      spend: row.spend,
      periods,
    };
    if ((await engine.adjust(command)) === 'adjusted') return;
    // A repeated command after a lost reply finds its own row.
    if ((await engine.reads.row(id)) !== undefined) return;
  }
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

interface AdjustedParts {
  readonly spend: number;
  readonly periods: Readonly<Record<string, number>>;
  readonly nowMs: number;
}

function adjustmentRow(id: string, book: BookName, { spend, periods, nowMs }: AdjustedParts): LedgerRow {
  return {
    id,
    callType: adjustmentCall,
    keyHash: '',
    tags: [],
    startMs: nowMs,
    endMs: nowMs,
    requestedModel: '',
    modelGroup: '',
    model: '',
    status: 'success',
    end: 'completed',
    httpStatus: 200,
    stream: false,
    usage: { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    spend,
    tier: { billed: '' },
    quality: 'exact',
    late: false,
    attempts: 0,
    adjusts: { ...book, periods },
  };
}
