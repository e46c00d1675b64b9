import { type BudgetLimit, type ScopeLimits } from '../../kernel/limits';
import { periodAt } from '../../kernel/periods';
import { type ScopeCounters } from '../../metering/ledger';
import { type LimitState } from '../../metering/meter';

/** When a limit is looked at. */
export interface Moment {
  readonly nowMs: number;
  /** IANA name; days, weeks and months begin at its midnight. */
  readonly timeZone: string;
}

/**
 * How every limit of these scopes stands, as an admission would tell it, without taking anything.
 *
 * @param counters of the same scopes, in their order. A budget that no request of its period has met yet has used nothing.
 */
export function limitsNow(
  scopes: readonly ScopeLimits[],
  counters: readonly ScopeCounters[],
  moment: Moment,
): readonly LimitState[] {
  return scopes.flatMap((scope, at) => [
    ...rates(scope, counters[at]),
    ...scope.limits.budgets.map((budget) => budgetNow(scope, budget, counters[at], moment)),
  ]);
}

type Place = Pick<LimitState, 'scope' | 'scopeId' | 'model' | 'name'>;

function placeOf({ kind, id, model, name }: ScopeLimits): Place {
  return {
    scope: kind,
    scopeId: id,
    ...(model === undefined ? {} : { model }),
    ...(name === undefined ? {} : { name }),
  };
}

/** A window begins with its first request: without one there is nothing to reset. */
function rates(scope: ScopeLimits, counters: ScopeCounters | undefined): readonly LimitState[] {
  const { requestsPerWindow, tokensPerWindow, parallel } = scope.limits;
  const window = counters?.window;
  const reset = window === undefined ? {} : { resetAtMs: window.resetAtMs };
  const of = (
    limit: LimitState['limit'],
    max: number | undefined,
    used: number,
    ends: object,
  ): readonly LimitState[] =>
    max === undefined ? [] : [{ ...placeOf(scope), limit, period: 'window', max, used, ...ends }];
  return [
    ...of('requests', requestsPerWindow, window?.requests ?? 0, reset),
    ...of('tokens', tokensPerWindow, window?.tokens ?? 0, reset),
    ...of('parallel', parallel, counters?.running ?? 0, {}),
  ];
}

function budgetNow(
  scope: ScopeLimits,
  { unit, max, duration, anchorMs }: BudgetLimit,
  counters: ScopeCounters | undefined,
  { nowMs, timeZone }: Moment,
): LimitState {
  const period = duration === undefined ? undefined : periodAt(duration, anchorMs, nowMs, timeZone);
  const counter = counters?.budgets.find(
    (each) => each.unit === unit && each.duration === duration && each.startsAtMs === period?.startMs,
  );
  return {
    ...placeOf(scope),
    limit: unit,
    period: duration ?? 'lifetime',
    max,
    used: (counter?.used ?? 0) + (counter?.held ?? 0),
    ...(period === undefined ? {} : { resetAtMs: period.endMs }),
  };
}
