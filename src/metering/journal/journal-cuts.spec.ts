import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endedRow, holdOfStep, rowOfStep, scopesOfStep, type Step } from '../../../test/support/meter-commands';
import { stateDump } from '../../../test/support/meter-dump';
import { checkQuiet } from '../../../test/support/meter-laws';
import { BookSeeder } from '../book-seeder';
import { EnteredScopes } from '../entered-scopes';
import { heldAmounts } from '../machine/amounts';
import { carryOut } from '../machine/carry-out';
import { newState, type MeterState } from '../machine/meter-state';
import { postingOf } from '../machine/posting';
import { rowText } from '../machine/row-text';
import { JournalEngine } from './journal-engine';
import { JournalFolder } from './journal-folder';
import { changeOf, lineOf } from './journal-line';

const step: Step = { name: 'admit', pick: 12, who: 2, limits: 2, amount: 5, stepMs: 0, isRepeated: false };
const clock = { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-cuts-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Every kind of fact at least once; tickets in every condition. */
async function writeJournal(path: string): Promise<void> {
  const engine = new JournalEngine(path, clock);
  const entries = new EnteredScopes('UTC');
  const seeder = new BookSeeder(engine);
  for (let at = 0; at < 4; at += 1) {
    const own = { ...step, pick: 12 * (at + 1), who: at, limits: at % 3 };
    const draft = rowOfStep(own, `req_${at}`, clock.nowMs());
    const scopes = scopesOfStep(own, draft).map((scope) => entries.of(scope, clock.nowMs()).entered);
    const held = heldAmounts(holdOfStep(own));
    const ticketId = draft.id;
    const command = {
      ticketId,
      owner: 'o',
      deadlineMs: clock.nowMs() + 1,
      windowMs: 60_000,
      held,
      least: { nano_usd: 0, tokens: 0 },
      scopes,
      draft: rowText(draft),
    };
    for (;;) {
      const { reply } = await engine.admit(command, { deploymentIds: [], pins: [] });
      if (reply.kind !== 'unseeded') break;
      await seeder.fill(scopes, reply.missing);
    }
    await engine.extend({ ticketId, nanos: 1, tokens: 2 });
    const row = endedRow(draft, own, clock.nowMs());
    if (at % 4 === 0) await engine.checkpoint([{ ticketId, value: rowText(row) }]);
    if (at % 4 === 1)
      await engine.settle({ ticketId, text: rowText(row), posting: postingOf(row), isProvisional: false });
    if (at % 4 === 2) await engine.void(ticketId);
  }
  const log = (engine as unknown as { log: { close: () => Promise<void> } }).log;
  await log.close();
}

/** What a journal says up to its last whole line. */
function replayed(bytes: Buffer): MeterState {
  const state = newState();
  const lines = bytes
    .subarray(0, bytes.lastIndexOf(10) + 1)
    .toString('utf8')
    .split('\n')
    .slice(0, -1);
  for (const line of lines) carryOut(state, changeOf(line));
  return state;
}

function newlinesIn(bytes: Buffer, length: number): number {
  return bytes.subarray(0, length).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
}

describe('a journal that was cut', () => {
  it('at any byte comes back as its whole lines say, with what was open settled, and takes new facts', async () => {
    await writeJournal(join(folder, 'whole'));
    const name = join(folder, 'whole', 'metering', 'journal-000001');
    const bytes = readFileSync(name);
    const size = bytes.length;
    expect(size).toBeGreaterThan(3_000);
    // The reader at every byte, from the end to the beginning.
    const reader = new JournalFolder(join(folder, 'whole', 'metering'));
    const ends = new Set<number>();
    for (let cut = size; cut >= 0; cut -= 1) {
      truncateSync(name, cut);
      let count = 0;
      const good = await reader.read('journal', 1, () => {
        count += 1;
      });
      const whole = bytes.subarray(0, cut).lastIndexOf(10) + 1;
      expect([good, count]).toEqual([whole, newlinesIn(bytes, whole)]);
      ends.add(whole);
    }
    writeFileSync(name, bytes);
    // And the engine itself, at every end of a line and in the middle of each.
    const cuts = [...ends].flatMap((end) => [end, Math.min(size, end + 40)]);
    for (const [at, cut] of cuts.entries()) {
      const path = join(folder, `cut-${at}`);
      cpSync(join(folder, 'whole'), path, { recursive: true });
      truncateSync(join(path, 'metering', 'journal-000001'), cut);
      rmSync(join(path, 'metering', 'lock'), { force: true });
      const engine = new JournalEngine(path, clock);
      await engine.reads.archivedUntilMs();
      await checkQuiet(engine.inMemory);
      const expected = replayed(bytes.subarray(0, cut));
      expect(engine.inMemory.rows.size).toBe(expected.rows.size + expected.tickets.size);
      await engine.close();
      const again = new JournalEngine(path, clock);
      await again.reads.archivedUntilMs();
      expect(stateDump(again.inMemory)).toEqual(stateDump(engine.inMemory));
      await again.close();
    }
  }, 120_000);

  it('in the middle of something else than its last line is told of, and nothing is guessed', async () => {
    await writeJournal(join(folder, 'whole'));
    const name = join(folder, 'whole', 'metering', 'journal-000001');
    const lines = readFileSync(name, 'utf8').split('\n');
    lines[3] = `${lines[3]?.slice(0, 20)}~secret~`;
    writeFileSync(name, lines.join('\n'));
    rmSync(join(folder, 'whole', 'metering', 'lock'), { force: true });
    const engine = new JournalEngine(join(folder, 'whole'), clock);
    await expect(engine.void('req_0')).rejects.toMatchObject({ status: 503 });
    expect(engine.isUp).toBe(false);
    expect(readFileSync(name, 'utf8')).toBe(lines.join('\n'));
    await engine.close();
  });

  it('says every kind of fact again as it was said', async () => {
    await writeJournal(join(folder, 'whole'));
    const text = readFileSync(join(folder, 'whole', 'metering', 'journal-000001'), 'utf8');
    const lines = text.split('\n').slice(0, -1);
    for (const line of lines) expect(lineOf(changeOf(line))).toBe(line);
    expect(new Set(lines.map((line) => line.slice(0, line.indexOf('\t'))))).toEqual(
      new Set(['watched', 'seeded', 'admitted', 'extended', 'checkpointed', 'settled', 'voided']),
    );
  });

  it('keeps only what it needs: snapshots take the place of journals', async () => {
    const path = join(folder, 'long');
    const engine = new JournalEngine(path, clock, { journalBytes: 3_000 });
    for (let at = 0; at < 120; at += 1) {
      const row = endedRow(rowOfStep(step, `req_${at}`, clock.nowMs()), step, clock.nowMs());
      await engine.settle({ ticketId: row.id, text: rowText(row), posting: postingOf(row), isProvisional: false });
    }
    const dump = stateDump(engine.inMemory);
    await engine.close();
    const names = readdirSync(join(path, 'metering')).sort();
    const journals = names.filter((name) => name.startsWith('journal'));
    expect(journals.length).toBeLessThanOrEqual(2);
    expect(names.filter((name) => name.startsWith('snapshot'))).toHaveLength(1);
    const textOf = (kind: string) =>
      names
        .filter((name) => name.startsWith(kind))
        .map((name) => readFileSync(join(path, 'metering', name), 'utf8'))
        .join('');
    expect([textOf('journal').includes('"req_0"'), textOf('rows').includes('"req_0"')]).toEqual([false, true]);
    const again = new JournalEngine(path, clock);
    await again.reads.archivedUntilMs();
    expect(stateDump(again.inMemory)).toEqual(dump);
    await again.close();
  });

  it('brings no archived row back when the process ends between the rows and the rest of a snapshot', async () => {
    const path = join(folder, 'half');
    const settled = async (engine: JournalEngine, id: string): Promise<void> => {
      const row = endedRow(rowOfStep(step, id, clock.nowMs()), step, clock.nowMs());
      await engine.settle({ ticketId: id, text: rowText(row), posting: postingOf(row), isProvisional: false });
    };
    const engine = new JournalEngine(path, clock, { journalBytes: 1_200 });
    for (const id of ['req_0', 'req_1']) await settled(engine, id);
    await engine.dropArchived(1, clock.nowMs());
    // In the way of the snapshot, not of its rows.
    const obstacle = join(path, 'metering', 'snapshot-000002.new');
    mkdirSync(obstacle);
    for (let at = 2; at < 6; at += 1) await settled(engine, `req_${at}`);
    const dump = stateDump(engine.inMemory);
    await engine.close();
    const names = readdirSync(join(path, 'metering'));
    expect([names.includes('rows-000002'), names.includes('snapshot-000002')]).toEqual([true, false]);
    rmSync(obstacle, { recursive: true });
    const again = new JournalEngine(path, clock);
    await again.reads.archivedUntilMs();
    expect(stateDump(again.inMemory)).toEqual(dump);
    await again.close();
  });
});
