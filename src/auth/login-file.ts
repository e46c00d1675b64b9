import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type GatewayError, upstreamAuthenticationFailed } from '../kernel/errors';
import { readAuthFile, type StoredLogin, UnreadableLogin } from './auth-file';

/** The file is looked at again after this many milliseconds; a login by the CLI is seen that soon. */
const lookAgainAfterMs = 1_000;

interface Reading {
  readonly stamp: string;
  readonly login: StoredLogin | GatewayError;
}

/** One `auth.json`, kept in memory and read again when it changes on disk. */
export class LoginFile {
  private reading: Reading | undefined;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private looking: Promise<void> | undefined;

  constructor(private readonly path: string) {}

  /** What the file said at the last look, when that is recent enough to rely on. */
  recent(nowMs: number): StoredLogin | undefined {
    if (nowMs - this.lookedAtMs >= lookAgainAfterMs || this.reading === undefined) return undefined;
    return this.reading.login instanceof Error ? undefined : this.reading.login;
  }

  /** @throws {GatewayError} 503 that names the file and the way out. */
  async current(nowMs: number): Promise<StoredLogin> {
    if (nowMs - this.lookedAtMs >= lookAgainAfterMs) await this.lookAgain(nowMs);
    return this.login();
  }

  /** Reads the file however recent the last look was. @throws {GatewayError} as `current`. */
  async fresh(nowMs: number): Promise<StoredLogin> {
    await this.looking;
    await this.lookAgain(nowMs, true);
    return this.login();
  }

  /** `auth.json`: the name without its folders, which clients need not know. */
  get name(): string {
    return basename(this.path);
  }

  private login(): StoredLogin {
    const login = this.reading?.login ?? this.unusable('could not be read');
    if (login instanceof Error) throw login;
    return login;
  }

  private lookAgain(nowMs: number, evenIfUnchanged = false): Promise<void> {
    this.looking ??= this.look(evenIfUnchanged)
      .then((reading) => {
        this.reading = reading;
        this.lookedAtMs = nowMs;
      })
      .finally(() => {
        this.looking = undefined;
      });
    return this.looking;
  }

  /** The stamp is taken before the text: a write between the two is noticed at the next look. */
  private async look(evenIfUnchanged: boolean): Promise<Reading> {
    try {
      const { mtimeMs, size, ino } = await stat(this.path);
      const stamp = `${mtimeMs}:${size}:${ino}`;
      if (!evenIfUnchanged && this.reading?.stamp === stamp) return this.reading;
      return { stamp, login: this.parsed(await readFile(this.path, 'utf8')) };
    } catch (error) {
      return { stamp: '', login: this.unusable(reasonOf(error)) };
    }
  }

  private parsed(text: string): StoredLogin | GatewayError {
    try {
      return readAuthFile(text);
    } catch (error) {
      return this.unusable(error instanceof UnreadableLogin ? error.message : 'could not be read');
    }
  }

  private unusable(reason: string): GatewayError {
    return upstreamAuthenticationFailed(
      `The Codex login file '${this.name}' ${reason}. The gateway's operator has to run \`codex login\` on its host, or point CODEX_AUTH_FILE (or the deployment's auth_file) at the right file.`,
    );
  }
}

function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by the gateway (file permissions)';
  if (code === 'EISDIR') return 'is a directory';
  return 'could not be read';
}
