import { type ArchivePiece, type ArchiveRule, ArchiveSource } from '../keeping/archiver';
import { type JournalEngine } from './journal-engine';

const piece = 2_000;

/** Rows leave the memory of this process, those first that came first. */
export class JournalArchive extends ArchiveSource {
  constructor(private readonly engine: JournalEngine) {
    super();
  }

  override async next({ beforeMs, keptRows }: ArchiveRule): Promise<ArchivePiece | undefined> {
    const oldest = await this.engine.oldest(piece);
    const tooMany = this.engine.rowCount - keptRows;
    const young = oldest.findIndex(({ startMs }) => startMs >= beforeMs);
    const due = oldest.slice(0, Math.max(young < 0 ? oldest.length : young, tooMany));
    const last = due.at(-1);
    if (last === undefined) return undefined;
    const untilMs = Math.max(...due.map(({ startMs }) => startMs)) + 1;
    return { texts: due.map(({ text }) => text), drop: () => this.engine.dropArchived(last.number + 1, untilMs) };
  }

  override dropFigures(beforeDay: string): Promise<void> {
    return this.engine.dropFigures(beforeDay);
  }
}
