import { type Clock } from '../kernel/clock';
import { type SettleKind } from '../kernel/observations';
import { type Observer } from '../kernel/observer';
import { StateUnavailable } from '../state/state-unavailable';
import { type LedgerRow } from './ledger-row';
import { rowFromText, rowText } from './machine/row-text';
import { type MeterEngine } from './meter-engine';
import { type SettlementFile, type StuckFile } from './settlement-file';
import { Settler, settleRow } from './settler';

/** What a settler with a journal is made of. */
export interface JournaledParts {
  readonly engine: MeterEngine;
  readonly file: SettlementFile;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Says a sentence to the operator. */
  readonly warn: (message: string) => void;
}

interface Waiting {
  readonly row: LedgerRow;
  readonly holdNanos: number;
}

/**
 * Into the shared state, or into a file while that is away; what is in the file is told in its order when the state is back.
 * Telling a row twice does no harm.
 */
export class JournaledSettler extends Settler {
  private readonly queue = new Map<string, Waiting>();
  private isReplaying = false;
  private hasLookedBehind = false;
  /** Files that the operator was told of. */
  private readonly warned = new Set<string>();

  constructor(private readonly parts: JournaledParts) {
    super();
  }

  override get waiting(): number {
    return this.queue.size;
  }

  override has(ticketId: string): boolean {
    return this.queue.has(ticketId);
  }

  override async settle(row: LedgerRow, holdNanos: number): Promise<void> {
    try {
      await this.tell({ row, holdNanos }, row.quality === 'exact' ? 'settled' : 'estimated');
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      await this.keep({ row, holdNanos });
    }
  }

  override async settleLater(row: LedgerRow): Promise<void> {
    await this.keep({ row, holdNanos: 0 });
    void this.replay();
  }

  /** Tells what waits, oldest first, as far as the state takes it. Never fails. */
  async replay(): Promise<void> {
    if (this.isReplaying || !this.parts.engine.isUp) return;
    this.isReplaying = true;
    try {
      await this.lookBehind();
      for (const [id, waiting] of this.queue) {
        await this.tellOrDrop(waiting);
        this.queue.delete(id);
        this.parts.observer.settlementsWaiting(this.queue.size);
      }
      this.clearFile();
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
    } finally {
      this.isReplaying = false;
    }
  }

  /** Rows that were told and stay in the file are told once more by whoever comes next; the next replay clears it again. */
  private clearFile(): void {
    try {
      this.parts.file.clear();
    } catch {
      // The disk refuses; all that it holds is told.
    }
  }

  /** Gives the file back; what is in it is told by whoever comes next. */
  close(): Promise<void> {
    return this.parts.file.close();
  }

  private async keep(waiting: Waiting): Promise<void> {
    this.queue.set(waiting.row.id, waiting);
    this.parts.observer.settlementsWaiting(this.queue.size);
    try {
      await this.parts.file.append(rowText(waiting.row));
    } catch {
      // It is told from memory when the state is back; only until then it must not be lost with this process.
      throw new StateUnavailable('offline');
    }
  }

  private async tell({ row, holdNanos }: Waiting, kind: SettleKind): Promise<void> {
    const { engine, clock, observer } = this.parts;
    const startedMs = clock.monotonicMs();
    const outcome = await settleRow(engine, row);
    // A row that waited and is there already was told by a command whose reply was lost.
    if (outcome === 'gone' || (outcome === 'repeated' && kind !== 'replayed')) return;
    const durationMs = clock.monotonicMs() - startedMs;
    observer.ticketSettled({ kind: outcome === 'late' ? outcome : kind, holdNanos, costNanos: row.spend, durationMs });
  }

  /** A row that the state refuses for what it is would bar the way of all behind it. @throws {StateUnavailable} */
  private async tellOrDrop(waiting: Waiting): Promise<void> {
    try {
      await this.tell(waiting, 'replayed');
    } catch (error) {
      if (error instanceof StateUnavailable && error.replyCode !== 'ERR') throw error;
      await this.setAside(rowText(waiting.row), waiting.row.id);
    }
  }

  private async lookBehind(): Promise<void> {
    if (this.hasLookedBehind) return;
    const { stuck, inUse } = await this.parts.file.tellLeftBehind((line) => this.tellLine(line));
    for (const each of stuck) this.warnOnce(each);
    // Money lies in what is still there, so it is looked at again until it is told, by this process or its own.
    this.hasLookedBehind = stuck.length === 0 && inUse === 0;
  }

  private warnOnce({ name, reason }: StuckFile): void {
    if (this.warned.has(name)) return;
    this.warned.add(name);
    this.parts.warn(
      `Settlements of an earlier process cannot be told: STATE_DIR/settlements/${name} gives ${reason}. They are kept and tried again; they count once this is mended.`,
    );
  }

  private async tellLine(line: string): Promise<void> {
    let row: LedgerRow;
    try {
      row = rowFromText(line);
    } catch {
      await this.setAside(line, 'unreadable');
      return;
    }
    await this.tellOrDrop({ row, holdNanos: 0 });
  }

  private async setAside(line: string, name: string): Promise<void> {
    const { file, warn } = this.parts;
    const place = await file.setAside(line).then(
      () => 'rejected.jsonl in the folder of settlements',
      () => 'nowhere, because the folder of settlements cannot be written',
    );
    warn(`A settlement (${name}) is refused by the shared state for what it is; it was put aside in ${place}.`);
  }
}
