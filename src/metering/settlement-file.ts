import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WriterLock } from '../state/journal/writer-lock';
import { AppendLog } from './journal/append-log';

const suffix = '.journal';

/**
 * Rows that could not be told to the shared state, one a line, in a file of this process: `STATE_DIR/settlements`. Files of
 * processes that are gone are taken over.
 */
export class SettlementFile {
  private log: AppendLog | undefined;
  private readonly lock: WriterLock;
  private readonly path: string;
  private isLocked = false;

  constructor(
    private readonly folder: string,
    private readonly owner: string,
  ) {
    this.path = join(folder, `${owner}${suffix}`);
    this.lock = new WriterLock(join(folder, `${owner}.lock`));
  }

  /** Settles when the line is with the operating system. @throws {Error} what the disk says; then it is not. */
  async append(line: string): Promise<void> {
    if (this.log === undefined) {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      if (!this.isLocked) this.isLocked = await this.lock.take();
      this.log ??= new AppendLog(this.path, 0);
    }
    await this.log.append(line);
  }

  /** All that was appended is told: the file goes. */
  async clear(): Promise<void> {
    const log = this.log;
    if (log === undefined) return;
    this.log = undefined;
    // Before anything is awaited: what is appended meanwhile begins a file of its own under this name.
    rmSync(this.path, { force: true });
    await log.close();
  }

  /** Puts a line aside that can never be told, for a person to look at. @throws {Error} what the disk says. */
  async setAside(line: string): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await appendFile(join(this.folder, 'rejected.jsonl'), `${line}\n`, { mode: 0o600 });
  }

  async close(): Promise<void> {
    await this.log?.close();
    this.log = undefined;
    this.lock.letGo();
  }

  /**
   * What processes left behind that are gone. @returns their lines, and how to remove the file when all is told; nothing where
   * there is no folder, or where it cannot be read.
   */
  async leftBehind(): Promise<readonly Legacy[]> {
    const found: Legacy[] = [];
    for (const name of this.names()) {
      const owner = name.slice(0, -suffix.length);
      if (owner === this.owner) continue;
      const lock = new WriterLock(join(this.folder, `${owner}.lock`));
      if (!(await lock.take().catch(() => false))) continue;
      const path = join(this.folder, name);
      const text = await readFile(path, 'utf8').catch(() => '');
      const done = (): void => {
        rmSync(path, { force: true });
        lock.letGo();
      };
      // A torn last line was never acknowledged.
      found.push({ lines: text.split('\n').slice(0, -1), done });
    }
    return found;
  }

  private names(): readonly string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(suffix));
    } catch {
      return [];
    }
  }
}

/** A file of a process that is gone. */
export interface Legacy {
  readonly lines: readonly string[];
  readonly done: () => void;
}
