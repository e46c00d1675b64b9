import { type BudgetUnit } from '../kernel/limits';
import { utcDay } from '../kernel/periods';
import { type BookReads } from './book-reads';
import { type LedgerRow } from './ledger-row';
import { type Amounts, amountsOf, budgetUnits } from './machine/amounts';
import { memberId, memberOf } from '../kernel/member-id';
import { bookOwner, type BookOwner, safeName } from './machine/book-keys';
import { counterName, type CounterSpan, covers } from './machine/counter';
import { amountsOfMetrics, dimsFrom, isAdjustment } from './machine/posting';
import { type RowSpan } from './machine/row-list';
import { rowFromText } from './machine/row-text';

/** What a book must say by the ledger. */
export interface LedgerSums {
  /** Nano-dollars since the first row. */
  readonly spent: number;
  /** By counter. */
  readonly used: ReadonlyMap<string, number>;
  /** Counters whose period begins or ends within a day whose rows are partly archived: the whole day is counted. */
  readonly inexact: ReadonlySet<string>;
  /** By counter: what an adjustment means for it that no row says yet. Not in `used`. */
  readonly untold: ReadonlyMap<string, UntoldChange>;
}

/** What a budget that was asked for after an adjustment of its period must still be told, by a row of its own. */
export interface UntoldChange {
  /** Nano-dollars. */
  readonly change: number;
  /** Id of the adjustment. */
  readonly follows: string;
}

const dayMs = 86_400_000;
const pieceSize = 500;

/**
 * Sums of the ledger for one book. Whole UTC days come from the daily figures, which are sums of the same rows; the rows
 * themselves are read where a period begins or ends within a day.
 */
export async function ledgerSums(reads: BookReads, key: string, spans: readonly CounterSpan[]): Promise<LedgerSums> {
  const source = sourceOf(key);
  const days = await daysOf(reads, source);
  const [adjustments, archivedUntilMs] = [await adjustmentsOf(reads, key), await reads.archivedUntilMs()];
  const spent = sumOf(days.values(), 'nano_usd') + adjustments.reduce((sum, { spend }) => sum + spend, 0);
  const used = new Map<string, number>();
  const inexact = new Set<string>();
  const untold = new Map<string, UntoldChange>();
  for (const span of spans) {
    const name = counterName(span);
    const parts = new PeriodSum(reads, source, days, archivedUntilMs);
    const isLifetime = span.endMs === 0;
    const requests = isLifetime ? sumOf(days.values(), span.unit) : await parts.sum(span);
    const adjusted = adjustments.reduce((sum, row) => sum + changeBy(row, span, name), 0);
    used.set(name, requests + adjusted);
    if (parts.isInexact) inexact.add(name);
    const setting = untoldSetting(adjustments, span, name);
    if (setting === undefined) continue;
    // Since somebody set them both, the budget has counted what the book's spend has; a part may have been set to less.
    const target = source.owner.model === undefined ? spent : Math.min(spent, requests + adjusted);
    untold.set(name, { change: target - requests - adjusted, follows: setting });
  }
  return { spent, used, inexact, untold };
}

/** The last setting of a book, if it falls in a money budget's period and the budget has not been told. */
function untoldSetting(adjustments: readonly LedgerRow[], span: CounterSpan, name: string): string | undefined {
  if (span.unit !== 'nano_usd' || span.endMs === 0) return undefined;
  for (let at = adjustments.length - 1; at >= 0; at -= 1) {
    const { id, startMs, adjusts } = adjustments[at] ?? {};
    if (adjusts === undefined || startMs === undefined || Object.hasOwn(adjusts.periods, name)) return undefined;
    if (adjusts.follows === undefined) return covers(span, startMs) ? id : undefined;
  }
  return undefined;
}

/** Model groups that requests of a book were entered under. */
export async function modelsOf(reads: BookReads, key: string): Promise<readonly string[]> {
  const source = sourceOf(key);
  const models = new Set<string>();
  for (const day of (await reads.totals(source.totals)).keys())
    for (const { dims } of (await reads.cellsOn(day, source.entities)).flat()) {
      const placed = dimsFrom(dims);
      if (!isOwn(source, placed)) continue;
      [placed.modelGroup, ...placed.otherGroups].forEach((group) => models.add(group));
    }
  models.delete('');
  return [...models];
}

function changeBy({ spend, adjusts }: LedgerRow, { unit, endMs }: CounterSpan, name: string): number {
  if (unit === 'nano_usd' && endMs === 0) return spend;
  return adjusts?.periods[name] ?? 0;
}

/** Where the rows and figures of a book are, and which of them are its own. */
interface Source {
  readonly owner: BookOwner;
  /** Entity whose totals are the book's without its model. */
  readonly totals: string;
  /** Entities whose cells and lists hold the rows of the book, among others. */
  readonly entities: readonly string[];
}

