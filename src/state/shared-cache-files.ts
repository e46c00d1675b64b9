import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock } from '../kernel/clock';
import { SharedCache } from './shared-cache';

const mostBytes = 32 * 1024 * 1024;

/**
 * Files in a folder, so that a restart finds them. A file is named by the digest of its key and holds its end (Unix
 * milliseconds), its key and its value, each after the other on lines of their own; it is replaced whole. A folder that
 * cannot be used is no error: then nothing is kept.
 */
export class FileSharedCache extends SharedCache {
  /** @param alone keeps the claims: processes that share only a folder are not told of each other. */
  constructor(
    private readonly folder: string,
    private readonly clock: Pick<Clock, 'nowMs'>,
    private readonly alone: Pick<SharedCache, 'claim'>,
  ) {
    super();
  }

  async get(key: string): Promise<string | undefined> {
    const path = this.pathOf(key);
    const text = await readBounded(path);
    if (text === undefined) return undefined;
    const [endsAt = '', storedKey = ''] = text.split('\n', 2);
    const endsAtMs = Number(endsAt);
    if (storedKey !== key || !Number.isFinite(endsAtMs)) return undefined;
    if (endsAtMs > this.clock.nowMs()) return text.slice(endsAt.length + storedKey.length + 2);
    await rm(path, { force: true }).catch(() => undefined);
    return undefined;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    const path = this.pathOf(key);
    const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeWhole(draft, `${Math.ceil(this.clock.nowMs() + ttlMs)}\n${key}\n${value}`);
      await rename(draft, path);
    } catch {
      // A full or read-only disk: the value is asked for again next time.
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }

  claim(key: string, ttlMs: number): Promise<boolean> {
    return this.alone.claim(key, ttlMs);
  }

  private pathOf(key: string): string {
    return join(this.folder, `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.cache`);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    // Otherwise a power cut could leave the new name on an empty file.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readBounded(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > mostBytes ? undefined : await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
