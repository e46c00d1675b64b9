import { type RedisLink } from '../../state/redis/redis-link';
import { type RowReading } from '../book-reads';
import { type ArchivePiece, type ArchiveRule, ArchiveSource } from '../keeping/archiver';
import { everyAdjustmentIndex, isAdjustment, postingOf } from '../machine/posting';
import { rowFromText } from '../machine/row-text';
import { booksScript, booksTag, type BooksScript } from './books-script';
import { type MemoryWatch } from './memory-watch';
import { type RedisReads } from './redis-reads';

const piece = 200;
/** How long one process alone may archive without a sign, milliseconds. */
const turnMs = 30_000;
/** A row may be told again that long, by whoever did not hear the answer; only with its row is it known to be told. */
const youngestMs = 3_600_000;
const kinds = ['proxy', 'key', 'team', 'user', 'customer', 'tag', 'account'] as const;
const dayMs = 86_400_000;
/** For how long the owner of a provisional row may come back and tell the true one, milliseconds. */
const ownerAwayMs = 30 * dayMs;

/** Rows leave Redis, the oldest first, by whichever process has the turn; before their time where its memory is scarce. */
export class RedisArchive extends ArchiveSource {
  private readonly drop: BooksScript;
  private figuresFrom: number | undefined;

  constructor(
    private readonly link: Pick<RedisLink, 'run' | 'key' | 'nowMs' | 'script'>,
    private readonly reads: RedisReads,
    private readonly owner: string,
    private readonly memory: Pick<MemoryWatch, 'look'>,
  ) {
    super();
    this.drop = booksScript(link, 'drop');
  }

  override async next({ beforeMs, keptRows }: ArchiveRule): Promise<ArchivePiece | undefined> {
    if (!(await this.hasTurn())) return undefined;
    const everything = { index: 'all', fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
    const isScarce = await this.memory.look();
    const tooMany = Math.max(isScarce ? piece : 0, (await this.reads.countRows(everything)) - keptRows);
    const untilMs = tooMany > 0 ? Math.max(beforeMs, this.link.nowMs() - youngestMs) : beforeMs;
    const limit = Math.min(piece, Math.max(tooMany, await this.reads.countRows({ ...everything, untilMs: beforeMs })));
    const rows = await this.reads.rows({ ...everything, untilMs }, 'oldest', { offset: 0, limit });
    if (rows.length === 0) return undefined;
    return { texts: rows.map(({ text }) => text), drop: () => this.dropRows(rows) };
  }

  /** Goes on from the day where it stopped; the first time it looks back two years. */
  override async dropFigures(beforeDay: string): Promise<void> {
    const end = Date.parse(beforeDay);
    for (let at = this.figuresFrom ?? end - 730 * dayMs; at < end; at += dayMs) {
      const day = new Date(at).toISOString().slice(0, 10);
      for (const kind of kinds) await this.dropDay(kind, day);
      this.figuresFrom = at + dayMs;
    }
  }

  private async hasTurn(): Promise<boolean> {
    const name = this.link.key(`${booksTag}archiver`);
    return this.link.run(async (redis) => {
      if ((await redis.set(name, this.owner, 'PX', turnMs, 'NX')) === 'OK') return true;
      if ((await redis.get(name)) !== this.owner) return false;
      await redis.pexpire(name, turnMs);
      return true;
    });
  }

  private async dropRows(readings: readonly RowReading[]): Promise<void> {
    let untilMs = 0;
    const args = readings.flatMap(({ id, text, isProvisional }) => {
      const row = rowFromText(text);
      untilMs = Math.max(untilMs, row.startMs + 1);
      const lists = isAdjustment(row) ? everyAdjustmentIndex(row) : postingOf(row).indexes;
      return [id, isProvisional ? `P${text}` : '', lists.length, ...lists];
    });
    await this.drop([untilMs, ownerAwayMs, ...args]);
  }

  private async dropDay(kind: string, day: string): Promise<void> {
    for (const id of await this.reads.entities(kind, day))
      await this.link.run((redis) => redis.unlink(this.reads.name(`c:${kind}:${id}:${day}`)));
    await this.link.run((redis) => redis.unlink(this.reads.name(`cd:${kind}:${day}`)));
  }
}
