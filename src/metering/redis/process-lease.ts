import { type Clock } from '../../kernel/clock';
import { type RedisLink } from '../../state/redis/redis-link';
import { unlessAway } from '../ticket-watch';
import { booksScript, booksTag, type BooksScript } from './books-script';

type Link = Pick<RedisLink, 'run' | 'key' | 'nowMs' | 'script'>;

/** The sign of life of this process, and what it tells of others: whose lease is over, its tickets are nobody's. */
export class ProcessLease {
  private readonly name: string;
  private readonly leave: BooksScript;
  private soundSinceMs: number | undefined;
  private lastBeatMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly link: Link,
    private readonly clock: Clock,
    private readonly options: { readonly owner: string; readonly leaseMs: number },
  ) {
    this.name = link.key(`${booksTag}leases`);
    this.leave = booksScript(link, 'leave');
  }

  /** Whether others know of this process: no ticket may be opened before. */
  get isKnown(): boolean {
    return Number.isFinite(this.lastBeatMs);
  }

  /** Whether the state has answered for one whole lease, so that every living process had time to say that it lives. */
  get isSound(): boolean {
    return this.soundSinceMs !== undefined && this.clock.monotonicMs() - this.soundSinceMs >= this.options.leaseMs;
  }

  /** Says that this process lives. Never fails: a beat that is missed shows in `isSound`. */
  async beat(): Promise<void> {
    const { owner, leaseMs } = this.options;
    try {
      await this.link.run((redis) => redis.zadd(this.name, this.link.nowMs() + leaseMs, owner));
    } catch (error) {
      this.soundSinceMs = undefined;
      unlessAway(error);
      return;
    }
    const nowMs = this.clock.monotonicMs();
    // After a pause of this process itself its view is as old as the pause.
    const hasPaused = nowMs - this.lastBeatMs > leaseMs;
    if (hasPaused || this.soundSinceMs === undefined) this.soundSinceMs = nowMs;
    this.lastBeatMs = nowMs;
  }

  /** Processes whose lease is over. @throws {StateUnavailable} */
  lapsed(): Promise<readonly string[]> {
    return this.link.run((redis) => redis.zrangebyscore(this.name, '-inf', this.link.nowMs()));
  }

  /** Every process. @throws {StateUnavailable} */
  all(): Promise<readonly string[]> {
    return this.link.run((redis) => redis.zrange(this.name, '0', '-1'));
  }

  /** Strikes a process out, if its lease is over and it has no tickets. @throws {StateUnavailable} */
  async strike(owner: string): Promise<void> {
    await this.leave([this.link.nowMs(), owner]);
  }

  /** This process ends: nobody has to wait for its lease. Never fails. */
  async end(): Promise<void> {
    const { owner } = this.options;
    try {
      await this.link.run((redis) => redis.zadd(this.name, this.link.nowMs() - 1, owner));
      await this.strike(owner);
    } catch (error) {
      unlessAway(error);
    }
  }
}
