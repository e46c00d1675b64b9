import { createReadStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../kernel/error-code';
import { WriterLock } from '../state/journal/writer-lock';
import { StateUnavailable } from '../state/state-unavailable';
import { AppendLog } from './journal/append-log';

const suffix = '.journal';
/** Characters beyond which something is no row but a file that was spoilt; gathering more of it would fill the memory. */
const longestLine = 16 * 1024 ** 2;

/**
 * Rows that could not be told to the shared state, one a line, in a file of this process: `STATE_DIR/settlements`. Files of
 * processes that are gone are taken over.
 */
export class SettlementFile {
  private log: AppendLog | undefined;
  private readonly lock: WriterLock;
  private readonly path: string;
  private locking: Promise<void> | undefined;

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
      await this.locked();
      // What was in it when it was closed has not been told.
      this.log ??= new AppendLog(this.path, statSync(this.path, { throwIfNoEntry: false })?.size ?? 0);
    }
    await this.log.append(line);
  }

  /**
   * All that was appended is told: the file goes. Nothing is awaited, so that no row comes in between, and neither the next
   * replay nor the lease of this process waits for a slow disk.
   *
   * @throws {Error} what the disk says; a file that stays can be cleared again.
   */
  clear(): void {
    if (this.log === undefined) return;
    rmSync(this.path, { force: true });
    this.log.drop();
    this.log = undefined;
  }

  /** Puts a line aside that can never be told, for a person to look at. @throws {Error} what the disk says. */
  async setAside(line: string): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await appendFile(join(this.folder, 'rejected.jsonl'), `${line}\n`, { mode: 0o600 });
  }

  /** Gives the file free. @throws {Error} what the disk says. */
  async close(): Promise<void> {
    try {
      await this.log?.close();
    } finally {
      this.log = undefined;
      this.locking = undefined;
      this.lock.letGo();
    }
  }

  /**
   * Gives the lines of processes that are gone to `tell`, one file at a time; a file goes when all its lines are told.
   *
   * @returns what is still there. @throws {StateUnavailable} of `tell`; then the file stays as well: lines that are told twice
   * do no harm.
   */
  async tellLeftBehind(tell: (line: string) => Promise<void>): Promise<LeftBehind> {
    const stuck: StuckFile[] = [];
    let inUse = 0;
    for (const name of this.names(stuck)) {
      const owner = name.slice(0, -suffix.length);
      if (owner === this.owner) continue;
      try {
        if (!(await this.takeOver(owner, tell))) inUse += 1;
      } catch (error) {
        if (error instanceof StateUnavailable) throw error;
        // What is wrong with one file must not keep the others from being told.
        stuck.push({ name, reason: reasonOf(error) });
      }
    }
    return { stuck, inUse };
  }

  /** @returns false when its owner lives, or seems to, or somebody else is telling it. */
  private async takeOver(owner: string, tell: (line: string) => Promise<void>): Promise<boolean> {
    const lock = new WriterLock(join(this.folder, `${owner}.lock`));
    if (!(await lock.take())) return false;
    try {
      const path = join(this.folder, `${owner}${suffix}`);
      for await (const line of wholeLines(path)) await tell(line);
      rmSync(path, { force: true });
      return true;
    } finally {
      // A lock that is kept would bar the next try of this very process too.
      lock.letGo();
    }
  }

  /** Rows that come together wait for the same lock, and go on in their order. */
  private locked(): Promise<void> {
    this.locking ??= this.takeLock().catch((error: unknown) => {
      this.locking = undefined;
      throw error;
    });
    return this.locking;
  }

  private async takeLock(): Promise<void> {
    // It was closed, and somebody else is telling what is in it: the file goes with that, and a row in it would too.
    if (!(await this.lock.take())) throw new Error('the file of settlements was taken over');
  }

  private names(stuck: StuckFile[]): readonly string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(suffix));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') stuck.push({ name: '', reason: reasonOf(error) });
      return [];
    }
  }
}

/** Files of other processes after a look at them. */
export interface LeftBehind {
  /** Could not be read or removed. They stay, free for whoever tries again. */
  readonly stuck: readonly StuckFile[];
  /** How many were left alone. A process that died on another host looks alive for a while. */
  readonly inUse: number;
}

/** A file of a process that is gone that could not be told to its end. */
export interface StuckFile {
  /** In the folder of settlements; empty for the folder itself. */
  readonly name: string;
  /** The system's word, for example `EIO`. */
  readonly reason: string;
}

/**
 * Piece by piece, since a long outage writes more than fits into one string. A torn last line was never acknowledged, so it
 * is left out. @throws {Error} what the disk says, except that there is no such file: somebody else told it.
 */
async function* wholeLines(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8' })) {
      const lines = `${rest}${String(piece)}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > longestLine) throw new RangeError('a line is too long for a row');
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function reasonOf(error: unknown): string {
  return errorCode(error) ?? (error instanceof Error ? error.message : 'unknown');
}
