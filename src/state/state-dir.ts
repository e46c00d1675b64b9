import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../kernel/error-code';
import { makeFolder } from './make-folder';
import { publishOnce } from './publish-once';

/** The master key of this installation, and the file it lives in. */
export interface StoredMasterKey {
  readonly key: string;
  readonly path: string;
  /** This start made it. */
  readonly isNew: boolean;
}

const keyFile = 'master-key';
/** On folders that everybody writes to. */
const stickyBit = 0o1000;
const keyPattern = /^sk-[A-Za-z0-9_-]{43}$/;

/** The folder of local state, readable by its owner only. */
export class StateDir {
  constructor(private readonly path: string) {}

  /**
   * Makes the folder if it is missing, and closes it to others (mode 0700) either way. A mounted volume belongs to the
   * system and lets this process in by its group: it stays as it is. @throws {Error} when it is another person's, or everybody's.
   */
  async ensure(): Promise<void> {
    await makeFolder(this.path, 0o700);
    if (await this.isEverybodys()) throw new Error('other programs use it too');
    try {
      await chmod(this.path, 0o700);
    } catch (error) {
      const isSystems = errorCode(error) === 'EPERM' && (await stat(this.path)).uid === 0;
      if (!isSystems) throw error;
    }
  }

  /** Closed by us, `/` or `/tmp` would be taken from all others. A fresh memory file system is open to everybody too, and empty. */
  private async isEverybodys(): Promise<boolean> {
    const { mode, uid } = await stat(this.path);
    const own = process.getuid?.();
    if (own !== 0 && own !== uid) return false;
    if (dirname(this.path) === this.path) return true;
    return (mode & stickyBit) !== 0 && (await readdir(this.path)).length > 0;
  }

  /**
   * The generated master key, made at the first start: `sk-` and 256 random bits, mode 0600.
   * @throws {Error} when the folder cannot be written, or the file holds something else; never shows what it holds.
   */
  async obtainMasterKey(): Promise<StoredMasterKey> {
    await this.ensure();
    const path = join(this.path, keyFile);
    const present = await this.readKey(path);
    if (present !== undefined) return { key: present, path, isNew: false };
    const key = `sk-${randomBytes(32).toString('base64url')}`;
    const isNew = await publishOnce(path, key);
    const kept = isNew ? key : await this.readKey(path);
    if (kept === undefined) throw new Error(`the master key file ${path} vanished while it was read`);
    return { key: kept, path, isNew };
  }

  /** The key of a start before; makes none. @throws {Error} when the file cannot be read, or holds something else. */
  masterKey(): Promise<string | undefined> {
    return this.readKey(join(this.path, keyFile));
  }

  private async readKey(path: string): Promise<string | undefined> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const key = text.trim();
    if (!keyPattern.test(key))
      throw new Error(`${path} holds no master key of ours: remove it to get a new one, or set GATEWAY_MASTER_KEY`);
    await chmod(path, 0o600);
    return key;
  }
}
