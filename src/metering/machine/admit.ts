import { type BudgetUnit } from '../../kernel/limits';
import { type Amounts, type Granted, isGranted } from './amounts';
import { type Applied } from './change';
import { type Counter } from './counter';
import {
  type AdmitCommand,
  type AdmitReply,
  type BookView,
  type EnteredScope,
  limitCodes,
  type LimitRef,
  type Unseeded,
} from './meter-command';
import { type Book, type MeterState, newBook } from './meter-state';

/**
 * Judges a request: first every budget of every scope, in their order, then the request and token windows, last the
 * parallel slots, so that a refusal names the obstacle that lasts longest. What is left of a budget in which nobody else
 * holds anything is given whole to a request that asks for more. `lua/admit.lua` says the same.
 */
export function admit(state: MeterState, command: AdmitCommand, nowMs: number): Applied<AdmitReply> {
  const { ticketId, scopes } = command;
  if (state.tickets.has(ticketId) || state.rows.get(ticketId) !== undefined) {
    const books = scopes.map((scope) => viewOf(state.books.get(scope.key) ?? emptyBook, scope));
    const granted = grantOf(state.tickets.get(ticketId)?.held ?? command.held);
    return { reply: { kind: 'admitted', books, observed: [], granted }, change: undefined };
  }
  const missing = missingOf(state, scopes);
  if (missing.length > 0) return unseeded(state, scopes, missing);
  const books = scopes.map((scope) => rolled(state.books.get(scope.key) ?? emptyBook, command, nowMs));
  const observed: LimitRef[] = [];
  const fitted = { ...command, held: { ...command.held, ...granted(command, books) } };
  const by = refusal(fitted, books, observed);
  if (by !== undefined) return { reply: refused(by, scopes, books), change: undefined };
  return entered(fitted, books, observed);
}

/** A book as it stands at this moment: its window is the one that a request of now counts in. */
interface Standing {
  readonly book: Book;
  readonly windowStartMs: number;
  readonly requests: number;
  readonly tokens: number;
}

/** A window begins with its first request. One that begins in the future was begun by a clock that has been set back since. */
function rolled(book: Book, { windowMs }: AdmitCommand, nowMs: number): Standing {
  const { windowStartMs, windowRequests, windowTokens } = book;
  const isRunning = windowStartMs > 0 && nowMs < windowStartMs + windowMs && windowStartMs <= nowMs + windowMs;
  return isRunning
    ? { book, windowStartMs, requests: windowRequests, tokens: windowTokens }
    : { book, windowStartMs: nowMs, requests: 0, tokens: 0 };
}

function missingOf(state: MeterState, scopes: readonly EnteredScope[]): readonly Unseeded[] {
  const missing: Unseeded[] = [];
  for (const [at, scope] of scopes.entries()) {
    const book = state.books.get(scope.key);
    const gaps: number[] = [];
    for (const [place, { name }] of scope.counters.entries()) if (book?.counters.has(name) !== true) gaps.push(place);
    const isNew = book?.isOpen !== true;
    if (!isNew && gaps.length === 0) continue;
    missing.push({ scope: at, seq: book?.seq ?? 0, isNew, openedMs: isNew ? 0 : book.openedMs, counters: gaps });
  }
  return missing;
}

/** Books that are not there are watched from now on, so that what is entered while their sums are worked out shows. */
function unseeded(
  state: MeterState,
  scopes: readonly EnteredScope[],
  missing: readonly Unseeded[],
): Applied<AdmitReply> {
  const keys = missing.map(({ scope }) => scopes[scope]?.key ?? '').filter((key) => !state.books.has(key));
  return { reply: { kind: 'unseeded', missing }, change: keys.length === 0 ? undefined : { kind: 'watched', keys } };
}

function grantOf({ nano_usd, tokens }: Amounts): Granted {
  return { nano_usd, tokens };
}

/** What is asked for, or less where a budget that refuses has less, and nobody else holds any of it. */
function granted({ scopes, held, least }: AdmitCommand, books: readonly Standing[]): Granted {
  const amounts = { nano_usd: held.nano_usd, tokens: held.tokens };
  for (const [at, { isEnforced, counters, budgets }] of scopes.entries()) {
    if (!isEnforced) continue;
    for (const { counter, max } of budgets) {
      const { name = '', unit = 'requests' } = counters[counter] ?? {};
      const sums = books[at]?.book.counters.get(name) ?? nothing;
      const room = max - sums.used;
      if (isGranted(unit) && room < amounts[unit] && isSoleRoom(sums.held, room, least[unit])) amounts[unit] = room;
    }
  }
  return amounts;
}

/** Nobody else holds anything, and something is left that a request can begin with. */
function isSoleRoom(held: number, room: number, least: number): boolean {
  return held === 0 && room >= Math.max(1, least);
}

