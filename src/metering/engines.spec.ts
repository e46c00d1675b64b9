import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { endedRow, holdOfStep, rowOfStep, scopesOfStep, type Step, steps } from '../../test/support/meter-commands';
import { redisDump, stateDump } from '../../test/support/meter-dump';
import { MovedClock } from '../../test/support/moved-clock';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { RedisLink } from '../state/redis/redis-link';
import { EnteredScopes } from './entered-scopes';
import { JournalEngine } from './journal/journal-engine';
import { MemoryReads } from './journal/memory-reads';
import { type LedgerRow } from './ledger-row';
import { ledgerSums } from './ledger-sums';
import { heldAmounts } from './machine/amounts';
import { admit } from './machine/admit';
import { carryOut } from './machine/carry-out';
import { type Applied } from './machine/change';
import { type Counter, counterName, counterSpan } from './machine/counter';
import { estimatedRow } from './machine/estimated-row';
import { type AdmitCommand, type AdmitReply, type EnteredScope, type Unseeded } from './machine/meter-command';
import { adjust, assign, checkpoint, correct, extend, seed, settle, voidTicket } from './machine/meter-machine';
import { type MeterState, newState } from './machine/meter-state';
import { adjustmentIndexes, postingOf } from './machine/posting';
import { rowFromText, rowText } from './machine/row-text';
import { type MeterEngine } from './meter-engine';
import { RedisEngine } from './redis/redis-engine';
import { ledgerRow } from '../../test/support/ledger-rows';

const isLong = process.env['TEST_LONG'] !== undefined;
const runs = isLong ? 1_000 : 100;
const windowMs = 60_000;
const owner = 'process-1';
const noRouting = { deploymentIds: [], pins: [] };
const clock = new MovedClock();
let nowMs = 1_700_000_000_000;
let redis: RedisServer;
let links: RedisLink[] = [];
let folder: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  folder = mkdtempSync(join(tmpdir(), 'meter-engines-'));
});
afterAll(async () => {
  await redis.close();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  await Promise.all(links.map((link) => link.close()));
  links = [];
});

/** The engine under test, and how a test reaches behind it. */
interface Bench {
  engine: MeterEngine;
  readonly dump: () => Promise<Record<string, unknown>>;
  readonly loseBook: (key: string) => Promise<void>;
  readonly loseCounter: (key: string, counter: string) => Promise<void>;
  /** The process ends and another begins; true when live tickets were settled by that. */
  readonly restart: () => Promise<boolean>;
}

async function redisBench(): Promise<Bench> {
  const link = new RedisLink(redis.settings(), { connectMs: 2_000, redisCommandMs: 2_000 }, clock);
  await link.open();
  links.push(link);
  // The time of the test in place of the server's.
  const timed = Object.create(link, { nowMs: { value: () => nowMs } }) as RedisLink;
  const engine = new RedisEngine(timed, timed);
  await link.run((commands) => commands.zadd(engine.reads.name('leases'), 1, owner));
  return {
    engine,
    dump: () => redisDump(link),
    loseBook: async (key) => {
      await link.run((commands) => commands.del(engine.reads.name(`b:${key}`)));
    },
    loseCounter: async (key, counter) => {
      await link.run((commands) => commands.hdel(engine.reads.name(`b:${key}`), `u:${counter}`, `h:${counter}`));
    },
    restart: async () => {
      await link.run((commands) => commands.script('FLUSH'));
      return false;
    },
  };
}

let journals = 0;

function journalBench(): Promise<Bench> {
  journals += 1;
  const path = join(folder, `journal-${journals}`);
  const timed = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  // Small, so that a run goes through several snapshots.
  const begin = (): JournalEngine => new JournalEngine(path, timed, { journalBytes: 6_000 });
  let journal = begin();
  const bench: Bench = {
    engine: journal,
    dump: () => Promise.resolve(stateDump(journal.inMemory)),
    // A loss that is no fact of the journal would be undone by a restart; without one there is nothing that could lose it.
    loseBook: () => Promise.resolve(),
    loseCounter: () => Promise.resolve(),
    restart: async () => {
      await journal.close();
      journal = begin();
      bench.engine = journal;
      await journal.reads.archivedUntilMs();
      return true;
    },
  };
  return Promise.resolve(bench);
}

