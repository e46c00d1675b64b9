import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Step, steps } from '../../test/support/meter-commands';
import { redisDump, stateDump } from '../../test/support/meter-dump';
import { checkQuiet } from '../../test/support/meter-laws';
import { type RedisLeaving } from '../../test/support/meter-archive';
import { pictureOf } from '../../test/support/meter-picture';
import { MeterRun, runOwner, type RunTime } from '../../test/support/meter-run';
import { type Bench } from '../../test/support/meter-upkeep';
import { MovedClock } from '../../test/support/moved-clock';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { RedisLink } from '../state/redis/redis-link';
import { JournalEngine } from './journal/journal-engine';
import { MemoryReads } from './journal/memory-reads';
import { RedisArchive } from './redis/redis-archive';
import { RedisEngine } from './redis/redis-engine';

const runs = process.env['TEST_LONG'] === undefined ? 100 : 1_000;
/** A thousand runs take a busy machine a while. */
const limitMs = runs * 6_000;
const beginMs = 1_700_000_000_000;
const time: RunTime = { nowMs: beginMs };
let redis: RedisServer;
let link: RedisLink | undefined;
let folder: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  folder = mkdtempSync(join(tmpdir(), 'meter-engines-'));
});
afterAll(async () => {
  await redis.close();
  rmSync(folder, { recursive: true });
});

/** A Redis with room. */
const plenty = { look: () => Promise.resolve(false) };

/** @param leaves whether rows and figures leave the books by themselves. */
async function redisBench(leaves: boolean): Promise<Bench> {
  const settings = redis.settings();
  const opened = new RedisLink(settings, { connectMs: 2_000, redisCommandMs: 2_000 }, new MovedClock());
  link = opened;
  await opened.open();
  // The time of the test in place of the server's.
  const timed = Object.create(opened, { nowMs: { value: () => time.nowMs } }) as RedisLink;
  const engine = new RedisEngine(timed, timed, {
    lease: { isKnown: true, beat: () => Promise.resolve() },
    clock: new MovedClock(),
    observer: { stateCommandDone: () => undefined },
  });
  await opened.run((commands) => commands.zadd(engine.reads.name('leases'), 1, runOwner));
  const begun = (): RedisLeaving => ({
    source: new RedisArchive(timed, engine.reads, runOwner, plenty),
    figuresFrom: undefined,
  });
  let leaving = begun();
  return {
    get leaving() {
      return leaves ? leaving : undefined;
    },
    engine,
    dump: () => redisDump(redis, settings.keyPrefix),
    loseBook: async (key) => {
      await opened.run((commands) => commands.del(engine.reads.name(`b:${key}`)));
    },
    loseCounter: async (key, counter) => {
      await opened.run((commands) => commands.hdel(engine.reads.name(`b:${key}`), `u:${counter}`, `h:${counter}`));
    },
    restart: async () => {
      await redis.everywhere((server) => server.script('FLUSH'));
      leaving = begun();
      return false;
    },
  };
}

let journals = 0;

/** @param leaves whether rows and figures leave the books by themselves. */
function journalBench(leaves: boolean): Promise<Bench> {
  journals += 1;
  let path = join(folder, `journal-${journals}`);
  const timed = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  // Small, so that a run goes through several snapshots.
  const begin = (): JournalEngine => new JournalEngine(path, timed, { journalBytes: 6_000 });
  let journal = begin();
  const bench: Bench = {
    engine: journal,
    dump: () => Promise.resolve(stateDump(journal.inMemory)),
    // Without a shared state there is nobody who could lose a part of it.
    loseBook: () => Promise.resolve(),
    loseCounter: () => Promise.resolve(),
    ...(leaves
      ? {
          archive: {
            dropArchived: (below, untilMs) => journal.dropArchived(below, untilMs),
            dropFigures: (day) => journal.dropFigures(day),
          },
        }
      : {}),
    restart: async (isCrash) => {
      const before = journal;
      if (isCrash) {
        await before.reads.archivedUntilMs();
        // What the disk has at this moment, be it in the middle of a snapshot.
        journals += 1;
        const copy = join(folder, `journal-${journals}`);
        cpSync(path, copy, { recursive: true });
        rmSync(join(copy, 'metering', 'lock'), { force: true });
        path = copy;
      }
      await before.close();
      journal = begin();
      bench.engine = journal;
      await journal.reads.archivedUntilMs();
      return true;
    },
  };
  return Promise.resolve(bench);
}

async function conforms(begin: () => Promise<Bench>, taken: readonly Step[], canLose: boolean): Promise<void> {
  time.nowMs = beginMs;
  const run = new MeterRun(await begin(), time, canLose);
  try {
    for (const step of taken) await run.take(step);
    expect(await run.bench.dump()).toEqual(stateDump(run.state));
    await run.finish();
    expect(await run.bench.dump()).toEqual(stateDump(run.state));
    const memory = new MemoryReads(run.state, () => Promise.resolve());
    const picture = await pictureOf(memory, run.state, time.nowMs);
    expect(await pictureOf(run.bench.engine.reads, run.state, time.nowMs)).toEqual(picture);
    // Sums of rows that left are kept by day only, so that parts of days say more.
    if (run.bench.archive === undefined && run.bench.leaving === undefined) await checkQuiet(run.state);
  } finally {
    await run.bench.engine.close();
    await link?.close();
    link = undefined;
  }
}

describeWithRedis('the engines say what the pure machine says, for any sequence of commands,', () => {
  it(
    'Redis, through lost replies, lost counters and a forgotten script cache',
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, (taken) => conforms(() => redisBench(false), taken, true)),
        { numRuns: runs },
      );
    },
    limitMs,
  );

  it(
    'Redis, while rows and figures leave it',
    async () => {
      const property = fc.asyncProperty(steps, (taken) => conforms(() => redisBench(true), taken, true));
      await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
    },
    limitMs,
  );

  it(
    'the journal, over restarts and snapshots',
    async () => {
      const property = fc.asyncProperty(steps, (taken) => conforms(() => journalBench(false), taken, false));
      await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
    },
    limitMs,
  );

  it(
    'the journal, while rows and figures leave it',
    async () => {
      const property = fc.asyncProperty(steps, (taken) => conforms(() => journalBench(true), taken, false));
      await fc.assert(property, { numRuns: Math.ceil(runs / 2) });
    },
    limitMs,
  );
});
