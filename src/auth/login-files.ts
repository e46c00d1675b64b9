import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FileWatch } from '../config/file-watch';
import { errorCode } from '../kernel/error-code';
import { makeFolder } from '../state/make-folder';
import { loginOf, type StoredLogin } from './auth-file';
import {
  type Fields,
  momentOf,
  parseDocument,
  tokenPlaceOf,
  type UnreadableKind,
  UnreadableLogin,
} from './login-document';
import { mergedText, newText, type Rotation, type TokenPair } from './login-document-merge';
import { type Decision, fail, removeFile, replaceFile, UnwritableLogin } from './login-files-replace';

export { type TokenPair } from './login-document-merge';
export { UnwritableLogin, type UnwritableReason } from './login-files-replace';

/** A login as it stands in a file. */
export interface FileLogin extends StoredLogin {
  /** SHA-256 (hex) of the refresh token, else of the bearer: tells logins apart without showing them. */
  readonly fingerprint: string;
  /** Unix milliseconds at which some program last renewed it; undefined when the file does not say. */
  readonly lastRefreshMs: number | undefined;
}

/** A rotated login for a file, and the login it follows. */
export interface LoginUpdate extends Rotation {
  /** Fingerprint of the login whose refresh token was spent for this pair. */
  readonly replaces: string;
}

const defaultPollMs = 5_000;
const tornRetryMs = 25;
const tornRetries = 4;

/** Login files on disk: read in every shape, replaced as a whole under the Codex CLI's locks, watched. */
export class LoginFiles {
  private readonly turns = new Map<string, Promise<unknown>>();

  /** `pollMs`: how often a watched file is looked at even when the system reports nothing. */
  constructor(private readonly pollMs: number = defaultPollMs) {}

  /** @throws {UnreadableLogin} whose message fits after the file's name. */
  async read(path: string): Promise<FileLogin> {
    for (let tries = 0; ; tries += 1) {
      try {
        return fileLoginOf(await readFile(path, 'utf8').catch(unreadable));
      } catch (error) {
        // Older CLIs truncate the file and write it in place; half a file is whole a moment later.
        const mayHeal = error instanceof UnreadableLogin && error.kind === 'torn' && tries < tornRetries;
        if (!mayHeal) throw error;
      }
      await pause(tornRetryMs);
    }
  }

  /**
   * Puts a rotated pair where the login `replaces` stands, keeping everything else in the file (mode 0600 afterwards).
   * May be repeated: a file that already holds the pair is `written`.
   *
   * @returns `changed`, with nothing written, when the file is gone or holds another login than `replaces`.
   * @throws {UnwritableLogin} when the file is as it was and the pair is not in it.
   */
  async write(path: string, update: LoginUpdate): Promise<'written' | 'changed'> {
    if (update.pair.accessToken === '') throw new TypeError('A login without an access token is never written.');
    const target = await targetOf(path);
    if (target === undefined) return 'changed';
    return this.inTurn(target, () => replaceFile({ path, target }, decisionFor(update)));
  }

  /**
   * Makes the file hold this login and nothing else, in the shape the Codex CLI writes, whatever it held; folders are
   * made as needed, for their owner only.
   *
   * @throws {UnwritableLogin}
   */
  async install(path: string, pair: TokenPair, nowMs: number): Promise<void> {
    await makeFolder(dirname(path), 0o700).catch(fail);
    const target = (await targetOf(path)) ?? resolve(path);
    const put = newText({ pair, nowMs });
    await this.inTurn(target, () => replaceFile({ path, target }, () => ({ put, as: undefined })));
  }

  /** Removes the login, and a symlink that led to it; one that is gone is fine. @throws {UnwritableLogin} */
  async remove(path: string): Promise<void> {
    const target = await targetOf(path);
    await this.inTurn(target ?? resolve(path), () => removeFile({ path, target: target ?? path }));
  }

  /**
   * Calls `onChange` after the content of the file changed, appeared or vanished, whoever did it, this process included.
   * Watch first and read then: what happens after this returns is reported.
   *
   * @returns how to stop.
   */
  watch(path: string, onChange: () => void): () => void {
    const watching = new FileWatch(path, onChange, this.pollMs);
    return () => {
      watching.stop();
    };
  }

  /** One write at a time per file in this process; the next begins even when the one before failed. */
  private inTurn<T>(target: string, work: () => Promise<T>): Promise<T> {
    const before = this.turns.get(target) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(target, mine);
    const forget = (): void => {
      if (this.turns.get(target) === mine) this.turns.delete(target);
    };
    mine.then(forget, forget);
    return mine;
  }
}

/** Where symlinks lead, undefined when there is no file. */
async function targetOf(path: string): Promise<string | undefined> {
  return realpath(path).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? undefined : fail(error)));
}

/** Fingerprint of a login: of its refresh token, else of what it sends as bearer. */
export function fingerprintOf(
  login: Pick<StoredLogin, 'refreshToken' | 'accessToken' | 'personalToken' | 'apiKey'>,
): string {
  const secret = login.refreshToken ?? login.accessToken ?? login.personalToken ?? login.apiKey ?? '';
  return createHash('sha256').update(secret).digest('hex');
}

function fileLoginOf(text: string): FileLogin {
  const document = parseDocument(text);
  const login = loginOf(document);
  return { ...login, fingerprint: fingerprintOf(login), lastRefreshMs: momentOf(document['last_refresh']) };
}

function decisionFor(update: LoginUpdate): Decision<'written' | 'changed'> {
  return (text) => {
    const document = text === undefined ? undefined : documentIn(text);
    const place = document && tokenPlaceOf(document);
    if (document === undefined || place === undefined) return { leave: 'changed' };
    const login = loginOf(document);
    if (holds(login, update.pair)) return { leave: 'written' };
    if (fingerprintOf(login) !== update.replaces) return { leave: 'changed' };
    return { put: mergedText(document, place, update), as: 'written' };
  };
}

function holds({ accessToken, refreshToken }: StoredLogin, pair: TokenPair): boolean {
  return accessToken === pair.accessToken && refreshToken === (pair.refreshToken ?? refreshToken);
}

/**
 * Half a file is another program's write in progress: neither ours to replace nor a sign that the login changed.
 * Undefined for a file that is whole and holds something else altogether.
 */
function documentIn(text: string): Fields | undefined {
  try {
    return parseDocument(text);
  } catch (error) {
    if (error instanceof UnreadableLogin && error.kind !== 'torn') return undefined;
    throw new UnwritableLogin('other', 'is being written by another program', { cause: error });
  }
}

const readFailures: Readonly<Record<string, readonly [string, UnreadableKind]>> = {
  ENOENT: ['does not exist', 'missing'],
  ENOTDIR: ['does not exist', 'missing'],
  EACCES: ['may not be read by the gateway (file permissions)', 'denied'],
  EPERM: ['may not be read by the gateway (file permissions)', 'denied'],
  EISDIR: ['is a directory', 'other'],
};

function unreadable(error: unknown): never {
  const [message, kind] = readFailures[errorCode(error) ?? ''] ?? (['could not be read', 'other'] as const);
  throw new UnreadableLogin(message, kind);
}
