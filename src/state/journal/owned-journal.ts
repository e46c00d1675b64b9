import { join } from 'node:path';
import { errorCode } from '../../kernel/error-code';
import { StateDir } from '../state-dir';
import { StateUnavailable } from '../state-unavailable';
import { JournalFile } from './journal-file';
import { WriterLock } from './writer-lock';

/** Whose memory a journal keeps over restarts. */
export interface JournalOwner {
  /** Takes what the disk has in the place of what is in memory. @param lines oldest first. @throws {Error} for one that nobody of ours wrote. */
  readonly restore: (lines: readonly unknown[]) => void;
  /** What is in memory, as the lines of a journal that is written anew. */
  readonly content: () => readonly unknown[];
  /** Whether a journal of so many lines is to be written anew. */
  readonly isLong: (lines: number) => boolean;
}

/** What a change did in memory. */
export interface Written<T> {
  readonly reply: T;
  /** What tells it to the disk; undefined where nothing changed that has to outlive the process. */
  readonly line?: unknown;
  /** What the line removes has to be gone from the disk as well, not only be out of use. */
  readonly purges?: boolean;
}

/**
 * A journal in `STATE_DIR`, `<name>.journal`, that one process at a time owns, by `<name>.lock`. It is opened by whoever needs
 * it first, and opened anew after every failure, so that memory says what the disk says. The owner stays one over failures: a
 * second gateway that waits for the folder would else get this journal alone, and neither would have all of them.
 */
export class OwnedJournal {
  private readonly file: JournalFile;
  private readonly lock: WriterLock;
  private opening: Promise<void> | undefined;
  private rewriting: Promise<void> | undefined;
  private lines = 0;
  private isClosed = false;

  constructor(
    private readonly folder: string,
    name: string,
    private readonly owner: JournalOwner,
  ) {
    this.file = new JournalFile(join(folder, `${name}.journal`));
    this.lock = new WriterLock(join(folder, `${name}.lock`));
  }

  /** Before memory is looked at. @throws {StateUnavailable} when the folder cannot be used or belongs to another running gateway. */
  opened(): Promise<void> {
    if (this.isClosed) return Promise.reject(new StateUnavailable('offline'));
    this.opening ??= this.open().catch((error: unknown) => {
      // Tried again by the next command: the other process may have ended, the disk may be there again.
      this.opening = undefined;
      throw error instanceof StateUnavailable ? error : new StateUnavailable('connection', errorCode(error));
    });
    return this.opening;
  }

  /**
   * Changes memory at once, so that changes behind this one build on it; settles when the disk has it.
   *
   * @throws {StateUnavailable} as `opened`, or when nobody knows whether the disk has it.
   */
  async write<T>(change: () => Written<T>): Promise<T> {
    await this.opened();
    while (this.rewriting !== undefined) await this.rewriting;
    // Nothing is awaited between this and the append: what a rewrite leaves out is written behind it.
    const { reply, line, purges = false } = change();
    if (line !== undefined) await this.append(line, purges);
    return reply;
  }

  /** Gives the journal free, for good: who asks for it later must not take it from its next owner. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.shut();
    this.lock.letGo();
  }

  private async shut(): Promise<void> {
    await this.opening?.catch(() => undefined);
    await this.file.close();
    this.opening = undefined;
  }

  private async open(): Promise<void> {
    await new StateDir(this.folder).ensure();
    if (!(await this.lock.take())) throw new StateUnavailable('offline');
    this.owner.restore(await this.file.load());
    await this.rewrite();
  }

  private async append(line: unknown, purges: boolean): Promise<void> {
    this.lines += 1;
    try {
      await this.file.append(line);
    } catch (error) {
      // The disk may or may not have it: everything is read again.
      await this.shut();
      throw new StateUnavailable('connection', errorCode(error));
    }
    if (!purges && !this.owner.isLong(this.lines)) return;
    // The line is on disk: a rewrite that fails costs this change nothing, and the next one opens the journal anew.
    this.rewriting ??= this.rewrite()
      .catch(() => this.shut())
      .finally(() => {
        this.rewriting = undefined;
      });
    await this.rewriting;
  }

  private async rewrite(): Promise<void> {
    const lines = this.owner.content();
    await this.file.rewrite(lines);
    this.lines = lines.length;
  }
}
