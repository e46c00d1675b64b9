import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    await Promise.all([file.clear(), file.append('new')]);
    expect(readFileSync(join(folder, 'process_1.journal'), 'utf8')).toBe('new\n');
    await file.close();
  });
});
