import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SystemClock } from '../../src/config/system-clock';
import { JournalEngine } from '../../src/metering/journal/journal-engine';
import { heldAmounts } from '../../src/metering/machine/amounts';
import { type LedgerRow } from '../../src/metering/ledger-row';
import { rowFromText, rowText } from '../../src/metering/machine/row-text';
import { eventually } from '../support/eventually';
import { startBench } from '../support/gateway';
import { holdAnswers, openHeldStream } from '../support/held-stream';
import { ledgerRow } from '../support/ledger-rows';

jest.setTimeout(60_000);
const canLimit = spawnSync('prlimit', ['--version']).status === 0;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meter-disk-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

(canLimit ? describe : describe.skip)('a disk that gets full', () => {
  it('refuses what it cannot keep, and has everything once there is room again', async () => {
    const lines = await fullAfter(40, 'journal-child.cjs', JSON.stringify(ledgerRow()));
    expect(lines[0]).toBe('full 503 EFBIG false');
    const [, count, rows] = (lines[1] ?? '').split(' ').map(Number);
    expect(rows).toBe(count);
    expect(count).toBeGreaterThan(20);
    const engine = new JournalEngine(folder, new SystemClock());
    await engine.reads.archivedUntilMs();
    expect(engine.rowCount).toBe(count);
    await engine.close();
  });

  it('settles what a dead process left open exactly once, though it is full at the start', async () => {
    await diesWithTickets(folder, 8);
    const lines = await fullAfter(2, 'orphan-child.cjs');
    expect(lines).toEqual(['full false', 'again']);
    const journal = readFileSync(join(folder, 'metering', 'journal-000001'), 'utf8');
    expect(journal.match(/^settled\t/gm)).toHaveLength(8);
  });
});

describe('a process that dies', () => {
  it('leaves behind what its running answers had used at the last beat', async () => {
    const bench = await startBench({ times: { heartbeatMs: 20 } });
    holdAnswers(bench.simulator);
    await openHeldStream(bench.url);
    // What the next process would find: a copy of the folder at this moment, without the lock of the one that lives.
    const left = async (): Promise<readonly LedgerRow[]> => {
      rmSync(join(folder, 'metering'), { recursive: true, force: true });
      cpSync(join(bench.folder, 'state', 'metering'), join(folder, 'metering'), { recursive: true });
      rmSync(join(folder, 'metering', 'lock'));
      const engine = new JournalEngine(folder, new SystemClock());
      await engine.reads.archivedUntilMs();
      const rows = engine.inMemory.rows.first(10).map(({ text }) => rowFromText(text));
      await engine.close();
      return rows;
    };
    // Long before anything but the beat would tell it.
    await eventually('its answer is paid for', async () => ((await left())[0]?.spend ?? 0) > 0, 20_000);
    expect((await left())[0]?.usage.outputTokens).toBeGreaterThan(0);
    await bench.close();
  });
});

/**
 * Runs a child that keeps books in the folder on a disk that takes `blocks` of 512 bytes, and gives it room once it says that it
 * is full. @returns what it said.
 */
async function fullAfter(blocks: number, script: string, ...words: readonly string[]): Promise<readonly string[]> {
  const child = spawn(
    'sh',
    [
      '-c',
      `ulimit -S -f ${blocks}; exec "$0" "$@"`,
      process.execPath,
      join(__dirname, '../support', script),
      folder,
      ...words,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const gone = once(child, 'exit');
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('full')) spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited']);
  });
  await gone;
  return lines;
}

/** Books of a process that let requests in and was gone before they ended. */
async function diesWithTickets(stateDir: string, count: number): Promise<void> {
  const clock = new SystemClock();
  const engine = new JournalEngine(stateDir, clock);
  const held = heldAmounts({ nanos: 5, tokens: 5, plan5h: 0, planWeek: 0 });
  const more = {
    owner: 'o',
    deadlineMs: clock.nowMs() + 60_000,
    windowMs: 60_000,
    held,
    least: { nano_usd: 0, tokens: 0 },
    scopes: [],
  };
  for (let at = 0; at < count; at += 1) {
    const draft = ledgerRow({ id: `req_${at}` });
    await engine.admit({ ticketId: draft.id, draft: rowText(draft), ...more }, { deploymentIds: [], pins: [] });
  }
  // Its tickets are as they were, and its lock is free, as that of a dead process is.
  await engine.close();
}
