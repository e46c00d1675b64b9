import { type AdjustedSums, type Change, type PostedRow } from './change';
import { counterSpan, covers } from './counter';
import { type SeedCommand } from './meter-command';
import { type Book, type MeterState, newBook, type Ticket } from './meter-state';
import { type Posting } from './posting';

/** Puts a fact into the state. Facts about things that are not there change what is there and nothing else. */
// eslint-disable-next-line complexity -- one branch a kind
export function carryOut(state: MeterState, change: Change): void {
  switch (change.kind) {
    case 'watched':
      for (const key of change.keys) if (!state.books.has(key)) state.books.set(key, newBook());
      return;
    case 'forgotten':
      forget(state, change.key);
      return;
    case 'admitted':
      enter(state, change.ticket);
      return;
    case 'extended':
    case 'assigned':
    case 'checkpointed':
    case 'voided':
      changeTicket(state, change);
      return;
    case 'settled':
      release(state, change.ticketId, change.row.posting);
      charge(state, change.row.posting, 1);
      putRow(state, change.ticketId, change.row, change.isProvisional);
      return;
    case 'corrected':
      charge(state, change.oldPosting, -1);
      charge(state, change.row.posting, 1);
      putRow(state, change.ticketId, change.row, false);
      return;
    case 'seeded':
      seed(state, change.seed, change.nowMs);
      return;
    case 'adjusted':
      adjust(state, change.key, change.rowId, change.adjustment);
      return;
    case 'mended':
      mend(state, change);
      return;
    case 'figures-dropped':
      dropFigures(state, change.beforeDay);
      return;
    case 'archived':
      state.rows.dropBelow(change.belowNumber, change.untilMs);
  }
}

function dropFigures({ figures, cells }: MeterState, beforeDay: string): void {
  // A clock that was set back brings nothing back of the days between.
  if (beforeDay > figures.from) figures.from = beforeDay;
  for (const name of cells.keys()) if (isBefore(name, beforeDay)) cells.delete(name);
}

/** Whether daily figures, by `kind:id:day`, are of a day before this one. */
export function isBefore(name: string, day: string): boolean {
  return name.slice(name.lastIndexOf(':') + 1) < day;
}

type TicketChange = Extract<Change, { readonly kind: 'extended' | 'assigned' | 'checkpointed' | 'voided' }>;

function changeTicket(state: MeterState, change: TicketChange): void {
  switch (change.kind) {
    case 'extended':
      extend(state, change.ticketId, change.nanos, change.tokens);
      return;
    case 'assigned':
      assign(state, change.ticketId, change.deployment);
      return;
    case 'checkpointed':
      replaceTicket(state, change.ticketId, { draft: change.draft });
      return;
    case 'voided':
      release(state, change.ticketId, undefined);
  }
}

function forget(state: MeterState, key: string): void {
  const book = state.books.get(key);
  if (book === undefined) return;
  book.seq += 1;
  book.isOpen = false;
  book.openedMs = 0;
  book.spent = 0;
  book.running = 0;
  book.counters.clear();
}

function enter(state: MeterState, ticket: Ticket): void {
  state.tickets.set(ticket.id, ticket);
  for (const { key, windowStartMs, counters } of ticket.books) {
    const book = state.books.get(key);
    if (book === undefined) continue;
    book.seq += 1;
    if (book.windowStartMs !== windowStartMs) {
      book.windowStartMs = windowStartMs;
      book.windowRequests = 0;
      book.windowTokens = 0;
    }
    book.windowRequests += 1;
    book.windowTokens += ticket.held.tokens;
    book.running += 1;
    for (const { name } of counters) {
      const counter = book.counters.get(name);
      if (counter !== undefined) counter.held += ticket.held[counter.unit];
    }
  }
}

function extend(state: MeterState, ticketId: string, nanos: number, tokens: number): void {
  const ticket = state.tickets.get(ticketId);
  if (ticket === undefined) return;
  const { held } = ticket;
  replaceTicket(state, ticketId, { held: { ...held, nano_usd: held.nano_usd + nanos, tokens: held.tokens + tokens } });
  for (const { key, windowStartMs, counters } of ticket.books) {
    const book = state.books.get(key);
    if (book === undefined) continue;
    book.seq += 1;
    if (book.windowStartMs === windowStartMs) book.windowTokens += tokens;
    for (const { name } of counters) {
      const counter = book.counters.get(name);
      if (counter?.unit === 'nano_usd') counter.held += nanos;
      if (counter?.unit === 'tokens') counter.held += tokens;
    }
  }
}

function assign(state: MeterState, ticketId: string, deployment: string): void {
  const ticket = state.tickets.get(ticketId);
  if (ticket === undefined) return;
  fly(state, ticket.deployment, -1);
  fly(state, deployment, 1);
  const { id, owner, deadlineMs, held, books, draft } = ticket;
  state.tickets.set(ticketId, { id, owner, deadlineMs, held, books, deployment, draft });
}

function replaceTicket(state: MeterState, ticketId: string, parts: Partial<Ticket>): void {
  const ticket = state.tickets.get(ticketId);
  if (ticket !== undefined) state.tickets.set(ticketId, { ...ticket, ...parts });
}

