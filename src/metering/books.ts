import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type LedgerSettings } from '../config/limits-settings';
import { type Settings } from '../config/settings';
import { type Clock } from '../kernel/clock';
import { type Observer } from '../kernel/observer';
import { RedisLink } from '../state/redis/redis-link';
import { redisWords } from '../state/redis/redis-words';
import { type Bookkeeper } from './bookkeeper';
import { EngineLedger } from './engine-ledger';
import { EngineMeter } from './engine-meter';
import { JournalArchive } from './journal/journal-archive';
import { JournalEngine } from './journal/journal-engine';
import { JournaledSettler } from './journaled-settler';
import { Archiver } from './keeping/archiver';
import { EngineBookkeeper } from './keeping/engine-bookkeeper';
import { type Ledger } from './ledger';
import { type Meter } from './meter';
import { type MeterEngine } from './meter-engine';
import { MemoryWatch } from './redis/memory-watch';
import { ProcessLease } from './redis/process-lease';
import { Reaper } from './redis/reaper';
import { RedisArchive } from './redis/redis-archive';
import { RedisEngine } from './redis/redis-engine';
import { RedisUpkeep } from './redis/redis-upkeep';
import { TicketAudit } from './redis/ticket-audit';
import { SettlementFile } from './settlement-file';
import { DirectSettler, type Settler } from './settler';
import { TicketWatch } from './ticket-watch';

/** What the books need from below. */
export interface BooksGround {
  readonly clock: Clock;
  readonly observer: Observer;
  /** Undefined: the books are this process's own. */
  readonly redis: RedisLink | undefined;
  /** Says a sentence to the operator. */
  readonly warn: (message: string) => void;
}

/** The engine of an installation with what keeps it going. */
interface Machinery {
  readonly engine: MeterEngine;
  readonly settler: Settler;
  readonly watch: TicketWatch;
  readonly close: () => Promise<void>;
}

/** Rows beyond the setting at which the archive is not put off any longer. */
const rowsBeyond = 1.02;
/** A long look may take longer than an admission may, milliseconds. */
const lookMs = 2_000;

/** The books of a process with all that keeps them going. */
export class Books {
  private constructor(
    readonly meter: Meter,
    readonly ledger: Ledger,
    readonly bookkeeper: Bookkeeper,
    private readonly closing: () => Promise<void>,
  ) {}

  /** A state that is away does not keep the gateway from starting. */
  static async open(settings: Settings, ground: BooksGround): Promise<Books> {
    const { clock, observer, redis } = ground;
    const { windowMs } = settings.metering;
    const owner = `process_${randomBytes(9).toString('hex')}`;
    const machinery =
      redis === undefined || settings.redis === undefined
        ? inProcess(settings, ground, owner)
        : await overRedis(settings, { ...ground, redis }, owner);
    const { engine, settler, watch, close } = machinery;
    const meter = new EngineMeter({ engine, settler, watch, clock, observer }, settings.metering);
    const ledger = new EngineLedger(engine.reads, { windowMs, nowMs: () => engine.nowMs() });
    const bookkeeper = new EngineBookkeeper({ engine, clock, observer }, settings.metering);
    return new Books(meter, ledger, bookkeeper, close);
  }

  /** Sends what is left to say; nothing comes after this. */
  close(): Promise<void> {
    return this.closing();
  }
}

function inProcess(settings: Settings, { clock, observer, warn }: BooksGround, owner: string): Machinery {
  const { stateDir, times } = settings;
  const heard = (refusedBy: string | undefined): void => {
    warn(refusedBy === undefined ? 'STATE_DIR can be written again; what waited is written.' : refusedWords(refusedBy));
  };
  const engine = new JournalEngine(stateDir, clock, { heard });
  const watch = new TicketWatch(engine, owner, clock, observer);
  const ledger = ledgerSettings(settings);
  const archiver = new Archiver(new JournalArchive(engine), ledger, { nowMs: () => clock.nowMs(), warn });
  const archiving = every(ledger.checkEveryMs, () => archiver.run());
  const beat = every(times.heartbeatMs, async () => {
    await watch.tick();
    // Rows lie in the memory of this process, so their number is not left to the clock.
    if (engine.rowCount > ledger.keptRows * rowsBeyond) await archiver.run();
  });
  const close = async (): Promise<void> => {
    clearInterval(beat);
    clearInterval(archiving);
    await archiver.finished();
    await engine.close();
  };
  return { engine, settler: new DirectSettler(engine, clock, observer), watch, close };
}

