import { type ScopeEntry } from './entered-scopes';
import { type BookView, limitCodes } from './machine/meter-command';
import { type LimitState } from './meter';

/** Every limit of a scope as its book stands: requests, tokens, parallel, then its budgets in their order. */
export function addLimitStates(states: LimitState[], entry: ScopeEntry, book: BookView, windowMs: number): void {
  const { requests, tokens, parallel, budgets } = entry.entered;
  if (requests >= 0) states.push(limitState(entry, book, limitCodes.requests, windowMs));
  if (tokens >= 0) states.push(limitState(entry, book, limitCodes.tokens, windowMs));
  if (parallel >= 0) states.push(limitState(entry, book, limitCodes.parallel, windowMs));
  for (let at = 0; at < budgets.length; at += 1) states.push(limitState(entry, book, at, windowMs));
}

/** One limit by its code. @throws {RangeError} for a limit that the scope does not have. */
export function limitState(entry: ScopeEntry, book: BookView, code: number, windowMs: number): LimitState {
  const { entered } = entry;
  switch (code) {
    case limitCodes.requests:
      return stateOf(
        entry,
        { limit: 'requests', period: 'window', max: entered.requests, used: book.requests },
        book.windowStartMs + windowMs,
      );
    case limitCodes.tokens:
      return stateOf(
        entry,
        { limit: 'tokens', period: 'window', max: entered.tokens, used: book.tokens },
        book.windowStartMs + windowMs,
      );
    case limitCodes.parallel:
      return stateOf(entry, { limit: 'parallel', period: 'window', max: entered.parallel, used: book.running }, 0);
    default:
      return budgetState(entry, book, code);
  }
}

type Figures = Pick<LimitState, 'limit' | 'period' | 'max' | 'used'>;

/** Built member by member, because this is the hot path and spreading costs a microsecond. @param resetAtMs 0 for none. */
function stateOf({ scope }: ScopeEntry, { limit, period, max, used }: Figures, resetAtMs: number): LimitState {
  const state: { -readonly [Name in keyof LimitState]: LimitState[Name] } = {
    scope: scope.kind,
    scopeId: scope.id,
    limit,
    period,
    max,
    used,
  };
  if (resetAtMs > 0) state.resetAtMs = resetAtMs;
  if (scope.model !== undefined) state.model = scope.model;
  if (scope.name !== undefined) state.name = scope.name;
  return state;
}

function budgetState(entry: ScopeEntry, book: BookView, at: number): LimitState {
  const [budget, span] = [entry.entered.budgets[at], entry.spans[at]];
  if (budget === undefined || span === undefined) throw new RangeError('a limit that the scope does not have');
  const used = (book.counters[2 * budget.counter] ?? 0) + (book.counters[2 * budget.counter + 1] ?? 0);
  const period = span.duration === '' ? 'lifetime' : span.duration;
  return stateOf(entry, { limit: span.unit, period, max: budget.max, used }, span.endMs);
}
