import { utcDay } from '../../kernel/periods';
import { type BookReads } from '../book-reads';
import { rowsOf } from '../ledger-sums';
import { isAdjustment, postingOf } from '../machine/posting';

/** Daily figures by entity (`kind:id`) and, for cells, by dims. */
export interface DayFigures {
  readonly cells: Map<string, Map<string, number[]>>;
  readonly totals: Map<string, number[]>;
}

const dayMs = 86_400_000;
/** Daily figures by model and caller are kept a year and a month, for a report that looks back a year. */
const figuresKeptMs = 400 * dayMs;

/** The first day of which figures by model and caller are kept; the sums of its days are kept for ever. */
export function figuresKeptFrom(nowMs: number): string {
  return utcDay(nowMs - figuresKeptMs);
}

/** Figures of a UTC day as its rows make them. @param entity only what concerns this one. */
export async function figuresOfRows(reads: BookReads, day: string, entity?: string): Promise<DayFigures> {
  const figures: DayFigures = { cells: new Map(), totals: new Map() };
  const fromMs = Date.parse(day);
  const span = { index: indexOf(entity), fromMs, untilMs: fromMs + dayMs };
  for await (const row of rowsOf(reads, span)) {
    if (isAdjustment(row)) continue;
    const { cells, totals, dims, metrics } = postingOf(row);
    for (const each of cells) {
      if (entity !== undefined && each !== entity) continue;
      const own = figures.cells.get(each) ?? new Map<string, number[]>();
      figures.cells.set(each, own);
      own.set(dims, plus(own.get(dims), metrics));
    }
    for (const each of totals)
      if (entity === undefined || each === entity) figures.totals.set(each, plus(figures.totals.get(each), metrics));
  }
  return figures;
}

/** The shortest list that holds all rows of an entity. */
function indexOf(entity: string | undefined): string {
  return entity !== undefined && /^(key|team|user|customer):/.test(entity) ? entity : 'all';
}

function plus(sums: number[] | undefined, metrics: readonly number[]): number[] {
  if (sums === undefined) return [...metrics];
  for (const [at, value] of metrics.entries()) sums[at] = (sums[at] ?? 0) + value;
  return sums;
}

/** Whether two figures say the same; one that is all zero says the same as none. */
export function isSame(one: readonly number[] | undefined, other: readonly number[] | undefined): boolean {
  const length = Math.max(one?.length ?? 0, other?.length ?? 0);
  for (let at = 0; at < length; at += 1) if ((one?.[at] ?? 0) !== (other?.[at] ?? 0)) return false;
  return true;
}