/** One run: every step on the engine and on the machine; both must say the same. */
class Run {
  readonly state = newState();
  readonly drafts = new Map<string, LedgerRow>();
  private readonly reads = new MemoryReads(this.state, () => Promise.resolve());
  private readonly entries = new EnteredScopes('Europe/Berlin');
  private issued = 0;

  constructor(
    readonly bench: Bench,
    private readonly canLose: boolean,
  ) {}

  async take(step: Step): Promise<void> {
    nowMs += step.stepMs;
    const tickets = [...this.state.tickets.keys()];
    const ticketId = tickets[step.pick % Math.max(1, tickets.length)] ?? 'req_none';
    for (let times = step.isRepeated ? 2 : 1; times > 0; times -= 1) await this.one(step, ticketId);
  }

  /** Closes every ticket. */
  async finish(): Promise<void> {
    for (const id of [...this.state.tickets.keys()]) await this.settle(endedRow(this.draft(id), lastStep, nowMs));
  }

  // eslint-disable-next-line complexity -- one branch a step
  private async one(step: Step, ticketId: string): Promise<void> {
    const { engine } = this.bench;
    switch (step.name) {
      case 'admit':
        return this.admit(step);
      case 'settle':
        return this.settle(endedRow(this.draft(ticketId), step, nowMs));
      case 'reap': {
        const row = estimatedRow(this.draft(ticketId), nowMs);
        const command = { ticketId, text: rowText(row), posting: postingOf(row), isProvisional: true };
        return this.both(settle(this.state, command), await engine.settle(command));
      }
      case 'extend': {
        const command = { ticketId, nanos: step.amount * 100, tokens: step.pick };
        return this.both(extend(this.state, command), await engine.extend(command));
      }
      case 'assign': {
        const note = { ticketId, value: `deployment-${step.amount % 3}` };
        this.change(assign(this.state, note.ticketId, note.value));
        return engine.note([note], []);
      }
      case 'checkpoint': {
        const row = endedRow(this.draft(ticketId), step, nowMs);
        if (this.state.tickets.has(ticketId)) this.drafts.set(ticketId, { ...row, endMs: row.startMs });
        this.change(checkpoint(this.state, ticketId, rowText(row)));
        return engine.checkpoint([{ ticketId, value: rowText(row) }]);
      }
      case 'void':
        return this.both(voidTicket(this.state, ticketId), await engine.void(ticketId));
      case 'adjust':
        return this.adjust(step);
      case 'restart':
        return this.restart();
      default:
        return this.lose(step);
    }
  }

  private async admit(step: Step): Promise<void> {
    const id = step.isRepeated ? `req_${step.pick % 40}` : `req_new-${(this.issued += 1)}`;
    const draft = this.drafts.get(id) ?? rowOfStep(step, id, nowMs);
    const scopes = scopesOfStep(step, draft).map((scope) => this.entries.of(scope, nowMs).entered);
    const held = heldAmounts(holdOfStep(step));
    const command = { ticketId: id, owner, deadlineMs: nowMs + 600_000, windowMs, held, scopes, draft: rowText(draft) };
    for (let tries = 0; ; tries += 1) {
      const reply = await this.admitOnce(command, draft);
      if (reply.kind !== 'unseeded') return;
      expect(tries).toBeLessThan(3);
      for (const gap of reply.missing) await this.seed(scopes, gap);
    }
  }

