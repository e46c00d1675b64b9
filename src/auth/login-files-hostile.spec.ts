import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { loginWriter, translatedLoginModules } from '../../test/support/login-processes';
import { locksAvailable } from './file-lock';
import { LoginFiles } from './login-files';

const isLong = process.env['TEST_LONG'] !== undefined;
const run = promisify(execFile);
const modules = translatedLoginModules();
const files = new LoginFiles();
const first = {
  kept: { deep: true },
  tokens: { access_token: 'access-1', refresh_token: 'refresh-1', mark: 1 },
};
/** Where util-linux or the optional package is missing these are skipped; CI has both and fails instead. */
const canLock = spawnSync('flock', ['--version']).status === 0 && locksAvailable;
const withFlock = canLock || process.env['CI'] !== undefined ? describe : describe.skip;
let folder: string;
let path: string;
let children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-hostile-'));
  path = join(folder, 'auth.json');
  writeFileSync(path, JSON.stringify(first), { mode: 0o600 });
});
afterEach(async () => {
  const ended = children
    .filter(({ exitCode, signalCode }) => (exitCode ?? signalCode) === null)
    .map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ended);
  children = [];
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});
afterAll(() => {
  rmSync(modules, { recursive: true });
});

function started(command: string, words: readonly string[]): ChildProcess {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const said = (child: ChildProcess) => once(child.stdout ?? child, 'data').then(([data]) => String(data));

describe('kill -9 while a login is written', () => {
  const kills = isLong ? 2_000 : 160;

  it(
    `leaves a whole file after each of ${kills} kills, for a reader that never stops`,
    async () => {
      const reader = readForEver();
      let killed = 0;
      const killOne = async () => {
        const child = started(process.execPath, [loginWriter, modules, 'rotate', path]);
        await said(child);
        await pause(Math.random() * 15);
        child.kill('SIGKILL');
        await once(child, 'exit');
        children = children.filter((each) => each !== child);
        killed += 1;
      };
      const lane = async () => {
        while (killed < kills) await killOne();
      };
      await Promise.all([lane(), lane(), lane()]);
      const { reads, generations } = await reader.stop();
      expect(reads).toBeGreaterThan(kills);
      expect(generations).toBeGreaterThan(kills / 2);
      await files.write(path, { replaces: (await files.read(path)).fingerprint, pair: newPair, nowMs: Date.now() });
      expect(readdirSync(folder).filter((name) => name.endsWith('.draft'))).toEqual([]);
    },
    isLong ? 2_400_000 : 120_000,
  );

  /** Parses the file again and again; throws at the first text that is no whole login or older than the one before. */
  function readForEver() {
    const work = { isOver: false };
    let reads = 0;
    let last = 0;
    const reading = (async () => {
      let generations = 0;
      while (!work.isOver) {
        const { kept, tokens } = JSON.parse(readFileSync(path, 'utf8')) as typeof first;
        const number = Number(/^access-(\d+)$/.exec(tokens.access_token)?.[1]);
        expect(tokens).toMatchObject({ refresh_token: `refresh-${number}`, mark: 1 });
        expect(kept).toEqual({ deep: true });
        expect(number).toBeGreaterThanOrEqual(last);
        if (number > last) generations += 1;
        last = number;
        reads += 1;
        await pause(1);
      }
      return { reads, generations };
    })();
    // A failure is reported by `stop`, not as an unhandled rejection before it.
    reading.catch(() => undefined);
    return { stop: () => ((work.isOver = true), reading) };
  }
});

const newPair = { accessToken: 'access-new', refreshToken: 'refresh-new', idToken: undefined };

withFlock('another program that edits the same file', () => {
  it('keeps its field and we keep our login, however their writes interleave', async () => {
    const edits = 40;
    const edit = async () => {
      for (let n = 1; n <= edits; n += 1) {
        await run('flock', [
          `${folder}/auth.lock`,
          'flock',
          `${folder}/auth.json.lock`,
          'sh',
          '-c',
          'sed "s/\\"deep\\": *[a-z0-9]*/\\"deep\\": $1/" "$2" > "$2.new" && mv "$2.new" "$2"',
          'sh',
          String(n),
          path,
        ]);
      }
    };
    const work = { isOver: false };
    let rotations = 0;
    const rotate = async () => {
      while (!work.isOver) {
        const { fingerprint } = await files.read(path);
        const pair = { accessToken: `access-${rotations}`, refreshToken: `refresh-${rotations}`, idToken: undefined };
        const outcome = await files.write(path, { replaces: fingerprint, pair, nowMs: Date.now() });
        expect(outcome).toBe('written');
        rotations += 1;
      }
    };
    await Promise.all([edit().finally(() => (work.isOver = true)), rotate()]);
    expect(rotations).toBeGreaterThan(5);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      kept: { deep: edits },
      tokens: { access_token: `access-${rotations - 1}`, refresh_token: `refresh-${rotations - 1}`, mark: 1 },
    });
  });
});

