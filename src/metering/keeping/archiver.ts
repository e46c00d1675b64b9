import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type LedgerSettings } from '../../config/limits-settings';
import { errorCode } from '../../kernel/error-code';
import { utcDay } from '../../kernel/periods';
import { StateUnavailable } from '../../state/state-unavailable';
import { type LedgerRow } from '../ledger-row';
import { rowFromText } from '../machine/row-text';
import { figuresKeptFrom } from './day-figures';

/** Which rows are due. */
export interface ArchiveRule {
  /** Admitted before this moment. Unix milliseconds. */
  readonly beforeMs: number;
  /** Beyond so many, the oldest. */
  readonly keptRows: number;
}

/** Rows that leave the ledger together. */
export interface ArchivePiece {
  readonly texts: readonly string[];
  /** Drops them; called when they are on disk. */
  readonly drop: () => Promise<void>;
}

/** Port: where rows leave from. One process at a time, in pieces that hold nobody up. */
export abstract class ArchiveSource {
  /** @returns the oldest rows that are due, undefined when none is. @throws {StateUnavailable} */
  abstract next(rule: ArchiveRule): Promise<ArchivePiece | undefined>;
  /** Drops the daily figures by model and caller of days before this one; sums of whole days stay. @throws {StateUnavailable} */
  abstract dropFigures(beforeDay: string): Promise<void>;
}

/** Time of the state, and what the operator is told. */
export interface ArchiveGround {
  readonly nowMs: () => number;
  readonly warn: (message: string) => void;
}

/**
 * Moves rows that are too old or too many out of the ledger into files, one for each day: JSON lines, flushed to the disk
 * before a row is dropped. A crash in between leaves a row in both, never in neither.
 */
export class Archiver {
  private running: Promise<number> | undefined;
  private hasWarned = false;
  private figuresFrom = '';

  constructor(
    private readonly source: ArchiveSource,
    private readonly settings: LedgerSettings & { readonly archiveDir: string },
    private readonly ground: ArchiveGround,
  ) {}

  /** @returns rows that were moved. Never fails: what could not be moved is tried next time. */
  run(): Promise<number> {
    this.running ??= this.work().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Settles when nothing is being moved. */
  async finished(): Promise<void> {
    await this.running;
  }

  private async work(): Promise<number> {
    const nowMs = this.ground.nowMs();
    const { keptMs, keptRows } = this.settings;
    let moved = 0;
    try {
      for (;;) {
        const piece = await this.source.next({ beforeMs: nowMs - keptMs, keptRows });
        if (piece === undefined) break;
        await this.write(piece.texts.map(rowFromText));
        await piece.drop();
        moved += piece.texts.length;
      }
      await this.dropFigures(figuresKeptFrom(nowMs));
      this.hasWarned = false;
    } catch (error) {
      if (!(error instanceof StateUnavailable)) this.warn(errorCode(error));
    }
    return moved;
  }

  /** Once a day. */
  private async dropFigures(beforeDay: string): Promise<void> {
    if (beforeDay === this.figuresFrom) return;
    await this.source.dropFigures(beforeDay);
    this.figuresFrom = beforeDay;
  }

  private async write(rows: readonly LedgerRow[]): Promise<void> {
    const { archiveDir } = this.settings;
    await mkdir(archiveDir, { recursive: true, mode: 0o700 });
    const days = new Map<string, string>();
    for (const row of rows) {
      const day = utcDay(row.startMs);
      days.set(day, `${days.get(day) ?? ''}${JSON.stringify(row)}\n`);
    }
    for (const [day, lines] of days) {
      const file = await open(join(archiveDir, `spend-${day}.jsonl`), 'a', 0o600);
      try {
        await file.appendFile(lines);
        await file.sync();
      } finally {
        await file.close();
      }
    }
  }

  private warn(code: string | undefined): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    const why = code === undefined ? '' : ` (${code})`;
    this.ground.warn(
      `The spend log cannot be archived to ${this.settings.archiveDir}${why}: its oldest rows stay where they are.`,
    );
  }
}