  private async admitOnce(command: AdmitCommand, draft: LedgerRow): Promise<AdmitReply> {
    const applied = admit(this.state, command, nowMs);
    if (applied.change?.kind === 'admitted') this.drafts.set(command.ticketId, draft);
    this.both(applied, (await this.bench.engine.admit(command, noRouting)).reply);
    if (applied.change?.kind === 'admitted') checkRoom(this.state, command);
    return applied.reply;
  }

  private async seed(scopes: readonly EnteredScope[], { scope, seq, isNew, counters }: Unseeded): Promise<void> {
    const entry = scopes[scope];
    if (entry === undefined) throw new RangeError('no such scope');
    const names = counters.map((at) => entry.counters[at]?.name ?? '');
    const sums = await ledgerSums(this.reads, entry.key, names.map(counterSpan));
    expect(await ledgerSums(this.bench.engine.reads, entry.key, names.map(counterSpan))).toEqual(sums);
    const live = [...this.state.tickets.values()].filter(({ books }) => books.some(({ key }) => key === entry.key));
    const seeded = names.map((name) => {
      const holders = live.filter(({ books }) =>
        books.some((book) => book.key === entry.key && book.counters.some(([each]) => each === name)),
      );
      return {
        name,
        used: sums.used.get(name) ?? 0,
        held: holders.reduce((sum, { held }) => sum + held[counterSpan(name).unit], 0),
      };
    });
    const whole = isNew ? { spent: sums.spent, running: live.length } : undefined;
    const command = { key: entry.key, seq, sums: whole, counters: seeded, isRepair: false };
    this.both(seed(this.state, command, nowMs), await this.bench.engine.seed(command));
  }

  private async settle(row: LedgerRow): Promise<void> {
    const { engine } = this.bench;
    const command = { ticketId: row.id, text: rowText(row), posting: postingOf(row), isProvisional: false };
    const applied = settle(this.state, command);
    this.both(applied, await engine.settle(command));
    if (applied.reply.kind !== 'replaceable') return;
    const late = { ...row, late: true };
    const oldText = applied.reply.text;
    const oldPosting = postingOf(rowFromText(oldText));
    const correction = { ticketId: row.id, oldText, oldPosting, text: rowText(late), posting: postingOf(late) };
    this.both(correct(this.state, correction), await engine.correct(correction));
  }

  private async adjust(step: Step): Promise<void> {
    const open = [...this.state.books].filter(([, { isOpen }]) => isOpen);
    const [key, book] = open[step.pick % Math.max(1, open.length)] ?? [];
    if (key === undefined || book === undefined) return;
    const periods: Record<string, number> = {};
    for (const counter of book.counters.values())
      if (counter.unit === 'nano_usd') periods[counterName(counter)] = step.amount * 10 - counter.used;
    const [, kind, id = '', model] = /^(\w+):([^|]*)(?:\|(.*))?$/.exec(key) ?? [];
    if (kind !== 'key' && kind !== 'team') return;
    const spend = step.amount * 10 - book.spent;
    const row = ledgerRow({
      ...{ id: `adjust_${(this.issued += 1)}`, callType: 'adjustment', keyHash: '', startMs: nowMs, spend },
      adjusts: { kind, id, periods, ...(model === undefined ? {} : { model }) },
    });
    const place = { key, rowId: row.id, startMs: nowMs, indexes: adjustmentIndexes(row) };
    const command = { ...place, seq: book.seq - (step.pick % 7 === 0 ? 1 : 0), text: rowText(row), spend, periods };
    this.both(adjust(this.state, command), await this.bench.engine.adjust(command));
  }

  private async restart(): Promise<void> {
    if (!(await this.bench.restart())) return;
    for (const { id, draft } of [...this.state.tickets.values()]) {
      const row = estimatedRow(rowFromText(draft), nowMs);
      const command = { ticketId: id, text: rowText(row), posting: postingOf(row), isProvisional: false };
      this.change(settle(this.state, command));
    }
  }

