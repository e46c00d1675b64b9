import { utcDay } from '../kernel/periods';
import { type BookReading, type BookReads, type CellReading } from './book-reads';
import {
  Ledger,
  type BudgetState,
  type LedgerPage,
  type LedgerQuery,
  type RollupCell,
  type RollupKind,
  type RollupMetrics,
  type ScopeCounters,
  type SpentQuery,
  type SpentSums,
} from './ledger';
import { type LedgerRow } from './ledger-row';
import { ledgerSums } from './ledger-sums';
import { bookKey, plainName, safeName } from './machine/book-keys';
import { type Counter, counterName } from './machine/counter';
import { dimsFrom } from './machine/posting';
import { type RowSpan } from './machine/row-list';
import { rowFromText } from './machine/row-text';
import { type BookName } from './meter';

const dayMs = 86_400_000;
const pieceSize = 500;
/** Days that are looked at together. */
const daysAtOnce = 16;
const entitiesAtOnce = 50;

/** Reads the books over one of the engines. */
export class EngineLedger extends Ledger {
  constructor(
    private readonly reads: BookReads,
    private readonly options: { readonly windowMs: number; readonly nowMs: () => number },
  ) {
    super();
  }

  override async row(id: string): Promise<LedgerRow | undefined> {
    const stored = await this.reads.row(id);
    return stored === undefined ? undefined : rowFromText(stored.text);
  }

  override async page(query: LedgerQuery): Promise<LedgerPage> {
    const { offset, limit, order } = query;
    const { span, matches } = spanOf(query);
    if (matches !== undefined) return this.sifted(query, span, matches);
    const [stored, total] = await Promise.all([
      this.reads.rows(span, order, { offset, limit }),
      this.reads.countRows(span),
    ]);
    return { rows: stored.map(({ text }) => rowFromText(text)), total, isTotalExact: true };
  }

  override async days(
    kind: RollupKind,
    id: string | undefined,
    from: string,
    to: string,
  ): Promise<readonly RollupCell[]> {
    const days = await this.daysWithCells(kind, id, daysBetween(from, to));
    const cells: RollupCell[] = [];
    for (let at = 0; at < days.length; at += daysAtOnce) {
      const some = days.slice(at, at + daysAtOnce);
      for (const day of await Promise.all(some.map((each) => this.dayOf(kind, id, each)))) cells.push(...day);
    }
    return cells;
  }

  override async counters(scopes: readonly BookName[]): Promise<readonly ScopeCounters[]> {
    const books = await this.reads.books(scopes.map(bookKey));
    const nowMs = this.options.nowMs();
    return Promise.all(
      scopes.map(async (scope, at) => {
        const book = books[at];
        if (book?.isOpen === true) return { ...scope, ...this.countersOf(book, nowMs) };
        // A book that no admission has opened yet is what its rows say.
        const { spent } = await ledgerSums(this.reads, bookKey(scope), []);
        return { ...scope, ...emptyCounters, spent };
      }),
    );
  }

  override async spent(queries: readonly SpentQuery[]): Promise<readonly SpentSums[]> {
    const books = queries.length === 0 ? [] : await this.reads.books(queries.map(({ book }) => bookKey(book)));
    return Promise.all(queries.map((query, at) => this.spentOf(query, books[at])));
  }

  /** A budget that nobody asked for in its period is what the rows say. */
  private async spentOf({ book, period }: SpentQuery, found: BookReading | undefined): Promise<SpentSums> {
    // A budget without an end counts what the book has.
    const span = { unit: 'nano_usd' as const, ...(period ?? { duration: '', startMs: 0, endMs: 0 }) };
    const name = counterName(span);
    if (found?.isOpen === true) {
      const inPeriod = period === undefined ? found.spent : found.counters.get(name)?.used;
      if (inPeriod !== undefined) return { total: found.spent, inPeriod };
    }
    const { spent, used, untold } = await ledgerSums(this.reads, bookKey(book), [span]);
    return { total: spent, inPeriod: (used.get(name) ?? 0) + (untold.get(name)?.change ?? 0) };
  }

  private countersOf(book: BookReading, nowMs: number): Omit<ScopeCounters, keyof BookName> {
    const { spent, running, windowStartMs, windowRequests, windowTokens } = book;
    const budgets = [...book.counters.values()].map(budgetOf);
    const held = Math.max(0, ...budgets.map((each) => (each.unit === 'nano_usd' ? each.held : 0)));
    const resetAtMs = windowStartMs + this.options.windowMs;
    const window = { requests: windowRequests, tokens: windowTokens, resetAtMs };
    return { spent, held, running, budgets, ...(resetAtMs > nowMs ? { window } : {}) };
  }

