import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SystemClock } from '../../src/config/system-clock';
import { JournalEngine } from '../../src/metering/journal/journal-engine';
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
    const child = spawn(
      'sh',
      ['-c', 'ulimit -S -f 40; exec "$0" "$@"', process.execPath, join(__dirname, '../support/journal-child.cjs'), folder, JSON.stringify(ledgerRow())],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    ); // prettier-ignore
    const gone = once(child, 'exit');
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.startsWith('full')) spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited']);
    });
    await gone;
    expect(lines[0]).toBe('full 503 EFBIG false');
    const [, count, rows] = (lines[1] ?? '').split(' ').map(Number);
    expect(rows).toBe(count);
    expect(count).toBeGreaterThan(20);
    const engine = new JournalEngine(folder, new SystemClock());
    await engine.reads.archivedUntilMs();
    expect(engine.rowCount).toBe(count);
    await engine.close();
  });
});
