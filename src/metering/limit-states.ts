import { type ScopeEntry } from './entered-scopes';
import { type BookView, limitCodes } from './machine/meter-command';
import { type LimitState } from './meter';

/** Every limit of a scope as its book stands: requests, tokens, parallel, then its budgets in their order. */
export function limitStates(entry: ScopeEntry, book: BookView, windowMs: number): LimitState[] {
  const { requests, tokens, parallel, budgets } = entry.entered;
  const states: LimitState[] = [];
  if (requests >= 0) states.push(limitState(entry, book, limitCodes.requests, windowMs));
  if (tokens >= 0) states.push(limitState(entry, book, limitCodes.tokens, windowMs));
  if (parallel >= 0) states.push(limitState(entry, book, limitCodes.parallel, windowMs));
  for (let at = 0; at < budgets.length; at += 1) states.push(limitState(entry, book, at, windowMs));
  return states;
}

/** One limit by its code. @throws {RangeError} for a limit that the scope does not have. */
export function limitState(entry: ScopeEntry, book: BookView, code: number, windowMs: number): LimitState {
  const { kind, id, model, name } = entry.scope;
  const scope = {
    scope: kind,
    scopeId: id,
    ...(model === undefined ? {} : { model }),
    ...(name === undefined ? {} : { name }),
  };
  const { requests, tokens, parallel } = entry.entered;
  const window = { period: 'window', resetAtMs: book.windowStartMs + windowMs };
  switch (code) {
    case limitCodes.requests:
      return { ...scope, limit: 'requests', max: requests, used: book.requests, ...window };
    case limitCodes.tokens:
      return { ...scope, limit: 'tokens', max: tokens, used: book.tokens, ...window };
    case limitCodes.parallel:
      return { ...scope, limit: 'parallel', period: 'window', max: parallel, used: book.running };
    default:
      return { ...scope, ...budgetState(entry, book, code) };
  }
}

function budgetState(
  { entered, spans }: ScopeEntry,
  book: BookView,
  at: number,
): Pick<LimitState, 'limit' | 'period' | 'max' | 'used' | 'resetAtMs'> {
  const [budget, span] = [entered.budgets[at], spans[at]];
  if (budget === undefined || span === undefined) throw new RangeError('a limit that the scope does not have');
  const [used = 0, held = 0] = book.counters.slice(2 * budget.counter, 2 * budget.counter + 2);
  const period = span.duration === '' ? 'lifetime' : span.duration;
  const state = { limit: span.unit, period, max: budget.max, used: used + held };
  return span.endMs === 0 ? state : { ...state, resetAtMs: span.endMs };
}