/** Limits of a scope that have no room, by their codes. */
type Judge = (scope: EnteredScope, standing: Standing, command: AdmitCommand) => readonly number[];

function refusal(command: AdmitCommand, books: readonly Standing[], observed: LimitRef[]): LimitRef | undefined {
  for (const judge of judges) {
    for (const [scope, entry] of command.scopes.entries()) {
      const full = judge(entry, books[scope] ?? emptyStanding, command);
      const [first] = full;
      if (first !== undefined && entry.isEnforced) return { scope, limit: first };
      for (const limit of full) observed.push({ scope, limit });
    }
  }
  return undefined;
}

function fullBudgets(
  { budgets, counters }: EnteredScope,
  { book }: Standing,
  command: AdmitCommand,
): readonly number[] {
  if (budgets.length === 0) return none;
  const full: number[] = [];
  for (const [at, { counter, max }] of budgets.entries()) {
    const { name = '', unit = 'requests' } = counters[counter] ?? {};
    if (isFull(unit, book.counters.get(name) ?? nothing, max, command)) full.push(at);
  }
  return full;
}

/** A request that costs no money passes every money budget; of other units one that is used up takes nothing more, not even nothing. */
function isFull(unit: BudgetUnit, sums: Sums, max: number, { held, least }: AdmitCommand): boolean {
  if (unit === 'nano_usd' && held.nano_usd === 0) return false;
  const room = max - sums.used - sums.held;
  if (isGranted(unit) && isSoleRoom(sums.held, room, least[unit])) return false;
  return held[unit] > room || (unit !== 'nano_usd' && room <= 0);
}

function fullWindows(scope: EnteredScope, { requests, tokens }: Standing, { held }: AdmitCommand): readonly number[] {
  if (scope.requests < 0 && scope.tokens < 0) return none;
  const full: number[] = [];
  if (scope.requests >= 0 && requests + 1 > scope.requests) full.push(limitCodes.requests);
  // A request that alone is larger than the window may have an unused one: its size is only guessed so far.
  const hasRoom = tokens + held.tokens <= scope.tokens || (tokens === 0 && scope.tokens > 0);
  if (scope.tokens >= 0 && !hasRoom) full.push(limitCodes.tokens);
  return full;
}

function fullSlots({ parallel }: EnteredScope, { book }: Standing): readonly number[] {
  return parallel >= 0 && book.running >= parallel ? [limitCodes.parallel] : none;
}

function refused(by: LimitRef, scopes: readonly EnteredScope[], books: readonly Standing[]): AdmitReply {
  const [scope, standing] = [scopes[by.scope], books[by.scope]];
  if (scope === undefined || standing === undefined) throw new RangeError('a limit of no scope');
  const { windowStartMs, requests, tokens } = standing;
  return { kind: 'refused', by, book: { ...viewOf(standing.book, scope), windowStartMs, requests, tokens } };
}

function entered(
  command: AdmitCommand,
  books: readonly Standing[],
  observed: readonly LimitRef[],
): Applied<AdmitReply> {
  const { ticketId, owner, deadlineMs, held, scopes, draft } = command;
  const views: BookView[] = [];
  const ticketBooks = scopes.map((scope, at) => {
    const { book, windowStartMs, requests, tokens } = books[at] ?? emptyStanding;
    const counters: number[] = [];
    for (const { name, unit } of scope.counters) {
      const sums = book.counters.get(name);
      counters.push(sums?.used ?? 0, (sums?.held ?? 0) + held[unit]);
    }
    const running = book.running + 1;
    views.push({ windowStartMs, requests: requests + 1, tokens: tokens + held.tokens, running, counters });
    return { key: scope.key, windowStartMs, counters: scope.counters };
  });
  const ticket = { id: ticketId, owner, deadlineMs, held, books: ticketBooks, deployment: '', draft };
  const reply = { kind: 'admitted', books: views, observed, granted: grantOf(held) } as const;
  return { reply, change: { kind: 'admitted', ticket } };
}

/** A book as it is, for somebody who asks about these counters. */
function viewOf(
  { windowStartMs, windowRequests, windowTokens, running, ...book }: Book,
  scope: EnteredScope,
): BookView {
  const counters: number[] = [];
  for (const { name } of scope.counters) {
    const counter = book.counters.get(name);
    counters.push(counter?.used ?? 0, counter?.held ?? 0);
  }
  return { windowStartMs, requests: windowRequests, tokens: windowTokens, running, counters };
}

type Sums = Pick<Counter, 'used' | 'held'>;

const nothing: Sums = { used: 0, held: 0 };
const none: readonly number[] = [];
const emptyBook: Book = newBook();
const emptyStanding: Standing = { book: emptyBook, windowStartMs: 0, requests: 0, tokens: 0 };
const judges: readonly Judge[] = [fullBudgets, fullWindows, fullSlots];