withFlock('the lock files of the CLI', () => {
  const fingerprintOfFirst = () => files.read(path).then(({ fingerprint }) => fingerprint);
  const write = async () =>
    files.write(path, { replaces: await fingerprintOfFirst(), pair: newPair, nowMs: Date.now() });

  it('can be taken here, because the optional package is built', () => {
    expect(locksAvailable).toBe(true);
  });

  it.each(['auth.lock', 'auth.json.lock'])('%s delays a write while a program holds it', async (name) => {
    const holder = started('flock', ['--no-fork', join(folder, name), 'sh', '-c', 'echo held; exec sleep 60']);
    await said(holder);
    let isWritten = false;
    const writing = write().then((outcome) => ((isWritten = true), outcome));
    await pause(100);
    expect(isWritten).toBe(false);
    expect(readFileSync(path, 'utf8')).toContain('refresh-1');
    holder.kill('SIGKILL');
    expect(await writing).toBe('written');
  });

  it.each(['auth.lock', 'auth.json.lock'])(
    '%s held for seconds makes the write fail for now, unharmed',
    async (name) => {
      await said(started('flock', ['--no-fork', join(folder, name), 'sh', '-c', 'echo held; exec sleep 60']));
      await expect(write()).rejects.toMatchObject({ reason: 'other', message: 'is locked by another program' });
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(first);
      expect(readdirSync(folder).filter((each) => each.endsWith('.draft'))).toEqual([]);
    },
  );

  it('stay behind empty, for their owner only, and are free after a write', async () => {
    await write();
    for (const name of ['auth.lock', 'auth.json.lock']) {
      const { size, mode } = statSync(join(folder, name));
      expect([size, mode & 0o777]).toEqual([0, 0o600]);
      expect(spawnSync('flock', ['--nonblock', join(folder, name), 'true']).status).toBe(0);
    }
  });

  it('are held so briefly that the CLI’s own tries succeed while we write without a pause', async () => {
    const work = { isOver: false };
    const writing = (async () => {
      for (let n = 0; !work.isOver; n += 1) {
        const pair = { accessToken: `access-${n}`, refreshToken: `refresh-${n}`, idToken: undefined };
        await files.write(path, { replaces: (await files.read(path)).fingerprint, pair, nowMs: Date.now() });
      }
    })();
    for (let n = 0; n < 10; n += 1) await run('flock', ['--timeout', '1', join(folder, 'auth.json.lock'), 'true']);
    work.isOver = true;
    await writing;
  });
});

describe('a place that cannot be written', () => {
  const canMount = spawnSync('unshare', ['--mount', '--map-root-user', 'true']).status === 0;
  const whereMountable = canMount ? it : it.skip;

  /** One write by a process of its own, whose view of the file system `prepare` changes first. */
  async function writeAfter(prepare: string): Promise<unknown> {
    const { fingerprint } = await files.read(path);
    const script = `${prepare}\nexec "$1" "$2" "$3" once "$DIR/auth.json" "$4"`;
    const { stdout } = await run(
      'unshare',
      ['--mount', '--map-root-user', 'sh', '-ec', script, 'sh', process.execPath, loginWriter, modules, fingerprint],
      { env: { PATH: process.env['PATH'], DIR: folder } },
    );
    return JSON.parse(stdout);
  }

  whereMountable('because it is mounted read-only is named so', async () => {
    const outcome = await writeAfter('mount --bind "$DIR" "$DIR"; mount -o remount,bind,ro "$DIR"');
    expect(outcome).toMatchObject({ reason: 'read_only' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(first);
  });

  whereMountable('because it is full is named so, and the old login stays whole', async () => {
    const copy =
      'cp "$DIR/auth.json" /dev/shm/full-$$; mount -t tmpfs -o size=16k tmpfs "$DIR"; mv /dev/shm/full-$$ "$DIR/auth.json"';
    const fill = 'dd if=/dev/zero of="$DIR/filler" bs=4k count=99 2>/dev/null || true';
    expect(await writeAfter(`${copy}; ${fill}`)).toMatchObject({ reason: 'full' });
  });

  whereMountable('because it is mounted as a single file is named so', async () => {
    const outcome = await writeAfter('mount --bind "$DIR/auth.json" "$DIR/auth.json"');
    expect(outcome).toMatchObject({ reason: 'busy_mount' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(first);
    expect(readdirSync(folder).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });

  it('because its folder belongs to somebody else is named so', async () => {
    const { fingerprint } = await files.read(path);
    const isRoot = process.getuid?.() === 0;
    chmodSync(path, 0o644);
    chmodSync(folder, 0o555);
    const words = [loginWriter, modules, 'once', path, fingerprint];
    const { stdout } = await run(process.execPath, words, isRoot ? { uid: 65_534, gid: 65_534, cwd: '/' } : {});
    expect(JSON.parse(stdout)).toMatchObject({ reason: 'denied' });
  });

  it('because its folder was replaced by a file is an error like any other', async () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    writeFileSync(join(gone, 'auth.json'), JSON.stringify(first));
    const { fingerprint } = await files.read(join(gone, 'auth.json'));
    rmSync(gone, { recursive: true });
    writeFileSync(gone, '');
    const failing = files.write(join(gone, 'auth.json'), { replaces: fingerprint, pair: newPair, nowMs: 0 });
    await expect(failing).rejects.toMatchObject({ reason: 'other', message: 'could not be written' });
    expect(existsSync(join(folder, 'gone'))).toBe(true);
  });
});
