import { type GatewayLogger } from '../../telemetry/logger';
import { type LoginFiles, UnwritableLogin, type UnwritableReason } from '../login-files';
import { type HeldLogin } from './held-login';
import { backoffMs } from './refresh-policy';

/** Why the file lags behind the login that is in use. */
export interface FileTrouble {
  readonly reason: UnwritableReason;
  readonly sinceMs: number;
  readonly tries: number;
  readonly nextTryMs: number;
}

/** Somebody may hold the file for a while; the login is safe in the state, and requests wait for it. */
const longestWriteMs = 3_000;

/** Keeps the login file at the newest pair, and goes on trying when it cannot be written. */
export class FileCopy {
  private current: FileTrouble | undefined;

  constructor(
    private readonly files: Pick<LoginFiles, 'write'>,
    private readonly logger: Pick<GatewayLogger, 'event'>,
    private readonly place: { readonly path: string; readonly name: string },
  ) {}

  get trouble(): FileTrouble | undefined {
    return this.current;
  }

  /** Whether a failed write should be tried now. */
  isDue(nowMs: number): boolean {
    return this.current === undefined || nowMs >= this.current.nextTryMs;
  }

  /** The file holds what it should. */
  settled(): void {
    this.current = undefined;
  }

  /** Puts `login` where the login with the fingerprint `replaces` stands. Never fails; a slow disk is not waited for. */
  async write(login: HeldLogin, replaces: string, nowMs: number): Promise<void> {
    const update = { replaces, pair: login.pair, nowMs, expiresAtMs: login.expiresAtMs };
    const writing = this.files.write(this.place.path, update).then(
      (result) => {
        if (result === 'written') this.settled();
      },
      (error: unknown) => {
        this.failed(error, nowMs);
      },
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, longestWriteMs).unref();
    });
    await Promise.race([writing, late]);
    clearTimeout(timer);
  }

  private failed(error: unknown, nowMs: number): void {
    const reason = error instanceof UnwritableLogin ? error.reason : 'other';
    const tries = (this.current?.tries ?? 0) + 1;
    const sinceMs = this.current?.sinceMs ?? nowMs;
    this.current = { reason, sinceMs, tries, nextTryMs: nowMs + backoffMs(tries, 0.5) };
    this.logger.event('warn', 'a renewed login could not be written to its file', {
      credentialFile: this.place.name,
      reason,
      tries,
      advice: 'The login stays usable from the state of the gateway; make the folder of the file writable.',
    });
  }
}
