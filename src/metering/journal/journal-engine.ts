import { join } from 'node:path';
import { type Clock } from '../../kernel/clock';
import { errorCode } from '../../kernel/error-code';
import { WriterLock } from '../../state/journal/writer-lock';
import { StateDir } from '../../state/state-dir';
import { StateUnavailable } from '../../state/state-unavailable';
import { admit } from '../machine/admit';
import { carryOut } from '../machine/carry-out';
import { type Applied, type Change } from '../machine/change';
import { estimatedRow } from '../machine/estimated-row';
import {
  type AdjustCommand,
  type AdjustReply,
  type AdmitCommand,
  type CorrectCommand,
  type CorrectReply,
  type ExtendCommand,
  type ExtendReply,
  type MendCommand,
  type MendReply,
  type SeedCommand,
  type SeedReply,
  type SettleCommand,
  type SettleReply,
} from '../machine/meter-command';
import {
  adjust,
  assign,
  checkpoint,
  correct,
  extend,
  forget,
  mend,
  seed,
  settle,
  voidTicket,
  watch,
} from '../machine/meter-machine';
import { clearState, type MeterState, newState } from '../machine/meter-state';
import { PinBoard } from '../machine/pin-board';
import { postingOf } from '../machine/posting';
import { type KeptRow } from '../machine/row-list';
import { rowFromText, rowText } from '../machine/row-text';
import { type RoutingAnswer, type RoutingQuestion } from '../meter';
import { type AdmitOutcome, MeterEngine, type PinNote, type TicketNote } from '../meter-engine';
import { unlessAway } from '../ticket-watch';
import { type AppendLog } from './append-log';
import { JournalFolder } from './journal-folder';
import { changeOf, lineOf } from './journal-line';
import { MemoryReads } from './memory-reads';
import { SnapshotMaker } from './snapshot-maker';
import { takeLine, takeRow } from './snapshot-lines';

const noRouting: RoutingAnswer = { inFlight: [], pins: [] };

/** The waits and sizes of the engine. */
export interface JournalOptions {
  /** Bytes of a journal after which a snapshot is made and the next one begins. */
  readonly journalBytes?: number;
  /** Called once when the disk begins to refuse, with its code, and once with undefined when it takes what waited. */
  readonly heard?: (refusedBy: string | undefined) => void;
}

const usualJournalBytes = 32 * 1024 * 1024;

/**
 * The books in this process, kept over restarts: every fact is a line of a journal in `STATE_DIR/metering`, with the
 * operating system before it is answered. What a process of before had not settled is settled at the start, estimated.
 */
export class JournalEngine extends MeterEngine {
  override readonly reads: MemoryReads;
  private readonly state = newState();
  private readonly pins = new PinBoard();
  private readonly folder: JournalFolder;
  private readonly lock: WriterLock;
  private readonly snapshots: SnapshotMaker;
  private log: AppendLog | undefined;
  private opening: Promise<void> | undefined;
  /** Rows since the journal began. */
  private fresh: string[] = [];
  private number = 1;
  private hasFailed = false;

  constructor(
    private readonly stateDir: string,
    private readonly clock: Clock,
    private readonly options: JournalOptions = {},
  ) {
    super();
    const path = join(stateDir, 'metering');
    this.folder = new JournalFolder(path, options.heard);
    this.lock = new WriterLock(join(path, 'lock'));
    this.reads = new MemoryReads(this.state, () => this.open());
    this.snapshots = new SnapshotMaker(this.folder, this.state, this.pins);
  }

  override get isUp(): boolean {
    return this.log?.isSound ?? !this.hasFailed;
  }

  /** A folder that belongs to another gateway, or that could not be opened yet, takes nothing, and nothing waits for it. */
  override get keepsRows(): boolean {
    return this.log !== undefined;
  }

  override nowMs(): number {
    return this.clock.nowMs();
  }

  override async admit(command: AdmitCommand, question: RoutingQuestion): Promise<AdmitOutcome> {
    const reply = await this.run((state) => admit(state, command, this.clock.nowMs()));
    return { reply, routing: reply.kind === 'admitted' ? this.routingOf(question) : noRouting };
  }

  override extend(command: ExtendCommand): Promise<ExtendReply> {
    return this.run((state) => extend(state, command));
  }

  override note(assignments: readonly TicketNote[], pins: readonly PinNote[]): Promise<void> {
    for (const { pin, value, ttlMs } of pins) this.pins.set(pin, value, this.clock.nowMs() + ttlMs);
    // Not written down: a ticket of this process does not outlive it.
    for (const { ticketId, value } of assignments) {
      const { change } = assign(this.state, ticketId, value);
      if (change !== undefined) carryOut(this.state, change);
    }
    return Promise.resolve();
  }

  override async checkpoint(drafts: readonly TicketNote[]): Promise<void> {
    await Promise.all(drafts.map((note) => this.run((state) => checkpoint(state, note.ticketId, note.value))));
  }

  override void(ticketId: string): Promise<boolean> {
    return this.run((state) => voidTicket(state, ticketId));
  }

  override settle(command: SettleCommand): Promise<SettleReply> {
    return this.run((state) => settle(state, command));
  }

  override correct(command: CorrectCommand): Promise<CorrectReply> {
    return this.run((state) => correct(state, command));
  }

  override async watch(key: string): Promise<void> {
    await this.run((state) => watch(state, key));
  }

  override async forget(key: string): Promise<void> {
    await this.run((state) => forget(state, key));
  }

  override seed(command: SeedCommand): Promise<SeedReply> {
    return this.run((state) => seed(state, command, this.clock.nowMs()));
  }

