import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StillClock } from '../../test/support/catalog-fakes';
import { ledgerRow } from '../../test/support/ledger-rows';
import { SilentObserver } from '../../test/support/silent-observer';
import { StateUnavailable } from '../state/state-unavailable';
import { JournaledSettler } from './journaled-settler';
import { rowText } from './machine/row-text';
import { type MeterEngine } from './meter-engine';
import { SettlementFile } from './settlement-file';

let folder: string;
let told: string[];
let warnings: string[];
/** Commands that the state fails before it answers again. */
let failures: number;
let settler: JournaledSettler;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settlements-'));
  [told, warnings, failures] = [[], [], 0];
  const engine: Partial<MeterEngine> = {
    isUp: true,
    settle: ({ ticketId }) => {
      failures -= 1;
      if (failures >= 0) return Promise.reject(new StateUnavailable('timeout'));
      told.push(ticketId);
      return Promise.resolve({ kind: 'settled' });
    },
  };
  settler = new JournaledSettler({
    // Nothing else is asked of it.
    engine: engine as MeterEngine,
    file: new SettlementFile(folder, 'me'),
    clock: new StillClock(),
    observer: new SilentObserver(),
    warn: (message) => warnings.push(message),
  });
});
afterEach(async () => {
  await settler.close();
  rmSync(folder, { recursive: true });
});

const there = (name: string): boolean => existsSync(join(folder, name));
const leave = (name: string, ...ids: readonly string[]): void => {
  writeFileSync(join(folder, name), ids.map((id) => `${rowText(ledgerRow({ id }))}\n`).join(''));
};

describe('settlements of a process that is gone', () => {
  it('are told by the next replay when the state fails once more in the middle of them', async () => {
    leave('dead1.journal', 'a', 'b');
    leave('dead2.journal', 'c');
    failures = 1;
    await settler.replay();
    expect([told, there('dead1.lock'), there('dead2.lock')]).toEqual([[], false, false]);
    await settler.replay();
    expect(told).toEqual(['a', 'b', 'c']);
    expect(['dead1.journal', 'dead2.journal', 'dead1.lock', 'dead2.lock'].filter(there)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('are kept when the disk does not give them, said once, and told when it does', async () => {
    mkdirSync(join(folder, 'dead.journal'));
    leave('other.journal', 'a');
    for (let looks = 0; looks < 3; looks += 1) await settler.replay();
    expect([told, there('dead.journal')]).toEqual([['a'], true]);
    expect(warnings).toEqual([expect.stringContaining('STATE_DIR/settlements/dead.journal gives EISDIR')]);
    rmdirSync(join(folder, 'dead.journal'));
    leave('dead.journal', 'b');
    await settler.replay();
    expect([told, there('dead.journal')]).toEqual([['a', 'b'], false]);
  });

  it('are looked at again while their lock is too fresh to be a dead one’s', async () => {
    leave('dead.journal', 'a');
    // As a container leaves it that was killed a moment ago; its successor has a host name of its own.
    const lock = join(folder, 'dead.lock');
    writeFileSync(lock, 'another-host 7 4711 aa\n');
    await settler.replay();
    expect(told).toEqual([]);
    utimesSync(lock, new Date(0), new Date(0));
    await settler.replay();
    expect([told, there('dead.journal'), warnings]).toEqual([['a'], false, []]);
  });

  it('that are stuck do not hold up those of this process', async () => {
    mkdirSync(join(folder, 'dead.journal'));
    failures = 1;
    await settler.settle(ledgerRow({ id: 'own' }), 0);
    expect([settler.waiting, there('me.journal')]).toEqual([1, true]);
    await settler.replay();
    expect([told, settler.waiting, there('me.journal')]).toEqual([['own'], 0, false]);
  });
});

describe('a file that cannot be removed', () => {
  it('does not end the replay of its rows with an error, and goes once the disk lets it', async () => {
    failures = 1;
    await settler.settle(ledgerRow({ id: 'own' }), 0);
    rmSync(join(folder, 'me.journal'));
    // Refuses to be removed as a file, like one on a disk that has become read-only.
    mkdirSync(join(folder, 'me.journal'));
    await settler.replay();
    expect([told, settler.waiting]).toEqual([['own'], 0]);
    rmdirSync(join(folder, 'me.journal'));
    writeFileSync(join(folder, 'me.journal'), '');
    await settler.replay();
    expect([told, there('me.journal')]).toEqual([['own'], false]);
  });
});
