import { memberId } from '../../kernel/member-id';
import { safeName } from '../machine/book-keys';
import { counterName, counterSpan } from '../machine/counter';
import { type Book, type DayCells, type MeterState, newBook } from '../machine/meter-state';
import { type PinBoard } from '../machine/pin-board';
import { type KeptRow } from '../machine/row-list';
import { adjustmentIndexes, dimsFrom, postingOf } from '../machine/posting';
import { rowFromText } from '../machine/row-text';
import { type TupleReader } from '../machine/tuple-reader';
import { readerOf, ticketFrom, ticketText } from './journal-line';

/** Last line of a snapshot: without it the file is not whole. */
export const lastLine = 'end';

/** Everything but rows and daily figures. */
export function headLines(state: MeterState, pins: PinBoard): readonly string[] {
  const { rows, tickets, books, adjustments, figures, totals } = state;
  const lines = [`rows\t${JSON.stringify([rows.nextNumber, rows.archivedBelow, rows.archivedUntilMs])}`];
  for (const ticket of tickets.values()) lines.push(`ticket\t${ticketText(ticket)}\t${ticket.draft}`);
  for (const [key, book] of books) lines.push(`book\t${bookText(key, book)}`);
  for (const [key, texts] of adjustments)
    for (const text of texts) lines.push(`adjustment\t${JSON.stringify([key])}\t${text}`);
  // Totals are worked out from cells again, but for days whose cells have been dropped.
  if (figures.from !== '') lines.push(`figures\t${JSON.stringify([figures.from])}`);
  for (const [entity, days] of figures.from === '' ? [] : totals)
    for (const [day, metrics] of days)
      if (day < figures.from) lines.push(`total\t${JSON.stringify([entity, day, ...metrics])}`);
  for (const [pin, { value, endsAtMs }] of pins.entries()) lines.push(`pin\t${JSON.stringify([pin, value, endsAtMs])}`);
  return lines;
}

/** Daily figures of one entity and day. @param name `kind:id:day`. */
export function cellsLine(name: string, cells: DayCells): string {
  return `cells\t${JSON.stringify([name, [...cells]])}`;
}

/** Puts a line of a snapshot into an empty state. @throws {Error} for a line that is none. */
// eslint-disable-next-line complexity -- one branch a kind
export function takeLine(line: string, state: MeterState, pins: PinBoard): void {
  const [word, first = '', second = ''] = line.split('\t');
  if (word === lastLine) return;
  const read = readerOf(first);
  switch (word) {
    case 'rows':
      state.rows.resume(read.number(), read.number(), read.number());
      return;
    case 'ticket':
      takeTicket(state, read, second);
      return;
    case 'book':
      takeBook(state, read);
      return;
    case 'adjustment': {
      const key = read.text();
      state.adjustments.set(key, [...(state.adjustments.get(key) ?? []), second]);
      return;
    }
    case 'pin':
      pins.set(read.text(), read.text(), read.number());
      return;
    case 'figures':
      state.figures.from = read.text();
      return;
    case 'total':
      addToTotal(state, read.text(), read.text(), read.restOfNumbers());
      return;
    case 'cells':
      takeCells(state, read);
      return;
    default:
      throw new Error('a line of a snapshot of an unknown kind');
  }
}

/** A stored row, one line. */
export function rowLine({ number, isProvisional, text }: KeptRow): string {
  return `${number}\t${isProvisional ? 1 : 0}\t${text}`;
}

/** Puts a stored row into the state; a later line for the same row wins. @throws {Error} for a line that is none. */
export function takeRow(line: string, state: MeterState): void {
  const [number, provisional, text = ''] = line.split('\t');
  const row = rowFromText(text);
  const indexes = row.adjusts === undefined ? postingOf(row).indexes : adjustmentIndexes(row);
  const kept = { id: row.id, startMs: row.startMs, text, isProvisional: provisional === '1', indexes };
  state.rows.put(kept, Number(number));
}

function takeTicket(state: MeterState, read: TupleReader, draft: string): void {
  const ticket = ticketFrom(read, draft);
  state.tickets.set(ticket.id, ticket);
  const { deployment } = ticket;
  if (deployment !== '') state.inFlight.set(deployment, (state.inFlight.get(deployment) ?? 0) + 1);
}

function bookText(key: string, book: Book): string {
  const { seq, openedMs, isOpen, spent, running, windowStartMs, windowRequests, windowTokens, counters } = book;
  const figures = [...counters.values()].map((counter) => [counterName(counter), counter.used, counter.held]);
  const window = [windowStartMs, windowRequests, windowTokens];
  return JSON.stringify([key, seq, openedMs, isOpen, spent, running, ...window, figures]);
}

function takeBook(state: MeterState, read: TupleReader): void {
  const key = read.text();
  const book = newBook();
  [book.seq, book.openedMs, book.isOpen] = [read.number(), read.number(), read.flag()];
  [book.spent, book.running] = [read.number(), read.number()];
  [book.windowStartMs, book.windowRequests, book.windowTokens] = [read.number(), read.number(), read.number()];
  for (const each of read.tuples()) {
    const name = each.text();
    book.counters.set(name, { ...counterSpan(name), used: each.number(), held: each.number() });
  }
  state.books.set(key, book);
}

/** The sums of a day are worked out anew: they are the sums of its cells. Those of dropped days stand by themselves. */
function takeCells(state: MeterState, read: TupleReader): void {
  const name = read.text();
  const cells: DayCells = new Map();
  for (const each of read.tuples()) cells.set(each.text(), [...each.tuple().restOfNumbers()]);
  state.cells.set(name, cells);
  const at = name.lastIndexOf(':');
  const [entity, day] = [name.slice(0, at), name.slice(at + 1)];
  if (/^(tag|account):/.test(entity) || day < state.figures.from) return;
  for (const [dims, metrics] of cells) {
    addToTotal(state, entity, day, metrics);
    // A member has no cells of its own: they are those of the user that name the team.
    const { teamId, userId } = dimsFrom(dims);
    if (!entity.startsWith('user:') || teamId === undefined || userId === undefined) continue;
    addToTotal(state, `member:${safeName(memberId(teamId, userId))}`, day, metrics);
  }
}

function addToTotal(state: MeterState, entity: string, day: string, metrics: readonly number[]): void {
  const days: DayCells = state.totals.get(entity) ?? new Map<string, number[]>();
  state.totals.set(entity, days);
  const before = days.get(day);
  days.set(
    day,
    metrics.map((value, place) => (before?.[place] ?? 0) + value),
  );
}
