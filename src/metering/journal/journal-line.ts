import { type Amounts, budgetUnits } from '../machine/amounts';
import { type AdjustedSums, type Change, type PostedRow } from '../machine/change';
import { counterSpan } from '../machine/counter';
import { type EnteredCounter, type SeedCommand } from '../machine/meter-command';
import { type Ticket } from '../machine/meter-state';
import { postingOf } from '../machine/posting';
import { rowFromText } from '../machine/row-text';
import { TupleReader } from '../machine/tuple-reader';

/*
 * One line for each fact: a word, then members divided by tabs. Texts of rows and all else are JSON, in which a raw tab or
 * newline cannot be.
 */

/** A fact as a line of the journal, without newline. */
// eslint-disable-next-line complexity -- one branch a kind
export function lineOf(change: Change): string {
  switch (change.kind) {
    case 'watched':
      return `watched\t${JSON.stringify(change.keys)}`;
    case 'forgotten':
      return `forgotten\t${JSON.stringify([change.key])}`;
    case 'admitted':
      return `admitted\t${ticketText(change.ticket)}\t${change.ticket.draft}`;
    case 'extended':
      return `extended\t${JSON.stringify([change.ticketId, change.nanos, change.tokens])}`;
    case 'assigned':
      return `assigned\t${JSON.stringify([change.ticketId, change.deployment])}`;
    case 'checkpointed':
      return `checkpointed\t${change.draft}`;
    case 'voided':
      return `voided\t${JSON.stringify([change.ticketId])}`;
    case 'settled':
      return `${change.isProvisional ? 'provisional' : 'settled'}\t${change.row.text}`;
    case 'corrected':
      return `corrected\t${change.oldText}\t${change.row.text}`;
    case 'seeded':
      return `seeded\t${seedText(change.seed, change.nowMs)}`;
    case 'adjusted': {
      const { text, startMs, indexes, spend, periods } = change.adjustment;
      return `adjusted\t${JSON.stringify([change.key, change.rowId, startMs, indexes, spend, periods])}\t${text}`;
    }
    case 'mended': {
      const { figure, entity, day, dims, metrics } = change;
      return `mended\t${JSON.stringify([figure, entity, day, dims, metrics])}`;
    }
    case 'figures-dropped':
      return `figures-dropped\t${JSON.stringify([change.beforeDay])}`;
    case 'archived':
      return `archived\t${JSON.stringify([change.belowNumber, change.untilMs])}`;
  }
}

/** The fact of a line. @throws {Error} for a line that `lineOf` did not write; does not quote it. */
// eslint-disable-next-line complexity -- one branch a kind
export function changeOf(line: string): Change {
  const [word, first = '', second = ''] = line.split('\t');
  switch (word) {
    case 'watched':
      return { kind: word, keys: new TupleReader([JSON.parse(first)]).texts() };
    case 'forgotten':
      return { kind: word, key: readerOf(first).text() };
    case 'admitted':
      return { kind: word, ticket: ticketFrom(readerOf(first), second) };
    case 'extended': {
      const read = readerOf(first);
      return { kind: word, ticketId: read.text(), nanos: read.number(), tokens: read.number() };
    }
    case 'assigned': {
      const read = readerOf(first);
      return { kind: word, ticketId: read.text(), deployment: read.text() };
    }
    case 'checkpointed':
      return { kind: word, ticketId: rowFromText(first).id, draft: first };
    case 'voided':
      return { kind: word, ticketId: readerOf(first).text() };
    case 'settled':
    case 'provisional':
      return { kind: 'settled', ...postedFrom(first), isProvisional: word === 'provisional' };
    case 'corrected': {
      const oldPosting = postingOf(rowFromText(first));
      return { kind: word, oldText: first, oldPosting, ...postedFrom(second) };
    }
    case 'seeded':
      return seedFrom(readerOf(first));
    case 'adjusted':
      return adjustmentFrom(readerOf(first), second);
    case 'mended':
      return mendFrom(readerOf(first));
    case 'figures-dropped':
      return { kind: word, beforeDay: readerOf(first).text() };
    case 'archived': {
      const read = readerOf(first);
      return { kind: word, belowNumber: read.number(), untilMs: read.number() };
    }
    default:
      throw new Error('a line of the journal of an unknown kind');
  }
}

