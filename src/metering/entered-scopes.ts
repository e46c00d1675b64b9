import { type BudgetLimit, type ScopeLimits } from '../kernel/limits';
import { periodAt } from '../kernel/periods';
import { bookKey } from './machine/book-keys';
import { counterName, type CounterSpan } from './machine/counter';
import { type EnteredBudget, type EnteredCounter, type EnteredScope } from './machine/meter-command';

/** A scope as the machine takes it, with the spans of its budgets in their order. */
export interface ScopeEntry {
  readonly scope: ScopeLimits;
  readonly entered: EnteredScope;
  readonly spans: readonly CounterSpan[];
}

interface Known extends ScopeEntry {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * Works out the periods of budgets from the clock. A key's scopes are the same values from request to request, so what was
 * worked out counts until the first of their periods is over.
 */
export class EnteredScopes {
  private readonly known = new WeakMap<ScopeLimits, Known>();

  /** @param timeZone IANA name; days, weeks and months begin at its midnight. */
  constructor(private readonly timeZone: string) {}

  /** @throws {RangeError} for a duration that is none. */
  of(scope: ScopeLimits, nowMs: number): ScopeEntry {
    const known = this.known.get(scope);
    if (known !== undefined && known.fromMs <= nowMs && nowMs < known.untilMs) return known;
    const entry = this.entryOf(scope, nowMs);
    this.known.set(scope, entry);
    return entry;
  }

  /** The span of a budget that a moment falls in. */
  span({ unit, duration, anchorMs }: BudgetLimit, momentMs: number): CounterSpan {
    if (duration === undefined) return { unit, duration: '', startMs: 0, endMs: 0 };
    return { unit, duration, ...periodAt(duration, anchorMs, momentMs, this.timeZone) };
  }

  private entryOf(scope: ScopeLimits, nowMs: number): Known {
    const { limits, mode } = scope;
    const isEnforced = mode === 'enforce';
    const spans = limits.budgets.map((budget) => this.span(budget, nowMs));
    const counters = new Map<string, EnteredCounter>();
    const budgets: EnteredBudget[] = limits.budgets.map(({ unit, max }, at) => {
      const name = counterName(spans[at] ?? { unit, duration: '', startMs: 0, endMs: 0 });
      const before = counters.get(name);
      const lowest = before === undefined ? max : Math.min(before.max, max);
      counters.set(name, { name, unit, max: isEnforced ? lowest : -1 });
      return { counter: [...counters.keys()].indexOf(name), max };
    });
    const ends = spans.filter(({ endMs }) => endMs > 0);
    const entered = {
      key: bookKey(scope),
      isEnforced,
      requests: limits.requestsPerWindow ?? -1,
      tokens: limits.tokensPerWindow ?? -1,
      parallel: limits.parallel ?? -1,
      counters: [...counters.values()],
      budgets,
    };
    const fromMs = Math.max(0, ...ends.map(({ startMs }) => startMs));
    return {
      scope,
      entered,
      spans,
      fromMs,
      untilMs: Math.min(...ends.map(({ endMs }) => endMs), Number.MAX_SAFE_INTEGER),
    };
  }
}
