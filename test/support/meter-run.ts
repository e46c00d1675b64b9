import { EnteredScopes } from '../../src/metering/entered-scopes';
import { MemoryReads } from '../../src/metering/journal/memory-reads';
import { type LedgerRow } from '../../src/metering/ledger-row';
import { adjustmentOf } from '../../src/metering/adjustment';
import { ledgerSums, type LedgerSums } from '../../src/metering/ledger-sums';
import { admit } from '../../src/metering/machine/admit';
import { heldAmounts } from '../../src/metering/machine/amounts';
import { carryOut } from '../../src/metering/machine/carry-out';
import { type Applied } from '../../src/metering/machine/change';
import { counterName, counterSpan } from '../../src/metering/machine/counter';
import { estimatedRow } from '../../src/metering/machine/estimated-row';
import {
  type AdmitCommand,
  type AdmitReply,
  type EnteredScope,
  type Unseeded,
} from '../../src/metering/machine/meter-command';
import {
  adjust,
  assign,
  checkpoint,
  correct,
  extend,
  forget,
  seed,
  settle,
  voidTicket,
} from '../../src/metering/machine/meter-machine';
import { newState } from '../../src/metering/machine/meter-state';
import { adjustmentIndexes, postingOf } from '../../src/metering/machine/posting';
import { rowFromText, rowText } from '../../src/metering/machine/row-text';
import { ledgerRow } from './ledger-rows';
import { checkRoom } from './meter-laws';
import { archiveStep, type Bench, mendStep, reapedId, repairStep, type UpkeepRun, watchStep } from './meter-upkeep';
import { endedRow, holdOfStep, leastOfStep, rowOfStep, scopesOfStep, type Step } from './meter-commands';

const windowMs = 60_000;
const noRouting = { deploymentIds: [], pins: [] };

/** Name of the process that owns the tickets of a run. */
export const runOwner = 'process-1';

/** The time of a run, moved by its steps. */
export interface RunTime {
  nowMs: number;
}

/** One run: every step on the engine and on the machine; both must say the same. */
export class MeterRun {
  readonly state = newState();
  readonly drafts = new Map<string, LedgerRow>();
  private readonly reads = new MemoryReads(this.state, () => Promise.resolve());
  private readonly entries = new EnteredScopes('Europe/Berlin');
  private readonly gone = new Set<string>();
  private issued = 0;

  /** @param canLose whether counters get lost on the way. */
  constructor(
    readonly bench: Bench,
    private readonly time: RunTime,
    private readonly canLose: boolean,
  ) {}

  async take(step: Step): Promise<void> {
    this.time.nowMs += step.stepMs;
    const tickets = [...this.state.tickets.keys()];
    const ticketId = tickets[step.pick % Math.max(1, tickets.length)] ?? `req_none-${(this.issued += 1)}`;
    for (let times = step.isRepeated ? 2 : 1; times > 0; times -= 1) await this.one(step, ticketId);
  }

  /** Closes every ticket. */
  async finish(): Promise<void> {
    for (const id of [...this.state.tickets.keys()])
      await this.settle(endedRow(this.draft(id), lastStep, this.time.nowMs));
  }

  // eslint-disable-next-line complexity -- one branch a step
  private async one(step: Step, ticketId: string): Promise<void> {
    const { engine } = this.bench;
    switch (step.name) {
      case 'admit':
        return this.admit(step);
      case 'settle':
        return this.settle(endedRow(this.draft(ticketId), step, this.time.nowMs));
      case 'reap': {
        const row = estimatedRow(this.draft(ticketId), this.time.nowMs);
        const command = { ticketId, text: rowText(row), posting: postingOf(row), isProvisional: true };
        this.both(settle(this.state, command), await engine.settle(command));
        return;
      }
      case 'extend': {
        const command = { ticketId, nanos: step.amount * 100, tokens: step.pick };
        this.both(extend(this.state, command), await engine.extend(command));
        return;
      }
      case 'assign': {
        const note = { ticketId, value: `deployment-${step.amount % 3}` };
        this.change(assign(this.state, note.ticketId, note.value));
        return engine.note([note], []);
      }
      case 'checkpoint': {
        const row = endedRow(this.draft(ticketId), step, this.time.nowMs);
        if (this.state.tickets.has(ticketId)) this.drafts.set(ticketId, { ...row, endMs: row.startMs });
        this.change(checkpoint(this.state, ticketId, rowText(row)));
        return engine.checkpoint([{ ticketId, value: rowText(row) }]);
      }
      case 'void':
        this.both(voidTicket(this.state, ticketId), await engine.void(ticketId));
        return;
      case 'adjust':
        return this.adjust(step);
      case 'restart':
      case 'crash':
        return this.restart(step.name === 'crash');
      case 'late':
        return this.settle(endedRow(this.draft(reapedId(this.state, step) ?? ticketId), step, this.time.nowMs));
      case 'mend':
        return mendStep(this.upkeep(), step);
      case 'repair':
        return repairStep(this.upkeep(), step);
      case 'watch':
        return watchStep(this.upkeep(), step);
      case 'archive':
      case 'drop-figures':
        return archiveStep(this.upkeep(), this.bench, step);
      case 'forget': {
        const books = [...this.state.books.keys()];
        const key = books[step.pick % Math.max(1, books.length)] ?? 'key:nobody';
        this.change(forget(this.state, key));
        return engine.forget(key);
      }
      default:
        return this.lose(step);
    }
  }

