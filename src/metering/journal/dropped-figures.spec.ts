import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerRow } from '../../../test/support/ledger-rows';
import { stateDump } from '../../../test/support/meter-dump';
import { type LedgerRow } from '../ledger-row';
import { ledgerSums } from '../ledger-sums';
import { postingOf } from '../machine/posting';
import { rowText } from '../machine/row-text';
import { JournalEngine } from './journal-engine';

const clock = { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 };
const dayMs = 86_400_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dropped-figures-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const begin = (journalBytes?: number): JournalEngine =>
  new JournalEngine(folder, clock, journalBytes === undefined ? {} : { journalBytes });

function dayOf(ageDays: number): string {
  return new Date(clock.nowMs() - ageDays * dayMs).toISOString().slice(0, 10);
}

async function settle(
  engine: JournalEngine,
  id: string,
  ageDays: number,
  more: Partial<LedgerRow> = {},
): Promise<void> {
  const startMs = clock.nowMs() - ageDays * dayMs;
  const row = ledgerRow({ id, startMs, endMs: startMs, teamId: 't1', userId: 'u1', ...more });
  await engine.settle({ ticketId: id, text: rowText(row), posting: postingOf(row), isProvisional: false });
}

/** A row with which the journal is long enough for a snapshot. */
const settleLong = (engine: JournalEngine): Promise<void> =>
  settle(engine, 'req_long', 0, { metadata: { text: 'x'.repeat(6_000) } });

/** What the books say before and after the process ends, and where its state came from. */
async function expectSameAfterRestart(engine: JournalEngine): Promise<void> {
  const before = stateDump(engine.inMemory);
  const { spent } = await ledgerSums(engine.reads, 'key:k1', []);
  await engine.close();
  expect(readdirSync(join(folder, 'metering')).filter((name) => name.startsWith('snapshot'))).toHaveLength(1);
  const again = begin();
  expect((await ledgerSums(again.reads, 'key:k1', [])).spent).toBe(spent);
  expect(stateDump(again.inMemory)).toEqual(before);
  await again.close();
}

describe('what was spent on a day whose figures by model and caller are dropped', () => {
  it('stays known when they are dropped while a snapshot is being made', async () => {
    const engine = begin(5_000);
    await settle(engine, 'req_old', 450);
    await settleLong(engine);
    await engine.dropFigures(dayOf(400));
    await expectSameAfterRestart(engine);
  });

  it('stays known when the clock is set back behind a midnight', async () => {
    const engine = begin(5_000);
    await settle(engine, 'req_old', 450);
    await engine.dropFigures(dayOf(400));
    await engine.dropFigures(dayOf(500));
    await settleLong(engine);
    await expectSameAfterRestart(engine);
  });

  it('is not counted twice with a row that comes afterwards', async () => {
    const engine = begin(5_000);
    await settle(engine, 'req_old', 450);
    await engine.dropFigures(dayOf(400));
    await settle(engine, 'req_late', 450);
    await settleLong(engine);
    await expectSameAfterRestart(engine);
  });
});
