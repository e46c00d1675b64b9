import { setImmediate as nextTurn } from 'node:timers/promises';
import { isBefore } from '../machine/carry-out';
import { type Change } from '../machine/change';
import { type MeterState } from '../machine/meter-state';
import { type PinBoard } from '../machine/pin-board';
import { type Posting } from '../machine/posting';
import { type KeptRow } from '../machine/row-list';
import { type JournalFolder } from './journal-folder';
import { cellsLine, headLines, lastLine, rowLine } from './snapshot-lines';

/** Lines between two turns of the event loop. */
const linesPerTurn = 200;

/**
 * Writes the state of one moment while the state goes on: what is small is copied at once; a day's figures are written one
 * after the other, and before a change touches figures that are not written yet, they are.
 */
export class SnapshotMaker {
  private making: Promise<void> | undefined;
  /** Names of figures that are done; undefined while no snapshot is made. */
  private done: Set<string> | undefined;
  private early: string[] = [];
  /** Not in a file of rows yet. */
  private unsaved: KeptRow[] = [];

  constructor(
    private readonly folder: JournalFolder,
    private readonly state: MeterState,
    private readonly pins: PinBoard,
  ) {}

  get isBusy(): boolean {
    return this.making !== undefined;
  }

  /** To be called before each change of the state. */
  before(change: Change): void {
    if (this.done === undefined) return;
    for (const name of this.touchedBy(change)) {
      if (this.done.has(name)) continue;
      this.done.add(name);
      const cells = this.state.cells.get(name);
      if (cells !== undefined) this.early.push(cellsLine(name, cells));
    }
  }

  /**
   * Begins. A snapshot that fails costs nothing but time: the journals before it stay, and the next one is made of them.
   *
   * @param number of the journal that goes on from this moment.
   * @param rows that came since the snapshot before.
   * @param before settles when the journals before are on the disk.
   */
  make(number: number, rows: readonly KeptRow[], before: Promise<void>): void {
    const head = headLines(this.state, this.pins);
    const names = [...this.state.cells.keys()];
    this.done = new Set();
    this.unsaved.push(...rows);
    this.making = this.write(number, { head, names }, before)
      .catch(() => undefined)
      .finally(() => {
        this.making = undefined;
        this.done = undefined;
        this.early = [];
      });
  }

  /** Settles when no snapshot is being made. */
  async finished(): Promise<void> {
    await this.making;
  }

  private async write(number: number, parts: Parts, before: Promise<void>): Promise<void> {
    await before;
    await this.folder.write('rows', number, inTurns(this.unsaved.map(rowLine)));
    this.unsaved = [];
    await this.folder.write('snapshot', number, this.lines(parts));
    await this.folder.removeBefore(number);
    await this.removeArchived();
  }

  private async *lines({ head, names }: Parts): AsyncGenerator<string> {
    yield* inTurns(head);
    for (const [at, name] of names.entries()) {
      if (at % linesPerTurn === 0) await nextTurn();
      if (this.done?.has(name) === true) continue;
      this.done?.add(name);
      const cells = this.state.cells.get(name);
      if (cells !== undefined) yield cellsLine(name, cells);
    }
    yield* this.early;
    yield lastLine;
  }

  private touchedBy(change: Change): readonly string[] {
    if (change.kind !== 'figures-dropped') return figuresOf(change);
    // Totals are worked out from them, but for days that were dropped before this snapshot began.
    return [...this.state.cells.keys()].filter((name) => isBefore(name, change.beforeDay));
  }

  /** Files of rows that are all in the archive. */
  private async removeArchived(): Promise<void> {
    const floor = this.state.rows.archivedBelow;
    for (const number of this.folder.numbers('rows').slice(0, -1)) {
      let newest = -1;
      await this.folder.read('rows', number, (line) => {
        newest = Math.max(newest, Number(line.slice(0, line.indexOf('\t'))));
      });
      if (newest >= floor) return;
      await this.folder.remove('rows', number);
    }
  }
}

interface Parts {
  readonly head: readonly string[];
  readonly names: readonly string[];
}

async function* inTurns(lines: readonly string[]): AsyncGenerator<string> {
  for (const [at, line] of lines.entries()) {
    if (at % linesPerTurn === 0) await nextTurn();
    yield line;
  }
}

/** Daily figures that a change touches: `kind:id:day`. */
function figuresOf(change: Change): readonly string[] {
  const cellsOf = ({ cells, day }: Posting): readonly string[] => cells.map((entity) => `${entity}:${day}`);
  if (change.kind === 'settled') return cellsOf(change.row.posting);
  if (change.kind === 'corrected') return [...cellsOf(change.oldPosting), ...cellsOf(change.row.posting)];
  return change.kind === 'mended' && change.figure === 'cell' ? [`${change.entity}:${change.day}`] : [];
}
