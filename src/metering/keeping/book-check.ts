import { liveHolds, type LiveHolds } from '../book-seeder';
import { type BookReading } from '../book-reads';
import { ledgerSums, type LedgerSums } from '../ledger-sums';
import { type Ticket } from '../machine/meter-state';
import { type MeterEngine } from '../meter-engine';
import { type Findings } from './findings';

/** Looks at a book that changes while it is looked at. */
const mostLooks = 20;
const piece = 100;

interface Difference {
  readonly field: string;
  readonly ledger: number;
  readonly counter: number;
}

/** Compares every open book with its rows and with the tickets that are live. */
export class BookCheck {
  constructor(
    private readonly engine: MeterEngine,
    private readonly findings: Findings,
    private readonly repair: boolean,
  ) {}

  /** @throws {StateUnavailable} */
  async run(): Promise<void> {
    const live = await this.allHolds();
    for await (const keys of this.engine.reads.bookKeys())
      for (let at = 0; at < keys.length; at += piece) await this.some(keys.slice(at, at + piece), live);
  }

  private async some(keys: readonly string[], live: ReadonlyMap<string, LiveHolds>): Promise<void> {
    for (const book of await this.engine.reads.books(keys))
      if (book?.isOpen === true) await this.one(book, live.get(book.key) ?? nothingHeld);
  }

  private async one(book: BookReading, live: LiveHolds): Promise<void> {
    const sums = await ledgerSums(this.engine.reads, book.key, [...book.counters.values()]);
    this.findings.checked += 2 + 2 * book.counters.size;
    if (differences(book, sums, live).length > 0) await this.confirm(book.key);
  }

  /**
   * Looks again until the book holds still. One that never does is judged all the same: what a counter was before and after
   * the rows were summed are bounds of how far it is off, and many looks make them narrow.
   */
  private async confirm(key: string): Promise<void> {
    const drift = new Drift();
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const book = await this.reading(key);
      if (book?.isOpen !== true) return;
      const sums = await ledgerSums(this.engine.reads, key, [...book.counters.values()]);
      const live = await liveHolds(this.engine, key);
      const after = await this.reading(key);
      if (after?.seq !== book.seq) {
        drift.narrow(book, sums, after);
        continue;
      }
      const found = differences(book, sums, live);
      if (found.length > 0 && this.repair && !(await this.put(book, sums, live))) continue;
      this.tell(key, found);
      return;
    }
    const found = drift.certain();
    if (found.length > 0 && this.repair) await this.engine.forget(key);
    this.tell(key, found);
  }

  private tell(key: string, found: readonly Difference[]): void {
    for (const { field, ...figures } of found) this.findings.add(key, field, figures);
    if (this.repair) this.findings.repaired += found.length;
  }

  private async reading(key: string): Promise<BookReading | undefined> {
    return (await this.engine.reads.books([key]))[0];
  }

  private async put(book: BookReading, sums: LedgerSums, live: LiveHolds): Promise<boolean> {
    const counters = [...book.counters].map(([name, { used }]) => ({
      name,
      used: sums.inexact.has(name) ? used : (sums.used.get(name) ?? 0),
      held: live.held.get(name) ?? 0,
    }));
    const { key, seq } = book;
    const whole = { spent: sums.spent, running: live.running };
    return (await this.engine.seed({ key, seq, sums: whole, counters, isRepair: true })) === 'seeded';
  }

  private async allHolds(): Promise<ReadonlyMap<string, LiveHolds>> {
    const holds = new Map<string, BookHolds>();
    for await (const tickets of this.engine.reads.tickets()) for (const ticket of tickets) addHolds(holds, ticket);
    return holds;
  }
}

interface BookHolds {
  running: number;
  readonly held: Map<string, number>;
}

function addHolds(holds: Map<string, BookHolds>, { books, held }: Ticket): void {
  for (const { key, counters } of books) {
    const own = holds.get(key) ?? { running: 0, held: new Map<string, number>() };
    holds.set(key, own);
    own.running += 1;
    for (const { name, unit } of counters) own.held.set(name, (own.held.get(name) ?? 0) + held[unit]);
  }
}

interface Bounds {
  low: number;
  high: number;
  ledger: number;
}

/** How far the sums of a book are off that changes all the time: a counter only grows while its rows are summed. */
class Drift {
  private readonly bounds = new Map<string, Bounds>();

  narrow(before: BookReading, sums: LedgerSums, after: BookReading | undefined): void {
    if (after === undefined) return;
    this.add('spent', sums.spent, [before.spent, after.spent]);
    for (const [name, { used }] of before.counters) {
      const [ledger, later] = [sums.used.get(name), after.counters.get(name)];
      if (ledger === undefined || later === undefined || sums.inexact.has(name)) continue;
      this.add(`${name} used`, ledger, [used, later.used]);
    }
  }

  /** Sums that are off for certain. */
  certain(): readonly Difference[] {
    const off = [...this.bounds].filter(([, { low, high }]) => low <= high && (low > 0 || high < 0));
    return off.map(([field, { low, high, ledger }]) => ({ field, ledger, counter: ledger + (low > 0 ? low : high) }));
  }

  private add(field: string, ledger: number, [first, last]: readonly [number, number]): void {
    const known = this.bounds.get(field) ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, ledger };
    known.low = Math.max(known.low, first - ledger);
    known.high = Math.min(known.high, last - ledger);
    known.ledger = ledger;
    this.bounds.set(field, known);
  }
}

const nothingHeld: LiveHolds = { running: 0, held: new Map() };

function differences(book: BookReading, sums: LedgerSums, live: LiveHolds): readonly Difference[] {
  const all: Difference[] = [
    { field: 'spent', ledger: sums.spent, counter: book.spent },
    { field: 'running', ledger: live.running, counter: book.running },
  ];
  for (const [name, { used, held }] of book.counters) {
    if (!sums.inexact.has(name)) all.push({ field: `${name} used`, ledger: sums.used.get(name) ?? 0, counter: used });
    all.push({ field: `${name} held`, ledger: live.held.get(name) ?? 0, counter: held });
  }
  return all.filter(({ ledger, counter }) => ledger !== counter);
}
