import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateDir } from './state-dir';

let parent: string;
let path: string;
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'state-dir-'));
  path = join(parent, 'nested', 'state');
});
afterEach(() => rm(parent, { recursive: true }));

describe('StateDir', () => {
  it('makes a key at the first start, for its owner only, and keeps it', async () => {
    const made = await new StateDir(path).obtainMasterKey();
    expect(made).toMatchObject({ isNew: true, path: join(path, 'master-key') });
    expect(made.key).toMatch(/^sk-[A-Za-z0-9_-]{43}$/);
    expect([await modeOf(path), await modeOf(made.path)]).toEqual([0o700, 0o600]);
    expect(await new StateDir(path).obtainMasterKey()).toEqual({ ...made, isNew: false });
  });

  it('gives processes that start together one key, and leaves no drafts', async () => {
    const starts = await Promise.all(Array.from({ length: 8 }, () => new StateDir(path).obtainMasterKey()));
    expect(new Set(starts.map(({ key }) => key)).size).toBe(1);
    expect(starts.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await readdir(path)).toEqual(['master-key']);
  });

  it('closes no folder that everybody uses', async () => {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o1777);
    await writeFile(join(path, 'of-another'), '');
    await expect(new StateDir(path).ensure()).rejects.toThrow('other programs use it too');
    expect(await modeOf(path)).toBe(0o777);
    // A memory file system that was mounted for us.
    await rm(join(path, 'of-another'));
    await new StateDir(path).ensure();
    expect(await modeOf(path)).toBe(0o700);
  });

  it('closes a key file that others could read', async () => {
    const { path: file } = await new StateDir(path).obtainMasterKey();
    await chmod(file, 0o644);
    await new StateDir(path).obtainMasterKey();
    expect(await modeOf(file)).toBe(0o600);
  });

  it('refuses a file that holds something else, without showing or replacing it', async () => {
    const { path: file } = await new StateDir(path).obtainMasterKey();
    await writeFile(file, 'hush');
    const refusal = new StateDir(path).obtainMasterKey();
    await expect(refusal).rejects.toThrow(/holds no master key/);
    await expect(refusal).rejects.not.toThrow(/hush/);
    expect(await readFile(file, 'utf8')).toBe('hush');
  });

  // Only root can make folders that are not its own.
  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  const nobody = 65_534;

  async function keyOfNobody(): Promise<string> {
    process.seteuid?.(nobody);
    try {
      return (await new StateDir(path).obtainMasterKey()).key;
    } finally {
      process.seteuid?.(0);
    }
  }

  asRoot('works in a volume of the system that its group may write, and leaves its mode alone', async () => {
    await chmod(parent, 0o755);
    await mkdir(path, { recursive: true });
    await chown(path, 0, process.getegid?.() ?? 0);
    await chmod(path, 0o2775);
    expect(await keyOfNobody()).toMatch(/^sk-/);
    expect([await modeOf(path), await modeOf(join(path, 'master-key'))]).toEqual([0o775, 0o600]);
  });

  asRoot('refuses a folder of another person, who could plant a key there', async () => {
    await chmod(parent, 0o755);
    await mkdir(path, { recursive: true });
    await chown(path, 12_345, 12_345);
    await chmod(path, 0o777);
    await expect(keyOfNobody()).rejects.toMatchObject({ code: 'EPERM' });
    expect(await readdir(path)).toEqual([]);
  });
});