async function overRedis(
  settings: Settings,
  ground: BooksGround & { readonly redis: RedisLink },
  owner: string,
): Promise<Machinery> {
  const { clock, observer, redis, warn } = ground;
  const { times, stateDir } = settings;
  if (settings.redis === undefined) throw new TypeError('a link without its settings');
  const looks = new RedisLink(
    settings.redis,
    { ...times, redisCommandMs: Math.max(lookMs, times.redisCommandMs) },
    clock,
  );
  // A state that is away is waited for once, by whoever opened the other link.
  const opening = looks.open();
  if (redis.isUp) await opening;
  const lease = new ProcessLease(redis, clock, { owner, leaseMs: times.processLeaseMs });
  const engine = new RedisEngine(redis, looks, { lease, clock, observer });
  const watch = new TicketWatch(engine, owner, clock, observer);
  const file = new SettlementFile(join(stateDir, 'settlements'), owner);
  const settler = new JournaledSettler({ engine, file, clock, observer, warn });
  const reaper = new Reaper({ engine, lease, clock, observer });
  const audit = new TicketAudit({ engine, watch, settler, clock, heartbeatMs: times.heartbeatMs });
  const upkeep = new RedisUpkeep({ lease, watch, settler, reaper, audit });
  // Told from the start: what is missing cannot be seen to change.
  observer.breakerChanged({ breaker: 'redis', open: !redis.isUp });
  const stopWatching = redis.onChange((isUp) => {
    observer.breakerChanged({ breaker: 'redis', open: !isUp });
    warn(isUp ? 'Redis answers again, and takes writes.' : awayWords(redis));
    if (isUp) void upkeep.round();
  });
  await upkeep.round();
  upkeep.start(times.heartbeatMs);
  const ledger = ledgerSettings(settings);
  const memory = new MemoryWatch(looks, warn);
  const archive = new RedisArchive(looks, engine.reads, owner, memory);
  const archiver = new Archiver(archive, ledger, { nowMs: () => engine.nowMs(), warn });
  const looking = every(times.memoryLookMs, async () => {
    // Memory does not wait for the clock.
    if (await memory.look()) await archiver.run();
  });
  const timers = [every(ledger.checkEveryMs, () => archiver.run()), looking];
  const close = async (): Promise<void> => {
    stopWatching();
    for (const timer of timers) clearInterval(timer);
    await archiver.finished();
    await upkeep.stop();
    await looks.close();
  };
  return { engine, settler, watch, close };
}

function ledgerSettings({ stateDir, metering }: Settings): LedgerSettings & { readonly archiveDir: string } {
  const { ledger } = metering;
  return { ...ledger, archiveDir: ledger.archiveDir ?? join(stateDir, 'ledger-archive') };
}

function every(ms: number, work: () => Promise<unknown>): NodeJS.Timeout {
  return setInterval(() => {
    void work();
  }, ms).unref();
}

function refusedWords(code: string): string {
  return `STATE_DIR cannot be written (${code}): keys with budgets are refused, running answers go on, what they cost waits in memory. It is tried again every second.`;
}

function awayWords({ refusedBy }: RedisLink): string {
  const trouble =
    refusedBy === undefined
      ? 'Redis does not answer'
      : `Redis refuses to write (${refusedBy}), ${redisWords(refusedBy).meaning}`;
  return `${trouble}: keys with budgets are refused, running answers go on, settlements are written to STATE_DIR.`;
}