function fly(state: MeterState, deployment: string, by: 1 | -1): void {
  if (deployment === '') return;
  const count = (state.inFlight.get(deployment) ?? 0) + by;
  if (count > 0) state.inFlight.set(deployment, count);
  else state.inFlight.delete(deployment);
}

/** Gives back what a ticket holds. Without a settlement it gives back its place in the window too. */
function release(state: MeterState, ticketId: string, settled: Posting | undefined): void {
  const ticket = state.tickets.get(ticketId);
  if (ticket === undefined) return;
  state.tickets.delete(ticketId);
  fly(state, ticket.deployment, -1);
  const tokens = (settled?.amounts.tokens ?? 0) - ticket.held.tokens;
  for (const { key, windowStartMs, counters } of ticket.books) {
    const book = state.books.get(key);
    if (book === undefined) continue;
    book.seq += 1;
    book.running = Math.max(0, book.running - 1);
    if (book.windowStartMs === windowStartMs) {
      book.windowTokens = Math.max(0, book.windowTokens + tokens);
      if (settled === undefined) book.windowRequests = Math.max(0, book.windowRequests - 1);
    }
    for (const { name } of counters) {
      const counter = book.counters.get(name);
      if (counter !== undefined) counter.held = Math.max(0, counter.held - ticket.held[counter.unit]);
    }
  }
}

/** Adds a row to every open book it belongs to, and to the daily figures; `sign` -1 takes it away again. */
function charge(state: MeterState, posting: Posting, sign: 1 | -1): void {
  for (const key of posting.books) {
    const book = state.books.get(key);
    if (book === undefined) continue;
    book.seq += 1;
    if (!book.isOpen) continue;
    book.spent += sign * posting.amounts.nano_usd;
    for (const counter of book.counters.values())
      if (covers(counter, posting.startMs)) counter.used += sign * posting.amounts[counter.unit];
  }
  for (const entity of posting.cells)
    addFigures(state.cells, { name: `${entity}:${posting.day}`, place: posting.dims }, posting.metrics, sign);
  for (const entity of posting.totals)
    addFigures(state.totals, { name: entity, place: posting.day }, posting.metrics, sign);
}

type Figures = Map<string, Map<string, number[]>>;

function addFigures(
  figures: Figures,
  { name, place }: { readonly name: string; readonly place: string },
  metrics: readonly number[],
  sign: 1 | -1,
): void {
  let places = figures.get(name);
  if (places === undefined) {
    places = new Map();
    figures.set(name, places);
  }
  const sums = places.get(place);
  // `+ 0` keeps -0 out, which no stored text has.
  if (sums === undefined)
    places.set(
      place,
      metrics.map((value) => sign * value + 0),
    );
  else for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] ?? 0) + sign * (metrics[at] ?? 0);
}

function putRow(state: MeterState, id: string, { text, posting }: PostedRow, isProvisional: boolean): void {
  state.rows.put({ id, startMs: posting.startMs, text, isProvisional, indexes: posting.indexes });
}

function seed(state: MeterState, { key, sums, counters, isRepair }: SeedCommand, nowMs: number): void {
  const book = state.books.get(key);
  if (book === undefined) return;
  if (sums !== undefined && (isRepair || !book.isOpen)) {
    book.isOpen = true;
    book.openedMs = nowMs;
    book.spent = sums.spent;
    book.running = sums.running;
  }
  dropOver(book, nowMs);
  for (const { name, used, held } of counters)
    if (isRepair || !book.counters.has(name)) book.counters.set(name, { ...counterSpan(name), used, held });
}

/** Counters of periods that are over and that nobody holds anything in. */
function dropOver(book: Book, nowMs: number): void {
  for (const [name, { endMs, held }] of book.counters)
    if (endMs !== 0 && endMs <= nowMs && held === 0) book.counters.delete(name);
}

function adjust(state: MeterState, key: string, rowId: string, adjustment: AdjustedSums): void {
  const { text, startMs, indexes, spend, periods } = adjustment;
  const book = state.books.get(key);
  if (book !== undefined) {
    book.seq += 1;
    book.spent += spend;
    for (const [name, change] of Object.entries(periods)) {
      const counter = book.counters.get(name);
      if (counter !== undefined) counter.used += change;
    }
  }
  state.adjustments.set(key, [...(state.adjustments.get(key) ?? []), text]);
  state.rows.put({ id: rowId, startMs, text, isProvisional: false, indexes });
}

function mend(state: MeterState, change: Extract<Change, { readonly kind: 'mended' }>): void {
  const { figure, entity, day, dims, metrics } = change;
  const name = figure === 'cell' ? `${entity}:${day}` : entity;
  const stores: Figures = figure === 'cell' ? state.cells : state.totals;
  const store = stores.get(name) ?? new Map<string, number[]>();
  stores.set(name, store);
  const place = figure === 'cell' ? dims : day;
  if (metrics === undefined) store.delete(place);
  else store.set(place, [...metrics]);
  if (store.size === 0) stores.delete(name);
}
