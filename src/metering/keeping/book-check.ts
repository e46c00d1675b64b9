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

  private async confirm(key: string): Promise<void> {
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const book = await this.reading(key);
      if (book?.isOpen !== true) return;
      const sums = await ledgerSums(this.engine.reads, key, [...book.counters.values()]);
      const live = await liveHolds(this.engine, key);
      if ((await this.reading(key))?.seq !== book.seq) continue;
      const found = differences(book, sums, live);
      if (found.length > 0 && this.repair && !(await this.put(book, sums, live))) continue;
      for (const { field, ...figures } of found) this.findings.add(key, field, figures);
      if (this.repair) this.findings.repaired += found.length;
      return;
    }
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
