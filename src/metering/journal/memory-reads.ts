import { setImmediate as nextTurn } from 'node:timers/promises';
import { BookReads, type BookReading, type CellReading, type RowReading } from '../book-reads';
import { type Book, type MeterState, type Ticket } from '../machine/meter-state';
import { type KeptRow, type RowPage, type RowSpan } from '../machine/row-list';

const pieceSize = 500;

/** Looks into the memory of this process. */
export class MemoryReads extends BookReads {
  /** @param ready settles when the state is loaded. */
  constructor(
    private readonly state: MeterState,
    private readonly ready: () => Promise<void>,
  ) {
    super();
  }

  override async row(id: string): Promise<RowReading | undefined> {
    await this.ready();
    const row = this.state.rows.get(id);
    return row === undefined ? undefined : readingOf(row);
  }

  override async countRows(span: RowSpan): Promise<number> {
    await this.ready();
    return this.state.rows.count(span);
  }

  override async rows(span: RowSpan, order: 'newest' | 'oldest', page: RowPage): Promise<readonly RowReading[]> {
    // A long look gives others a turn between its pieces.
    await nextTurn();
    await this.ready();
    return this.state.rows.slice(span, order, page).map(readingOf);
  }

  override async books(keys: readonly string[]): Promise<readonly (BookReading | undefined)[]> {
    await this.ready();
    return keys.map((key) => {
      const book = this.state.books.get(key);
      return book === undefined ? undefined : bookReading(key, book);
    });
  }

  override bookKeys(): AsyncIterable<readonly string[]> {
    return this.inPieces(() => [...this.state.books.keys()]);
  }

  override async cellsOn(day: string, entities: readonly string[]): Promise<readonly (readonly CellReading[])[]> {
    await nextTurn();
    await this.ready();
    return entities.map((entity) => {
      const cells = this.state.cells.get(`${entity}:${day}`);
      return cells === undefined ? [] : [...cells].map(([dims, metrics]) => ({ dims, metrics: [...metrics] }));
    });
  }

  override async entities(kind: string, day: string): Promise<readonly string[]> {
    await this.ready();
    const [start, end] = [`${kind}:`, `:${day}`];
    const names = [...this.state.cells.keys()].filter((name) => name.startsWith(start) && name.endsWith(end));
    return names.map((name) => name.slice(start.length, -end.length));
  }

  override async totals(entity: string): Promise<ReadonlyMap<string, readonly number[]>> {
    await this.ready();
    return new Map([...(this.state.totals.get(entity) ?? [])].map(([day, metrics]) => [day, [...metrics]]));
  }

  override async totalsOn(
    day: string,
    entities: readonly string[],
  ): Promise<readonly (readonly number[] | undefined)[]> {
    await this.ready();
    return entities.map((entity) => {
      const metrics = this.state.totals.get(entity)?.get(day);
      return metrics === undefined ? undefined : [...metrics];
    });
  }

  override tickets(): AsyncIterable<readonly Ticket[]> {
    return this.inPieces(() => [...this.state.tickets.values()]);
  }

  override async inFlight(): Promise<ReadonlyMap<string, number>> {
    await this.ready();
    return new Map(this.state.inFlight);
  }

  override async adjustments(key: string): Promise<readonly string[]> {
    await this.ready();
    return this.state.adjustments.get(key) ?? [];
  }

  override async archivedUntilMs(): Promise<number> {
    await this.ready();
    return this.state.rows.archivedUntilMs;
  }

  private async *inPieces<T>(all: () => readonly T[]): AsyncGenerator<readonly T[]> {
    await this.ready();
    const values = all();
    for (let at = 0; at < values.length; at += pieceSize) {
      yield values.slice(at, at + pieceSize);
      await nextTurn();
    }
  }
}

/** A copy: the book goes on changing. */
export function bookReading(key: string, book: Book): BookReading {
  const counters = new Map([...book.counters].map(([name, counter]) => [name, { ...counter }]));
  return { ...book, key, counters };
}

function readingOf({ id, text, isProvisional }: KeptRow): RowReading {
  return { id, text, isProvisional };
}
