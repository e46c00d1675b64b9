import { createRequire } from 'node:module';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../kernel/error-code';

/** A lock that is held, or the reason why it is not: somebody else holds it, or this place knows no locks. */
export type LockResult =
  { readonly kind: 'held'; release(): Promise<void> } | { readonly kind: 'busy' } | { readonly kind: 'impossible' };

type FlockSync = (descriptor: number, mode: 'exnb') => void;

const nextTryMs = 10;
const flockSync = loadFlock();

/** Whether this process can take the lock files of the Codex CLI; false where the optional package was not built. */
export const locksAvailable = flockSync !== undefined;

/** What to tell the operator once at start when `locksAvailable` is false. */
export const noLocksSentence =
  'Login files are written without the Codex CLI’s lock files, because the optional package fs-ext is not built: a CLI that renews the same login in the same instant may lose its renewal or undo ours. Give the gateway a login of its own, or run `npm rebuild fs-ext --ignore-scripts=false` where a C++ compiler is installed.';

/**
 * Takes an exclusive `flock`, as the Codex CLI does (protocol 2.4), trying without blocking until `waitMs` have passed.
 * The lock file is made when it is missing (mode 0600) and stays behind: removing one would let two programs hold
 * locks on two files of the same name. A process that dies loses its locks.
 */
export async function takeLock(path: string, waitMs: number): Promise<LockResult> {
  if (flockSync === undefined) return { kind: 'impossible' };
  const handle = await openLockFile(path);
  if (handle === undefined) return { kind: 'impossible' };
  const kind = await tryUntil(handle, flockSync, performance.now() + waitMs);
  if (kind === 'held') return { kind, release: () => handle.close() };
  await handle.close();
  return { kind };
}

async function tryUntil(handle: FileHandle, flock: FlockSync, deadlineMs: number): Promise<LockResult['kind']> {
  for (;;) {
    try {
      flock(handle.fd, 'exnb');
      return 'held';
    } catch (error) {
      if (!['EAGAIN', 'EWOULDBLOCK', 'EINTR'].includes(errorCode(error) ?? '')) return 'impossible';
    }
    if (performance.now() >= deadlineMs) return 'busy';
    await pause(nextTryMs);
  }
}

/** Undefined where no lock file can be: such a folder cannot be written either, which the write itself will report. */
async function openLockFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch {
    return undefined;
  }
}

function loadFlock(): FlockSync | undefined {
  try {
    const loaded: unknown = createRequire(__filename)('fs-ext');
    return hasFlock(loaded) ? loaded.flockSync : undefined;
  } catch {
    return undefined;
  }
}

function hasFlock(loaded: unknown): loaded is { readonly flockSync: FlockSync } {
  return (
    typeof loaded === 'object' && loaded !== null && 'flockSync' in loaded && typeof loaded.flockSync === 'function'
  );
}