  /** Looks at row after row until the page is full. */
  private async sifted(
    { offset, limit, order }: LedgerQuery,
    span: RowSpan,
    matches: (row: LedgerRow) => boolean,
  ): Promise<LedgerPage> {
    const rows: LedgerRow[] = [];
    let total = 0;
    for (let at = 0; total < offset + limit; at += pieceSize) {
      const piece = await this.reads.rows(span, order, { offset: at, limit: pieceSize });
      for (const { text } of piece) {
        const row = rowFromText(text);
        if (!matches(row)) continue;
        total += 1;
        if (total > offset && rows.length < limit) rows.push(row);
      }
      if (piece.length < pieceSize) return { rows, total, isTotalExact: true };
    }
    return { rows, total, isTotalExact: false };
  }

  /** Days of which it is not known that there is nothing. */
  private async daysWithCells(
    kind: RollupKind,
    id: string | undefined,
    days: readonly string[],
  ): Promise<readonly string[]> {
    if (id === undefined || kind === 'tag' || kind === 'account') return days;
    const totals = await this.reads.totals(`${kind}:${safeName(id)}`);
    return days.filter((day) => totals.has(day));
  }

  private async dayOf(kind: RollupKind, id: string | undefined, day: string): Promise<readonly RollupCell[]> {
    const ids = id === undefined ? await this.reads.entities(kind, day) : [safeName(id)];
    const cells: RollupCell[] = [];
    for (let at = 0; at < ids.length; at += entitiesAtOnce) {
      const some = ids.slice(at, at + entitiesAtOnce);
      const found = await this.reads.cellsOn(
        day,
        some.map((each) => `${kind}:${each}`),
      );
      for (const [place, each] of found.entries())
        for (const cell of each) cells.push(cellOf(kind, plainName(some[place] ?? ''), day, cell));
    }
    return cells;
  }
}

const emptyCounters = { held: 0, running: 0, budgets: [] };

function budgetOf({ unit, duration, startMs, endMs, used, held }: Counter): BudgetState {
  const period = endMs === 0 ? {} : { duration, startsAtMs: startMs, resetAtMs: endMs };
  return { unit, used, held, ...period };
}

function cellOf(kind: RollupKind, id: string, day: string, { dims, metrics }: CellReading): RollupCell {
  const { teamId = '', userId = '', provider = '', account = '', ...rest } = dimsFrom(dims);
  const { keyHash, model, modelGroup, endpoint } = rest;
  const owners = { keyHash, teamId, userId, model, modelGroup, provider, endpoint, account };
  return { day, kind, id, ...owners, metrics: metricsOf(metrics) };
}

function metricsOf([
  spend = 0,
  input = 0,
  cachedInput = 0,
  cacheWrite = 0,
  output = 0,
  ...rest
]: readonly number[]): RollupMetrics {
  const [reasoning = 0, succeeded = 0, failed = 0] = rest;
  return {
    spend,
    inputTokens: input,
    cachedInputTokens: cachedInput,
    cacheWriteTokens: cacheWrite,
    outputTokens: output,
    reasoningTokens: reasoning,
    succeeded,
    failed,
  };
}

/** The list with the fewest rows that holds all that are asked for, and what else they must be. */
function spanOf({ keyHash, teamId, userId, customerId, fromMs, untilMs, matches }: LedgerQuery): {
  readonly span: RowSpan;
  readonly matches: ((row: LedgerRow) => boolean) | undefined;
} {
  const wanted = [
    ['key', keyHash], ['customer', customerId], ['user', userId], ['team', teamId],
  ] as const; // prettier-ignore
  const named = wanted.filter(([, id]) => id !== undefined);
  const [first] = named;
  const index = first === undefined ? 'all' : `${first[0]}:${safeName(first[1] ?? '')}`;
  const span = { index, fromMs: fromMs ?? 0, untilMs: untilMs ?? Number.MAX_SAFE_INTEGER };
  if (named.length < 2) return { span, matches };
  const isOwn = (row: LedgerRow): boolean =>
    (keyHash === undefined || row.keyHash === keyHash) &&
    (customerId === undefined || row.customerId === customerId) &&
    (userId === undefined || row.userId === userId) &&
    (teamId === undefined || row.teamId === teamId);
  return { span, matches: (row) => isOwn(row) && (matches === undefined || matches(row)) };
}

/** Every UTC day from one to another, both inclusive; empty for days that are none. */
function daysBetween(from: string, to: string): readonly string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const days: string[] = [];
  for (let at = first; at <= last; at += dayMs) days.push(utcDay(at));
  return days;
}