function sourceOf(key: string): Source {
  const owner = bookOwner(key);
  const totals = `${owner.kind}:${safeName(owner.id)}`;
  if (owner.kind !== 'member') return { owner, totals, entities: [totals] };
  return { owner, totals, entities: [`user:${safeName(memberOf(owner.id).userId)}`] };
}

type Placed = Pick<LedgerRow, 'teamId' | 'userId' | 'modelGroup' | 'otherGroups'>;

function isOwn({ owner }: Source, { teamId, userId, modelGroup, otherGroups }: Placed): boolean {
  const { model } = owner;
  if (model !== undefined && modelGroup !== model && otherGroups?.includes(model) !== true) return false;
  return (
    owner.kind !== 'member' || (teamId !== undefined && userId !== undefined && memberId(teamId, userId) === owner.id)
  );
}

async function daysOf(reads: BookReads, source: Source): Promise<ReadonlyMap<string, Amounts>> {
  const totals = await reads.totals(source.totals);
  if (source.owner.model === undefined) return new Map([...totals].map(([day, each]) => [day, amountsOfMetrics(each)]));
  const days = new Map<string, Amounts>();
  for (const day of totals.keys()) days.set(day, await cellSum(reads, source, day));
  return days;
}

async function cellSum(reads: BookReads, source: Source, day: string): Promise<Amounts> {
  let sum = nothing;
  for (const { dims, metrics } of (await reads.cellsOn(day, source.entities)).flat()) {
    if (isOwn(source, dimsFrom(dims))) sum = plus(sum, amountsOfMetrics(metrics));
  }
  return sum;
}

async function adjustmentsOf(reads: BookReads, key: string): Promise<readonly LedgerRow[]> {
  return (await reads.adjustments(key)).map(rowFromText);
}

/** The sum of one period: whole days, and the parts of days at its two ends. */
class PeriodSum {
  isInexact = false;

  constructor(
    private readonly reads: BookReads,
    private readonly source: Source,
    private readonly days: ReadonlyMap<string, Amounts>,
    private readonly archivedUntilMs: number,
  ) {}

  async sum({ unit, startMs, endMs }: CounterSpan): Promise<number> {
    const firstWhole = Math.ceil(startMs / dayMs) * dayMs;
    const lastWhole = Math.floor(endMs / dayMs) * dayMs;
    if (lastWhole < firstWhole) return this.part(unit, startMs, endMs);
    let sum = 0;
    for (const [day, amounts] of this.days) {
      const dayStart = Date.parse(day);
      if (dayStart >= firstWhole && dayStart < lastWhole) sum += amounts[unit];
    }
    if (startMs < firstWhole) sum += await this.part(unit, startMs, firstWhole);
    if (lastWhole < endMs) sum += await this.part(unit, lastWhole, endMs);
    return sum;
  }

  /** Part of one day. */
  private async part(unit: BudgetUnit, fromMs: number, untilMs: number): Promise<number> {
    const whole = this.days.get(utcDay(fromMs));
    if (whole === undefined) return 0;
    if (fromMs >= this.archivedUntilMs) {
      const sum = await this.rows(unit, fromMs, untilMs);
      // Rows that went to the archive while they were read may be missing.
      if (fromMs >= (await this.reads.archivedUntilMs())) return sum;
    }
    this.isInexact = true;
    const dayStart = Math.floor(fromMs / dayMs) * dayMs;
    const outside = (await this.rows(unit, dayStart, fromMs)) + (await this.rows(unit, untilMs, dayStart + dayMs));
    return Math.max(0, whole[unit] - outside);
  }

  private async rows(unit: BudgetUnit, fromMs: number, untilMs: number): Promise<number> {
    let sum = 0;
    for (const entity of this.source.entities) {
      const span = { index: entity === 'proxy:all' ? 'all' : entity, fromMs, untilMs };
      for await (const row of rowsOf(this.reads, span))
        if (!isAdjustment(row) && isOwn(this.source, row)) sum += amountsOf(row)[unit];
    }
    return sum;
  }
}

/** Rows of a part of a list, oldest first, read in pieces; each piece goes on at the moment where the one before ended. */
export async function* rowsOf(reads: BookReads, span: RowSpan): AsyncGenerator<LedgerRow> {
  let [fromMs, offset] = [span.fromMs, 0];
  for (;;) {
    const piece = await reads.rows({ ...span, fromMs }, 'oldest', { offset, limit: pieceSize });
    for (const { text } of piece) {
      const row = rowFromText(text);
      if (row.startMs > fromMs) [fromMs, offset] = [row.startMs, 0];
      offset += 1;
      yield row;
    }
    if (piece.length < pieceSize) return;
  }
}

const nothing: Amounts = { nano_usd: 0, tokens: 0, requests: 0, plan_5h: 0, plan_week: 0 };

function plus(one: Amounts, other: Amounts): Amounts {
  const sum = { ...one };
  for (const unit of budgetUnits) sum[unit] += other[unit];
  return sum;
}

function sumOf(days: Iterable<Amounts>, unit: BudgetUnit): number {
  let sum = 0;
  for (const amounts of days) sum += amounts[unit];
  return sum;
}
