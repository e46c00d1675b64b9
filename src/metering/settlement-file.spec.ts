import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateUnavailable } from '../state/state-unavailable';
import { SettlementFile } from './settlement-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settlements-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the file of settlements that wait', () => {
  it('keeps a row that comes while those before it are being cleared away', async () => {
    const file = new SettlementFile(folder, 'process_1');
    await file.append('told');
    file.clear();
    await file.append('new');
    expect(readFileSync(join(folder, 'process_1.journal'), 'utf8')).toBe('new\n');
    await file.close();
  });

  it('waits for no disk when it is cleared, and settles what was being written', async () => {
    const file = new SettlementFile(folder, 'process_1');
    await file.append('first');
    const told = file.append('told meanwhile');
    file.clear();
    expect(existsSync(join(folder, 'process_1.journal'))).toBe(false);
    await told;
    file.clear();
    await file.close();
  });

  it('keeps what it had when a row comes after it was closed', async () => {
    const file = new SettlementFile(folder, 'process_1');
    await Promise.all([file.append('before'), file.append('with it')]);
    await file.close();
    await file.append('after');
    await file.close();
    expect(readFileSync(join(folder, 'process_1.journal'), 'utf8')).toBe('before\nwith it\nafter\n');
  });
});

describe('the files of processes that are gone', () => {
  const there = (name: string): boolean => existsSync(join(folder, name));
  /** Tells all that is left behind. @returns the lines, and what is stuck. */
  const toldBy = async (file: SettlementFile) => {
    const told: string[] = [];
    const { stuck } = await file.tellLeftBehind((line) => Promise.resolve(void told.push(line)));
    return { told, stuck };
  };

  it('are told and go, without a last line that is torn; a file of this process stays', async () => {
    // More than one piece of a stream, with characters of several bytes at every place.
    const long = Array.from({ length: 3_000 }, (_, at) => `${at} ${'é€😀'.repeat(10)}`);
    writeFileSync(join(folder, 'dead.journal'), `${long.join('\n')}\ntorn`);
    const file = new SettlementFile(folder, 'me');
    await file.append('own');
    expect(await toldBy(file)).toEqual({ told: long, stuck: [] });
    expect([there('dead.journal'), there('dead.lock'), there('me.journal')]).toEqual([false, false, true]);
    await file.close();
  });

  it('stay and hold no lock when the state goes away half-way, and are told in a later look', async () => {
    writeFileSync(join(folder, 'dead1.journal'), 'a\nb\n');
    writeFileSync(join(folder, 'dead2.journal'), 'c\n');
    const file = new SettlementFile(folder, 'me');
    const away = new StateUnavailable('timeout');
    await expect(file.tellLeftBehind((line) => (line === 'b' ? Promise.reject(away) : Promise.resolve()))).rejects.toBe(
      away,
    );
    const names = ['dead1.journal', 'dead2.journal', 'dead1.lock', 'dead2.lock'];
    expect(names.map(there)).toEqual([true, true, false, false]);
    expect(await toldBy(file)).toEqual({ told: ['a', 'b', 'c'], stuck: [] });
    expect(names.map(there)).toEqual([false, false, false, false]);
  });

  it('stay when they cannot be read, and do not stop the others', async () => {
    mkdirSync(join(folder, 'dead.journal'));
    writeFileSync(join(folder, 'other.journal'), 'a\n');
    const file = new SettlementFile(folder, 'me');
    expect(await toldBy(file)).toEqual({ told: ['a'], stuck: [{ name: 'dead.journal', reason: 'EISDIR' }] });
    expect(['dead.journal', 'dead.lock', 'other.journal'].map(there)).toEqual([true, false, false]);
  });

  it('stay when a part of them is no line of any row', async () => {
    writeFileSync(join(folder, 'dead.journal'), `a\n${'\0'.repeat(17 * 1024 ** 2)}`);
    const { told, stuck } = await toldBy(new SettlementFile(folder, 'me'));
    expect([told, stuck.map(({ name }) => name), there('dead.journal')]).toEqual([['a'], ['dead.journal'], true]);
  });

  it('are none where there is no folder, and are asked for in vain where it is none', async () => {
    expect(await toldBy(new SettlementFile(join(folder, 'none'), 'me'))).toEqual({ told: [], stuck: [] });
    writeFileSync(join(folder, 'file'), '');
    const { stuck } = await toldBy(new SettlementFile(join(folder, 'file'), 'me'));
    expect(stuck).toEqual([{ name: '', reason: 'ENOTDIR' }]);
  });
});
