import { type Clock } from '../../kernel/clock';
import { StateUnavailable } from '../state-unavailable';
import { probeEveryMs } from './breaker';

/** Writes in a row, two a second, after which a server that refused is trusted again. */
const writesToTrust = 3;
/** And most of them, for one that refuses again and again: its memory, say, is full to the brim. */
const mostWritesToTrust = 12;
/** A refusal so soon after the last one doubles what is asked, milliseconds. */
const relapseMs = 60_000;
/** Where our user may not write the probe, refusals of others count as over after so long, milliseconds. */
const quietMs = 2_000;

/**
 * Knows of a server that answers and refuses what it is told, such as a full one or a replica. Whatever reads goes well
 * there, so only a write, tried twice a second, shows that this is over. Nobody is spared by it: a refusal costs no wait,
 * and reads, and commands that make room, have to go through.
 */
export class WriteWatch {
  private code: string | undefined;
  private key: string | undefined;
  private written = 0;
  private needed = writesToTrust;
  private refusedAtMs = Number.NEGATIVE_INFINITY;
  private trustedAtMs = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /**
   * @param write writes a little something where `key` lies, since the nodes of a Cluster are not ill together.
   * @param changed called when `refusedBy` begins and ends.
   */
  constructor(
    private readonly write: (key: string | undefined) => Promise<void>,
    private readonly clock: Clock,
    private readonly changed: () => void,
  ) {}

  /** First word of the refusal, for example `OOM`; undefined while writes are taken, as far as known. */
  get refusedBy(): string | undefined {
    return this.code;
  }

  /** @param key that the refused command was about, if that is known. */
  refused(code: string, key: string | undefined): void {
    const nowMs = this.clock.monotonicMs();
    const isNew = this.code === undefined;
    [this.code, this.key, this.refusedAtMs, this.written] = [code, key ?? this.key, nowMs, 0];
    if (!isNew || this.isClosed) return;
    const isRelapse = nowMs - this.trustedAtMs < relapseMs;
    this.needed = isRelapse ? Math.min(2 * this.needed, mostWritesToTrust) : writesToTrust;
    this.trySoon();
    this.changed();
  }

  /** Nothing is tried any more. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private trySoon(): void {
    this.timer = setTimeout(() => void this.try(), probeEveryMs).unref();
  }

  private async try(): Promise<void> {
    const isTaken = await this.write(this.key).then(
      () => true,
      (error: unknown) => this.isQuiet(error),
    );
    if (this.isClosed) return;
    this.written = isTaken ? this.written + 1 : 0;
    if (this.written < this.needed) {
      this.trySoon();
      return;
    }
    [this.code, this.trustedAtMs] = [undefined, this.clock.monotonicMs()];
    this.changed();
  }

  /** A probe that is refused for what it is tells nothing. */
  private isQuiet(error: unknown): boolean {
    const isForbidden = error instanceof StateUnavailable && error.trouble === 'reply';
    return isForbidden && this.clock.monotonicMs() - this.refusedAtMs > quietMs;
  }
}
