import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalFile } from './journal-file';

const folder = mkdtempSync(join(tmpdir(), 'journal-file-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Empty for one that was closed meanwhile. */
function fileBehind(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '';
  }
}

describe('a journal file', () => {
  (existsSync('/proc/self/fd') ? it : it.skip)('leaves nothing open when it could not be written anew', async () => {
    // A folder in its place cannot be written over.
    const path = join(folder, 'in-the-way.journal');
    mkdirSync(join(path, 'full'), { recursive: true });
    await expect(new JournalFile(path).rewrite([1])).rejects.toThrow();
    const open = readdirSync('/proc/self/fd').map(fileBehind);
    expect(open.filter((name) => name.includes('in-the-way'))).toEqual([]);
  });

  it('writes lines that come one after the other, each as soon as the one before is told', async () => {
    const path = join(folder, 'one-by-one');
    const journal = new JournalFile(path);
    await journal.rewrite([]);
    for (let at = 0; at < 50; at += 1) await journal.append(at);
    await journal.append('then').then(() => journal.append('at once'));
    await journal.close();

    expect(await new JournalFile(path).load()).toEqual([
      ...Array.from({ length: 50 }, (_, at) => at),
      'then',
      'at once',
    ]);
  });

  it('shares one flush among lines that come together, and keeps their order', async () => {
    const path = join(folder, 'together');
    const journal = new JournalFile(path);
    await journal.rewrite(['first']);
    await Promise.all(Array.from({ length: 100 }, (_, at) => journal.append(at)));
    await journal.rewrite(['only this']);
    await journal.append('and this');
    await journal.close();

    expect(await new JournalFile(path).load()).toEqual(['only this', 'and this']);
  });

  it('tells whoever appends to a closed one', async () => {
    const journal = new JournalFile(join(folder, 'closed'));
    await journal.rewrite([]);
    await journal.close();

    await expect(journal.append(1)).rejects.toThrow('the journal is closed');
  });
});