  override adjust(command: AdjustCommand): Promise<AdjustReply> {
    return this.run((state) => adjust(state, command));
  }

  override mend(command: MendCommand): Promise<MendReply> {
    return this.run((state) => mend(state, command));
  }

  /** Rows that came first, at most `limit`: the next ones to be archived, in the order of their numbers. */
  async oldest(limit: number): Promise<readonly KeptRow[]> {
    await this.open();
    return this.state.rows.first(limit);
  }

  /** Drops rows that are archived. */
  async dropArchived(belowNumber: number, untilMs: number): Promise<void> {
    await this.run(() => ({ reply: undefined, change: { kind: 'archived', belowNumber, untilMs } }));
  }

  /** Drops the daily figures by model and caller of days before this one. */
  async dropFigures(beforeDay: string): Promise<void> {
    await this.run(() => ({ reply: undefined, change: { kind: 'figures-dropped', beforeDay } }));
  }

  /** How many rows the ledger has. */
  get rowCount(): number {
    return this.state.rows.size;
  }

  /** Everything, for tests. */
  get inMemory(): MeterState {
    return this.state;
  }

  override async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    await this.snapshots.finished();
    const log = this.log;
    this.log = undefined;
    this.opening = Promise.reject(new StateUnavailable('offline'));
    this.opening.catch(() => undefined);
    await log?.close();
    this.lock.letGo();
  }

  private async run<Reply>(work: (state: MeterState) => Applied<Reply>): Promise<Reply> {
    if (this.log === undefined) await this.open();
    const { reply, change } = work(this.state);
    if (change !== undefined) await this.keep(change);
    return reply;
  }

  /** In memory at once, so that commands behind this one build on it; the caller hears of it when it is written down. */
  private async keep(change: Change): Promise<void> {
    const log = this.log;
    if (log === undefined) throw new StateUnavailable('offline');
    this.snapshots.before(change);
    carryOut(this.state, change);
    if (change.kind === 'settled' || change.kind === 'corrected') this.fresh.push(change.ticketId);
    if (change.kind === 'adjusted') this.fresh.push(change.rowId);
    await log.append(lineOf(change));
    if (log === this.log && log.size > (this.options.journalBytes ?? usualJournalBytes)) this.rotate(log);
  }

  /** Nothing is awaited between the old journal's last line and the picture of the state. */
  private rotate(log: AppendLog): void {
    if (this.snapshots.isBusy) return;
    this.number += 1;
    this.log = this.folder.append(this.number, 0);
    const rows = this.fresh.flatMap((id) => this.state.rows.get(id) ?? []);
    this.fresh = [];
    this.snapshots.make(this.number, rows, log.close());
  }

  private routingOf({ deploymentIds, pins }: RoutingQuestion): RoutingAnswer {
    if (deploymentIds.length === 0 && pins.length === 0) return noRouting;
    const nowMs = this.clock.nowMs();
    return {
      inFlight: deploymentIds.map((id) => this.state.inFlight.get(id) ?? 0),
      pins: pins.map((pin) => this.pins.get(pin, nowMs)),
    };
  }

  /** @throws {StateUnavailable} when the folder cannot be used or belongs to another running gateway. */
  private open(): Promise<void> {
    this.opening ??= this.load().catch((error: unknown) => {
      // Tried again by the next command: the other process may have ended, the disk may be there again.
      this.opening = undefined;
      this.hasFailed = true;
      this.lock.letGo();
      throw error instanceof StateUnavailable ? error : new StateUnavailable('connection', errorCode(error));
    });
    return this.opening;
  }

  private async load(): Promise<void> {
    await new StateDir(this.stateDir).ensure();
    await new StateDir(join(this.stateDir, 'metering')).ensure();
    if (!(await this.lock.take())) throw new StateUnavailable('offline');
    clearState(this.state);
    const snapshot = await this.folder.newestSnapshot();
    if (snapshot > 0)
      await this.folder.read('snapshot', snapshot, (line) => {
        takeLine(line, this.state, this.pins);
      });
    const { nextNumber } = this.state.rows;
    for (const number of this.folder.numbers('rows'))
      await this.folder.read('rows', number, (line) => {
        takeRow(line, this.state);
      });
    // A snapshot that was not finished may have left the rows of journals that are read again.
    this.state.rows.tellAgain(nextNumber);
    this.fresh = [];
    const journals = this.folder.numbers('journal').filter((number) => number >= snapshot);
    let length = 0;
    for (const number of journals)
      length = await this.folder.read('journal', number, (line) => {
        this.replay(line);
      });
    this.number = Math.max(1, snapshot, journals.at(-1) ?? 0);
    this.log = this.folder.append(this.number, journals.at(-1) === this.number ? length : 0);
    this.hasFailed = false;
    // What a full disk refuses is written later, from this very log. Opened once more, another would write it a second time.
    await this.settleOrphans().catch(unlessAway);
  }

  private replay(line: string): void {
    const change = changeOf(line);
    carryOut(this.state, change);
    if (change.kind === 'settled' || change.kind === 'corrected') this.fresh.push(change.ticketId);
    if (change.kind === 'adjusted') this.fresh.push(change.rowId);
  }

  /** Their process is dead for certain: nobody else may have this folder. */
  private async settleOrphans(): Promise<void> {
    const nowMs = this.clock.nowMs();
    const kept = [...this.state.tickets.values()].map(({ id, draft }) => {
      const row = estimatedRow(rowFromText(draft), nowMs);
      const posted = { text: rowText(row), posting: postingOf(row) };
      return this.keep({ kind: 'settled', ticketId: id, row: posted, isProvisional: false });
    });
    await Promise.all(kept);
  }
}
