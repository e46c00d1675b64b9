import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../kernel/error-code';

/** One write is several events, and an editor's write is several writes; milliseconds. */
const defaultSettleMs = 50;

/**
 * Tells when a file's content changes. The folder is watched, not the file: that survives renames over it and the symlink
 * swaps by which Kubernetes updates mounted secrets. A slow look at the content catches what no event tells (network
 * mounts, a folder that appears later, a symlink whose target lies elsewhere).
 */
export class FileWatch {
  private folderWatch: FSWatcher | undefined;
  private folderId: string | undefined;
  /** Of the content; else the code that says why it cannot be read. */
  private digest: string | undefined;
  private looking = false;
  private lookAgain = false;
  private settling: NodeJS.Timeout | undefined;
  private readonly poll: NodeJS.Timeout;
  private isStopped = false;

  /** What happens after the constructor returns is reported; `onChange` is never called before that. */
  constructor(
    private readonly path: string,
    private readonly onChange: () => void,
    pollMs: number,
    private readonly settleMs = defaultSettleMs,
  ) {
    this.watchFolder(idOfFolder(path));
    this.digest = digestNow(path);
    this.poll = setInterval(() => void this.slowLook(), pollMs).unref();
  }

  /** Ends it; `onChange` is not called again. */
  stop(): void {
    this.isStopped = true;
    clearInterval(this.poll);
    clearTimeout(this.settling);
    this.folderWatch?.close();
  }

  private async slowLook(): Promise<void> {
    const folderId = await stat(dirname(this.path)).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => undefined,
    );
    if (this.isStopped) return;
    if (folderId !== this.folderId) this.watchFolder(folderId);
    await this.look();
  }

  /** Without a folder, or when the system grants no further watch, the slow look remains. */
  private watchFolder(folderId: string | undefined): void {
    this.folderWatch?.close();
    this.folderWatch = undefined;
    this.folderId = undefined;
    if (folderId === undefined) return;
    try {
      this.folderWatch = watch(dirname(this.path), { persistent: false }, () => {
        this.lookSoon();
      });
      this.folderWatch.on('error', () => {
        this.folderId = undefined;
      });
      this.folderId = folderId;
    } catch {
      this.folderWatch = undefined;
    }
  }

  private lookSoon(): void {
    if (this.settling !== undefined || this.isStopped) return;
    this.settling = setTimeout(() => {
      this.settling = undefined;
      void this.look();
    }, this.settleMs).unref();
  }

  private async look(): Promise<void> {
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    while (this.lookAgain) {
      this.lookAgain = false;
      const digest = await readFile(this.path).then(digestOf, errorCode);
      if (this.isStopped) break;
      if (digest === this.digest) continue;
      this.digest = digest;
      this.onChange();
    }
    this.looking = false;
  }
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function digestNow(path: string): string | undefined {
  try {
    return digestOf(readFileSync(path));
  } catch (error) {
    return errorCode(error);
  }
}

function idOfFolder(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(dirname(path));
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