  private async admit(step: Step): Promise<void> {
    const again = `req_${step.pick % 40}`;
    const id = step.isRepeated && !this.gone.has(again) ? again : `req_new-${(this.issued += 1)}`;
    const draft = this.drafts.get(id) ?? rowOfStep(step, id, this.time.nowMs);
    const scopes = scopesOfStep(step, draft).map((scope) => this.entries.of(scope, this.time.nowMs).entered);
    const held = heldAmounts(holdOfStep(step));
    const command = {
      ticketId: id,
      owner: runOwner,
      deadlineMs: this.time.nowMs + 600_000,
      windowMs,
      held,
      least: leastOfStep(step),
      scopes,
      draft: rowText(draft),
    };
    for (let tries = 0; ; tries += 1) {
      const reply = await this.admitOnce(command, draft);
      if (reply.kind !== 'unseeded') return;
      // A new book is opened, then told what an adjustment means for its counters, then they are filled.
      expect(tries).toBeLessThan(3);
      for (const gap of reply.missing) await this.seed(scopes, gap);
    }
  }

  private async admitOnce(command: AdmitCommand, draft: LedgerRow): Promise<AdmitReply> {
    const applied = admit(this.state, command, this.time.nowMs);
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
        books.some((book) => book.key === entry.key && book.counters.some((each) => each.name === name)),
      );
      return {
        name,
        used: sums.used.get(name) ?? 0,
        held: holders.reduce((sum, { held }) => sum + held[counterSpan(name).unit], 0),
      };
    });
    const whole = isNew ? { spent: sums.spent, running: live.length } : undefined;
    if (!isNew && sums.untold.size > 0) return this.tell({ key: entry.key, seq }, sums.untold);
    const ready = seeded.filter(({ name }) => !sums.untold.has(name));
    const command = { key: entry.key, seq, sums: whole, counters: ready, isRepair: false };
    this.both(seed(this.state, command, this.time.nowMs), await this.bench.engine.seed(command));
  }

  private async tell(
    book: { readonly key: string; readonly seq: number },
    untold: LedgerSums['untold'],
  ): Promise<void> {
    const [{ follows } = { follows: '' }] = untold.values();
    const periods = Object.fromEntries([...untold].map(([name, { change }]) => [name, change]));
    const id = `adjust_${(this.issued += 1)}`;
    const command = adjustmentOf(book, id, { spend: 0, periods, follows, nowMs: this.time.nowMs });
    this.both(adjust(this.state, command), await this.bench.engine.adjust(command));
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
    const moved = { ...correction, oldText: rowText({ ...rowFromText(oldText), attempts: 99 }) };
    this.both(correct(this.state, moved), await engine.correct(moved));
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
      ...{ id: `adjust_${(this.issued += 1)}`, callType: 'adjustment', keyHash: '', startMs: this.time.nowMs, spend },
      adjusts: { kind, id, periods, ...(model === undefined ? {} : { model }) },
    });
    const place = { key, rowId: row.id, startMs: this.time.nowMs, indexes: adjustmentIndexes(row) };
    const command = { ...place, seq: book.seq - (step.pick % 7 === 0 ? 1 : 0), text: rowText(row), spend, periods };
    this.both(adjust(this.state, command), await this.bench.engine.adjust(command));
  }

  private upkeep(): UpkeepRun {
    const { state, bench, time, canLose, gone } = this;
    const both = this.both.bind(this);
    return { state, engine: bench.engine, nowMs: time.nowMs, mayDiffer: canLose, gone, both };
  }

  private async restart(isCrash: boolean): Promise<void> {
    if (!(await this.bench.restart(isCrash))) return;
    for (const { id, draft } of [...this.state.tickets.values()]) {
      const row = estimatedRow(rowFromText(draft), this.time.nowMs);
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
    return this.drafts.get(id) ?? ledgerRow({ id, startMs: this.time.nowMs });
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
