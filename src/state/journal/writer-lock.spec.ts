import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { WriterLock } from './writer-lock';

let folder: string;
let path: string;
let lock: WriterLock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'writer-lock-'));
  path = join(folder, 'lock');
  lock = new WriterLock(path);
});
afterEach(() => {
  lock.letGo();
  rmSync(folder, { recursive: true });
});

/** What this process writes into a lock. */
async function ownWords(): Promise<readonly string[]> {
  await lock.take();
  const words = readFileSync(path, 'utf8').trim().split(' ');
  lock.letGo();
  return words;
}

function beatBefore(seconds: number): void {
  const at = new Date(Date.now() - seconds * 1_000);
  utimesSync(path, at, at);
}

const itOnLinux = existsSync('/proc/self/ns/pid') ? it : it.skip;

describe('the lock of a writer', () => {
  itOnLinux(
    'of another container with our host name is its own while it beats, whatever our processes are',
    async () => {
      // With the network of the host, containers have its name, and each counts its processes from 1.
      for (const owner of [`1 4711`, `${process.pid} 4711`]) {
        writeFileSync(path, `${hostname()} ${owner} 0a1b2c3d4e5f pid:[1]-another\n`);
        expect(await lock.take()).toBe(false);
        beatBefore(10);
        expect(await lock.take()).toBe(false);
        beatBefore(13);
        expect(await lock.take()).toBe(true);
        lock.letGo();
      }
    },
  );

  itOnLinux('of a process that this one can see to be gone is taken at once', async () => {
    const [host, pid, , random, table] = await ownWords();
    writeFileSync(path, `${[host, pid, '4711', random, table].join(' ')}\n`);
    expect(await lock.take()).toBe(true);
  });

  itOnLinux('is read as the release before wrote it', async () => {
    writeFileSync(path, `${hostname()} ${process.pid} 4711 0a1b2c3d4e5f\n`);
    expect(await lock.take()).toBe(true);
  });

  it('of another host is taken after half a minute without a beat', async () => {
    writeFileSync(path, `elsewhere 1 4711 0a1b2c3d4e5f pid:[1]-another\n`);
    beatBefore(25);
    expect(await lock.take()).toBe(false);
    beatBefore(31);
    expect(await lock.take()).toBe(true);
  });

  it('is kept by whoever has it', async () => {
    expect(await lock.take()).toBe(true);
    expect(await lock.take()).toBe(true);
    expect(await new WriterLock(path).take()).toBe(false);
  });
});
