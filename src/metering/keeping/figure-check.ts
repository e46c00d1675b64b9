import { utcDay } from '../../kernel/periods';
import { type BookReads } from '../book-reads';
import { rowFromText } from '../machine/row-text';
import { type MeterEngine } from '../meter-engine';
import { type DayFigures, figuresKeptFrom, figuresOfRows, isSame } from './day-figures';
import { type Findings } from './findings';

const dayMs = 86_400_000;
const entitiesAtOnce = 100;
/** Looks at a figure that changes while it is looked at. */
const mostLooks = 3;
const kinds = ['proxy', 'key', 'team', 'user', 'customer', 'tag', 'account'] as const;
const names = [
  'spend', 'input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'output_tokens', 'reasoning_tokens',
  'succeeded', 'failed', 'requests', 'plan_5h', 'plan_week',
] as const; // prettier-ignore

/** One stored figure. */
interface Figure {
  readonly entity: string;
  readonly day: string;
  /** Undefined: the total of the day. */
  readonly dims: string | undefined;
}

/** Compares the daily figures with the rows, day by day; days whose rows are partly archived are taken as they are. */
export class FigureCheck {
  private readonly reads: BookReads;

  constructor(
    private readonly engine: MeterEngine,
    private readonly findings: Findings,
    private readonly repair: boolean,
  ) {
    this.reads = engine.reads;
  }

  /** @throws {StateUnavailable} */
  async run(): Promise<void> {
    const everything = { index: 'all', fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
    const ends = await Promise.all(
      (['oldest', 'newest'] as const).map((order) => this.reads.rows(everything, order, { offset: 0, limit: 1 })),
    );
    const [first, last] = ends.map(([row]) => (row === undefined ? undefined : rowFromText(row.text).startMs));
    if (first === undefined || last === undefined) return;
    const fromMs = Math.ceil(Math.max(startOfDay(first), await this.reads.archivedUntilMs()) / dayMs) * dayMs;
    for (let at = fromMs; at <= last; at += dayMs) await this.day(utcDay(at));
  }

  private async day(day: string): Promise<void> {
    const expected = await figuresOfRows(this.reads, day);
    // Rows may be kept for longer than figures by model and caller.
    for (const kind of day < figuresKeptFrom(this.engine.nowMs()) ? [] : kinds) {
      const stored = await this.reads.entities(kind, day);
      const own = [...expected.cells.keys()].filter((entity) => entity.startsWith(`${kind}:`));
      const all = [...new Set([...own, ...stored.map((id) => `${kind}:${id}`)])];
      for (let at = 0; at < all.length; at += entitiesAtOnce)
        await this.cells(day, all.slice(at, at + entitiesAtOnce), expected);
    }
    const totals = [...expected.totals.keys()];
    for (let at = 0; at < totals.length; at += entitiesAtOnce)
      await this.totals(day, totals.slice(at, at + entitiesAtOnce), expected);
  }

  private async cells(day: string, entities: readonly string[], expected: DayFigures): Promise<void> {
    const stored = await this.reads.cellsOn(day, entities);
    for (const [at, entity] of entities.entries()) {
      const own = expected.cells.get(entity) ?? new Map<string, number[]>();
      const found = new Map(stored[at]?.map(({ dims, metrics }) => [dims, metrics]));
      for (const dims of new Set([...own.keys(), ...found.keys()])) {
        this.findings.checked += 1;
        if (!isSame(own.get(dims), found.get(dims))) await this.confirm({ entity, day, dims });
      }
    }
  }

  private async totals(day: string, entities: readonly string[], expected: DayFigures): Promise<void> {
    const stored = await this.reads.totalsOn(day, entities);
    for (const [at, entity] of entities.entries()) {
      this.findings.checked += 1;
      if (!isSame(expected.totals.get(entity), stored[at])) await this.confirm({ entity, day, dims: undefined });
    }
  }

  /** Requests go on meanwhile, so what differs is looked at once more, by itself, until it holds still. */
  private async confirm(figure: Figure): Promise<void> {
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const before = await this.stored(figure);
      const rows = await figuresOfRows(this.reads, figure.day, figure.entity);
      // Rows of this day went to the archive since the look began: what is left of them says nothing.
      if ((await this.reads.archivedUntilMs()) > Date.parse(figure.day)) return;
      const expected =
        figure.dims === undefined ? rows.totals.get(figure.entity) : rows.cells.get(figure.entity)?.get(figure.dims);
      if (!isSame(before, await this.stored(figure))) continue;
      if (isSame(before, expected)) return;
      this.tell(figure, expected, before);
      if (!this.repair) return;
      const { entity, day, dims } = figure;
      const place = { figure: dims === undefined ? 'total' : 'cell', entity, day, dims: dims ?? '' } as const;
      if ((await this.engine.mend({ ...place, expected: before, metrics: expected })) !== 'mended') continue;
      this.findings.repaired += 1;
      return;
    }
  }

  private async stored({ entity, day, dims }: Figure): Promise<readonly number[] | undefined> {
    if (dims === undefined) return (await this.reads.totalsOn(day, [entity]))[0];
    return (await this.reads.cellsOn(day, [entity]))[0]?.find((cell) => cell.dims === dims)?.metrics;
  }

  private tell(
    { entity, day, dims }: Figure,
    expected: readonly number[] | undefined,
    stored: readonly number[] | undefined,
  ): void {
    for (const [at, name] of names.entries()) {
      const [ledger, counter] = [expected?.[at] ?? 0, stored?.[at] ?? 0];
      if (ledger === counter) continue;
      this.findings.add(entity, `${day} ${dims === undefined ? 'total' : 'cell'} ${name}`, { ledger, counter });
      return;
    }
  }
}

function startOfDay(momentMs: number): number {
  return Math.floor(momentMs / dayMs) * dayMs;
}
