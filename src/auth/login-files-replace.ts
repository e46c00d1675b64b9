import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { errorCode } from '../kernel/error-code';
import { type LockResult, takeLock } from './file-lock';

/** Why a login file cannot be written: a mount without writing, no space, a file mounted alone, missing rights. */
export type UnwritableReason = 'read_only' | 'full' | 'busy_mount' | 'denied' | 'other';

/** The new login is not in the file, which is as it was; a later try may succeed. The message fits after the file's name. */
export class UnwritableLogin extends Error {
  constructor(
    readonly reason: UnwritableReason,
    message: string = sentences[reason],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const sentences: Readonly<Record<UnwritableReason, string>> = {
  read_only: 'is on a read-only file system: mount its folder with writing allowed',
  full: 'is on a full file system',
  busy_mount: 'is mounted as a single file, which cannot be replaced: mount its folder instead',
  denied: 'may not be written by the gateway (permissions of its folder)',
  other: 'could not be written',
};

/** What to do with a file's text, undefined for a missing file: put this text there, or leave it and say why. */
export type Decision<T> = (
  text: string | undefined,
) => { readonly put: string; readonly as: T } | { readonly leave: T };

/** A login file: by the path people use, beside which the locks lie, and by the file that symlinks lead to. */
export interface Place {
  readonly path: string;
  readonly target: string;
}

const waitForProgramMs = 2_000;
const waitForSaveMs = 1_000;
/** The CLI gives up saving after about 5 s without this lock, and spends its refresh token a second time. */
const holdSaveLockMs = 200;
const mostTries = 5;
/** Without locks another gateway may be at work on a draft this young. */
const deadDraftMs = 60_000;
/** Under the lock every draft is a dead one, even if a clock that moved makes it look as if it came from the future. */
const anyAgeMs = Number.NEGATIVE_INFINITY;

/**
 * Replaces the file as a whole, or not at all: a draft in the same folder, flushed, then renamed over it while both lock
 * files of the Codex CLI are held. `decide` may be asked several times, always about the text that would be replaced.
 *
 * A lock that somebody holds for seconds is not broken: its holder is about to save a login of its own, and writing
 * over that would lose it. Our login is safe elsewhere meanwhile, so the caller tries again later.
 *
 * @throws {UnwritableLogin} and what `decide` throws.
 */
export async function replaceFile<T>(place: Place, decide: Decision<T>): Promise<T> {
  const { path } = place;
  const programLock = await takeLock(programLockOf(path), waitForProgramMs);
  if (programLock.kind === 'busy') throw new UnwritableLogin('other', 'is locked by another program');
  try {
    await removeDrafts(place.target, programLock.kind === 'held' ? anyAgeMs : deadDraftMs);
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const text = await textOf(place.target);
      const decision = decide(text);
      if ('leave' in decision) return decision.leave;
      if (await swap(place, text, decision.put)) return decision.as;
    }
    throw new UnwritableLogin('other', 'is being changed by another program');
  } finally {
    await release(programLock);
  }
}

/**
 * Removes the file, the symlink that led to it, and drafts of it, under the CLI's first lock. A file that is gone is fine.
 *
 * @throws {UnwritableLogin}
 */
export async function removeFile({ path, target }: Place): Promise<void> {
  const programLock = await takeLock(programLockOf(path), waitForProgramMs);
  if (programLock.kind === 'busy') throw new UnwritableLogin('other', 'is locked by another program');
  try {
    await removeDrafts(target, programLock.kind === 'held' ? anyAgeMs : deadDraftMs);
    for (const name of new Set([target, path])) await rm(name, { force: true }).catch(fail);
    await syncFolder(target);
  } finally {
    await release(programLock);
  }
}

/** `auth.lock` for `auth.json`. */
function programLockOf(path: string): string {
  return join(dirname(path), `${basename(path, extname(path))}.lock`);
}

/** Flushing a draft may take long on a slow disk, so it happens before the lock that must be held briefly. */
async function swap({ path, target }: Place, old: string | undefined, text: string): Promise<boolean> {
  const draft = await writeDraft(target, text).catch(fail);
  const saveLock = await takeLock(`${path}.lock`, waitForSaveMs);
  const sinceMs = performance.now();
  let isDone = false;
  try {
    if (saveLock.kind === 'busy') throw new UnwritableLogin('other', 'is locked by another program');
    if ((await textOf(target)) !== old || performance.now() - sinceMs > holdSaveLockMs) return false;
    await rename(draft, target).catch(fail);
    isDone = true;
  } finally {
    await release(saveLock);
    if (!isDone) await rm(draft, { force: true }).catch(() => undefined);
  }
  await syncFolder(target);
  return true;
}

async function writeDraft(target: string, text: string): Promise<string> {
  const draft = join(dirname(target), `${draftStart(target)}${randomBytes(12).toString('hex')}.draft`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await keepOwner(file, target);
    await file.writeFile(text);
    await file.sync();
    await file.close();
    return draft;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** A gateway that runs as root must not take the file away from the person whose CLI reads it. */
async function keepOwner(file: FileHandle, target: string): Promise<void> {
  const [made, old] = await Promise.all([file.stat(), stat(target).catch(() => undefined)]);
  if (old === undefined || (old.uid === made.uid && old.gid === made.gid)) return;
  // Only root may give files away. Others still write: keeping the login matters more than who owns it.
  await file.chown(old.uid, old.gid).catch(() => undefined);
}

/** What a process that died while writing left behind; it holds secrets. */
async function removeDrafts(target: string, olderThanMs: number): Promise<void> {
  const folder = dirname(target);
  const start = draftStart(target);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(
    (each) => each.startsWith(start) && /^[0-9a-f]{24}\.draft$/.test(each.slice(start.length)),
  )) {
    const path = join(folder, name);
    const writtenMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.NaN,
    );
    if (Date.now() - writtenMs >= olderThanMs) await rm(path, { force: true }).catch(() => undefined);
  }
}

function draftStart(target: string): string {
  return `.${basename(target)}.`;
}

/** The rename survives a power cut once its folder is flushed. File systems that cannot do that keep it their own way. */
async function syncFolder(target: string): Promise<void> {
  const folder = await open(dirname(target), 'r').catch(() => undefined);
  if (folder === undefined) return;
  await folder.sync().catch(() => undefined);
  await folder.close();
}

async function textOf(target: string): Promise<string | undefined> {
  try {
    return await readFile(target, 'utf8');
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? undefined : fail(error);
  }
}

async function release(lock: LockResult): Promise<void> {
  if (lock.kind === 'held') await lock.release();
}

/** Names what the system said; its own message, which holds the path, stays the cause. */
export function fail(error: unknown): never {
  throw error instanceof UnwritableLogin
    ? error
    : new UnwritableLogin(reasonOf(errorCode(error)), undefined, { cause: error });
}

function reasonOf(code: string | undefined): UnwritableReason {
  switch (code) {
    case 'EROFS':
      return 'read_only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'full';
    case 'EBUSY':
    case 'EXDEV':
      return 'busy_mount';
    case 'EACCES':
    case 'EPERM':
      return 'denied';
    default:
      return 'other';
  }
}
