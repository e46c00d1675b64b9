import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../../kernel/error-code';

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An append-only file of JSON lines, mode 0600. Lines that arrive while the disk is busy share one flush. A torn last line,
 * left by a crash, was never acknowledged and is dropped at the next start.
 */
export class JournalFile {
  private file: FileHandle | undefined;
  private queue: Waiting[] = [];
  private flushing: Promise<void> | undefined;

  constructor(private readonly path: string) {}

  /** Every whole line, oldest first; none when there is no file. @throws {Error} when a line before the last is damaged. */
  async load(): Promise<readonly unknown[]> {
    const text = await readFile(this.path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return '';
      throw error;
    });
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line, at) => parsed(line, `${this.path}:${at + 1}`));
  }

  /** Makes the file hold exactly these values and opens it for more; whole or not at all. */
  async rewrite(values: readonly unknown[]): Promise<void> {
    await this.flushed();
    await this.file?.close();
    this.file = undefined;
    const draft = `${this.path}.new`;
    await rm(draft, { force: true });
    const file = await open(draft, 'ax', 0o600);
    try {
      await file.appendFile(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
      await file.sync();
      await rename(draft, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      // It is tried again and again while the disk is full.
      await file.close();
      throw error;
    }
    this.file = file;
  }

  /** Settles when the line is on disk. @throws whatever the disk says; then nobody knows whether it is there. */
  append(value: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ line: `${JSON.stringify(value)}\n`, resolve, reject });
      if (this.flushing === undefined) this.flush();
    });
  }

  async close(): Promise<void> {
    await this.flushed();
    await this.file?.close();
    this.file = undefined;
  }

  private flush(): void {
    this.flushing = this.flushAll().finally(() => {
      this.flushing = undefined;
      // Who waited for the last line may have written the next one before this was told.
      if (this.queue.length > 0) this.flush();
    });
  }

  /** Until nothing is being written. */
  private async flushed(): Promise<void> {
    while (this.flushing !== undefined) await this.flushing;
  }

  private async flushAll(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue;
      this.queue = [];
      try {
        if (this.file === undefined) throw new Error('the journal is closed');
        await this.file.appendFile(batch.map(({ line }) => line).join(''));
        await this.file.datasync();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}

function parsed(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The line is not quoted: it may hold anything.
    throw new Error(`the journal is damaged at ${place}`);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
