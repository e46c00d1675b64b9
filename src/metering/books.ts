import { randomBytes } from 'node:crypto';
import { type Settings } from '../config/settings';
import { type Clock } from '../kernel/clock';
import { type Observer } from '../kernel/observer';
import { RedisLink } from '../state/redis/redis-link';
import { EngineLedger } from './engine-ledger';
import { EngineMeter } from './engine-meter';
import { JournalEngine } from './journal/journal-engine';
import { type Ledger } from './ledger';
import { type Meter } from './meter';
import { type MeterEngine } from './meter-engine';
import { RedisEngine } from './redis/redis-engine';
import { DirectSettler } from './settler';
import { TicketWatch } from './ticket-watch';

/** What the books need from below. */
export interface BooksGround {
  readonly clock: Clock;
  readonly observer: Observer;
  /** Undefined: the books are this process's own. */
  readonly redis: RedisLink | undefined;
}

/** A long look may take longer than an admission may, milliseconds. */
const readMs = 2_000;

/** The books of a process with all that keeps them going. */
export class Books {
  private constructor(
    readonly meter: Meter,
    readonly ledger: Ledger,
    private readonly closing: () => Promise<void>,
  ) {}

  /** A state that is away does not keep the gateway from starting. */
  static async open(settings: Settings, ground: BooksGround): Promise<Books> {
    const { times, metering } = settings;
    const { clock, observer, redis } = ground;
    const readLink = settings.redis === undefined || redis === undefined ? undefined : new RedisLink(settings.redis, { ...times, redisCommandMs: readMs }, clock); // prettier-ignore
    await readLink?.open();
    const engine: MeterEngine =
      redis === undefined || readLink === undefined
        ? new JournalEngine(settings.stateDir, clock)
        : new RedisEngine(redis, readLink);
    const watch = new TicketWatch(engine, `process_${randomBytes(9).toString('hex')}`);
    const settler = new DirectSettler(engine, clock, observer);
    const meter = new EngineMeter({ engine, settler, watch, clock, observer }, metering);
    const ledger = new EngineLedger(engine.reads, { windowMs: metering.windowMs, nowMs: () => engine.nowMs() });
    const beat = setInterval(() => {
      void watch.tick();
    }, times.heartbeatMs).unref();
    return new Books(meter, ledger, async () => {
      clearInterval(beat);
      await watch.tick();
      await engine.close();
      await readLink?.close();
    });
  }

  /** Sends what is left to say; nothing comes after this. */
  close(): Promise<void> {
    return this.closing();
  }
}