/** A ticket without its draft: JSON, written by hand because the parts that are the same for all tickets of a key are kept. */
export function ticketText({ id, owner, deadlineMs, held, books, deployment }: Ticket): string {
  const amounts = `${held.nano_usd},${held.tokens},${held.requests},${held.plan_5h},${held.plan_week}`;
  let entered = '';
  for (const { key, windowStartMs, counters } of books)
    entered += `${entered === '' ? '' : ','}[${keyText(key)},${windowStartMs},${countersText(counters)}]`;
  return `[${JSON.stringify(id)},${JSON.stringify(owner)},${deadlineMs},[${amounts}],[${entered}],${JSON.stringify(deployment)}]`;
}

const ofCounters = new WeakMap<readonly EnteredCounter[], string>();

function countersText(counters: readonly EnteredCounter[]): string {
  const known = ofCounters.get(counters);
  if (known !== undefined) return known;
  const text = JSON.stringify(counters.map(({ name, max }) => [name, max]));
  ofCounters.set(counters, text);
  return text;
}

const plain = /^[\w:|/.-]*$/;

/** Most keys are plain words. */
function keyText(key: string): string {
  return plain.test(key) ? `"${key}"` : JSON.stringify(key);
}

/** The ticket again. @throws {Error} for another text. */
export function ticketFrom(read: TupleReader, draft: string): Ticket {
  const start = { id: read.text(), owner: read.text(), deadlineMs: read.number() };
  const held = amountsFrom(read.tuple());
  const books = read.tuples().map((book) => ({
    key: book.text(),
    windowStartMs: book.number(),
    counters: book.tuples().map(counterFrom),
  }));
  return { ...start, held, books, deployment: read.text(), draft };
}

function counterFrom(read: TupleReader): EnteredCounter {
  const name = read.text();
  return { name, unit: counterSpan(name).unit, max: read.number() };
}

/** Reads the members of a JSON array. */
export function readerOf(text: string): TupleReader {
  return new TupleReader(JSON.parse(text));
}

function amountsFrom(read: TupleReader): Amounts {
  const amounts = { nano_usd: 0, tokens: 0, requests: 0, plan_5h: 0, plan_week: 0 };
  for (const unit of budgetUnits) amounts[unit] = read.number();
  return amounts;
}

function postedFrom(text: string): { readonly ticketId: string; readonly row: PostedRow } {
  const row = rowFromText(text);
  return { ticketId: row.id, row: { text, posting: postingOf(row) } };
}

function seedText({ key, seq, sums, counters, isRepair }: SeedCommand, nowMs: number): string {
  const figures = counters.map(({ name, used, held }) => [name, used, held]);
  return JSON.stringify([key, seq, sums === undefined ? null : [sums.spent, sums.running], figures, isRepair, nowMs]);
}

function seedFrom(read: TupleReader): Change {
  const target = { key: read.text(), seq: read.number() };
  const whole = read.maybeTuple();
  const sums = whole === undefined ? undefined : { spent: whole.number(), running: whole.number() };
  const counters = read.tuples().map((each) => ({ name: each.text(), used: each.number(), held: each.number() }));
  return { kind: 'seeded', seed: { ...target, sums, counters, isRepair: read.flag() }, nowMs: read.number() };
}

function adjustmentFrom(read: TupleReader, text: string): Change {
  const [key, rowId] = [read.text(), read.text()];
  const adjustment: AdjustedSums = {
    text,
    startMs: read.number(),
    indexes: read.texts(),
    spend: read.number(),
    periods: read.numbers(),
  };
  return { kind: 'adjusted', key, rowId, adjustment };
}

function mendFrom(read: TupleReader): Change {
  const figure = read.text() === 'cell' ? 'cell' : 'total';
  const place = { entity: read.text(), day: read.text(), dims: read.text() };
  const stored = read.maybeTuple();
  return { kind: 'mended', figure, ...place, metrics: stored?.restOfNumbers() };
}