  private async lose(step: Step): Promise<void> {
    if (!this.canLose) return;
    const books = [...this.state.books];
    const [key, book] = books[step.pick % Math.max(1, books.length)] ?? [];
    if (key === undefined || book === undefined) return;
    if (step.name === 'lose-book') {
      this.state.books.delete(key);
      await this.bench.loseBook(key);
      return;
    }
    // A counter that somebody holds something in is lost with its book only; reconcile finds it otherwise.
    const idle = [...book.counters].filter(([, { held }]) => held === 0);
    const [name] = idle[step.amount % Math.max(1, idle.length)] ?? [];
    if (name === undefined) return;
    book.counters.delete(name);
    await this.bench.loseCounter(key, name);
  }

  private draft(id: string): LedgerRow {
    return this.drafts.get(id) ?? ledgerRow({ id, startMs: nowMs });
  }

  private both<Reply>(applied: Applied<Reply>, reply: Reply): void {
    expect(reply).toEqual(applied.reply);
    this.change(applied);
  }

  private change({ change }: Applied<unknown>): void {
    if (change !== undefined) carryOut(this.state, change);
  }
}

const lastStep: Step = { name: 'settle', pick: 7, who: 0, limits: 0, amount: 3, stepMs: 0, isRepeated: false };

/** I2 and I12: what was let in has room in every limit that refuses. */
function checkRoom(state: MeterState, { scopes, held }: AdmitCommand): void {
  for (const { key, isEnforced, requests, parallel, counters, budgets } of scopes) {
    const book = state.books.get(key);
    if (!isEnforced || book === undefined) continue;
    if (requests >= 0) expect(book.windowRequests).toBeLessThanOrEqual(requests);
    if (parallel >= 0) expect(book.running).toBeLessThanOrEqual(parallel);
    for (const { counter, max } of budgets) {
      const { name, unit } = counters[counter] ?? { name: '', unit: 'requests' };
      const sums = book.counters.get(name);
      if (held[unit] > 0) expect((sums?.used ?? 0) + (sums?.held ?? 0)).toBeLessThanOrEqual(max);
    }
  }
}

/** I1, I3, I5, I13 once everything is settled: books are the sums of their rows, and nothing is held. */
async function checkQuiet(state: MeterState): Promise<void> {
  const reads = new MemoryReads(state, () => Promise.resolve());
  expect([...state.tickets.keys()]).toEqual([]);
  expect([...state.inFlight]).toEqual([]);
  for (const [key, book] of state.books) {
    if (!book.isOpen) continue;
    const counters: readonly Counter[] = [...book.counters.values()];
    const sums = await ledgerSums(reads, key, counters);
    const expected = Object.fromEntries(
      counters.map((each) => [counterName(each), { used: sums.used.get(counterName(each)), held: 0 }]),
    );
    const stored = Object.fromEntries(
      counters.map((each) => [counterName(each), { used: each.used, held: each.held }]),
    );
    expect({ key, spent: book.spent, running: book.running, ...stored }).toEqual({
      key,
      spent: sums.spent,
      running: 0,
      ...expected,
    });
  }
}

async function conforms(begin: () => Promise<Bench>, taken: readonly Step[], canLose: boolean): Promise<void> {
  nowMs = 1_700_000_000_000;
  const run = new Run(await begin(), canLose);
  try {
    for (const step of taken) await run.take(step);
    expect(await run.bench.dump()).toEqual(stateDump(run.state));
    await run.finish();
    expect(await run.bench.dump()).toEqual(stateDump(run.state));
    await checkQuiet(run.state);
  } finally {
    await run.bench.engine.close();
    await Promise.all(links.splice(0).map((link) => link.close()));
  }
}

describeWithRedis('the engines say what the pure machine says, for any sequence of commands,', () => {
  it('Redis, through lost replies, lost counters and a forgotten script cache', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (taken) => conforms(redisBench, taken, true)),
      { numRuns: runs },
    );
  }, 600_000);

  it('the journal, over restarts and snapshots', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (taken) => conforms(journalBench, taken, false)),
      { numRuns: runs },
    );
  }, 600_000);
});
