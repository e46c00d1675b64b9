import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../test/simulator/accounts';
import { makeAuthFile } from '../../test/simulator/auth-file';
import { LoginFiles } from './login-files';

const accounts = new Accounts();
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-watch-'));
  path = join(folder, 'auth.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a watched file', () => {
  let stop: () => void = () => undefined;
  afterEach(() => {
    stop();
  });

  /** Watches, and gives the number of changes seen, to be awaited. */
  function watched(pollMs: number, file = path) {
    let count = 0;
    let wake: () => void = () => undefined;
    stop = new LoginFiles(pollMs).watch(file, () => {
      count += 1;
      wake();
    });
    const reached = async (wanted: number) => {
      while (count < wanted) await new Promise<void>((resolve) => (wake = resolve));
    };
    return { reached, seen: () => count };
  }

  it('is reported when it is replaced, rewritten in place, removed and made again', async () => {
    makeAuthFile(accounts, folder);
    const { reached } = watched(60_000);
    renameSync(makeAuthFile(accounts, folder, { fileName: 'new.json' }).path, path);
    await reached(1);
    writeFileSync(path, '{}');
    await reached(2);
    rmSync(path);
    await reached(3);
    makeAuthFile(accounts, folder);
    await reached(4);
  });

  it('is reported when Kubernetes swaps the folder behind it', async () => {
    for (const name of ['first', 'second']) makeAuthFile(accounts, join(folder, name));
    symlinkSync('first', join(folder, '..data'));
    symlinkSync(join('..data', 'auth.json'), path);
    const { reached } = watched(60_000);
    symlinkSync('second', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await reached(1);
  });

  it('is not reported when its folder is busy and its content stays', async () => {
    makeAuthFile(accounts, folder);
    const { reached, seen } = watched(60_000);
    writeFileSync(path, readFileSync(path));
    writeFileSync(join(folder, 'neighbour'), 'x');
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(seen()).toBe(0);
    writeFileSync(path, '{}');
    await reached(1);
    expect(seen()).toBe(1);
  });

  it('is found by the slow look when its folder did not exist, and again when the folder is replaced', async () => {
    const file = join(folder, 'later', 'auth.json');
    const { reached } = watched(20, file);
    makeAuthFile(accounts, join(folder, 'later'));
    await reached(1);
    rmSync(join(folder, 'later'), { recursive: true });
    await reached(2);
    makeAuthFile(accounts, join(folder, 'later'));
    await reached(3);
  });

  it('is left alone after the watch was stopped', async () => {
    makeAuthFile(accounts, folder);
    const { seen } = watched(10);
    stop();
    const { reached } = watched(10);
    writeFileSync(path, '{}');
    await reached(1);
    expect(seen()).toBe(0);
  });
});
