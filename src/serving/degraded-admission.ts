import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { GatewayError } from '../kernel/errors';
import { type BudgetLimit, endlessMax, type ScopeLimits } from '../kernel/limits';
import { DegradedRates } from '../metering/degraded-rates';
import { type LimitState } from '../metering/meter';
import { HoldKeeper } from './hold-keeper';

/** How soon a client may ask again; by then a state that came back has been found. Milliseconds. */
const retryAfterMs = 2_000;

/**
 * Who is served while the shared state is away: whoever no budget must cover. A budget that nobody can look up is never
 * overspent for it, and rates are kept by this process for its share of the replicas.
 */
@Injectable()
export class DegradedAdmission {
  private readonly rates: DegradedRates;

  constructor(
    @Inject(SETTINGS) { metering }: Pick<Settings, 'metering'>,
    private readonly clock: Clock,
    private readonly keeper: HoldKeeper,
  ) {
    this.rates = new DegradedRates(metering);
  }

  /**
   * Counts a request in this process' share of every rate, or in none.
   *
   * @returns the share that is used up; undefined when the request may go.
   * @throws {GatewayError} 503 `budget_unavailable`.
   */
  fullLimit(scopes: readonly ScopeLimits[]): LimitState | undefined {
    const budgeted = scopes.find(({ limits, mode }) => mode === 'enforce' && limits.budgets.some(refuses));
    if (budgeted !== undefined) throw budgetUnavailable(budgeted);
    const nowMs = this.clock.nowMs();
    const full = this.rates.take(scopes, nowMs, (scope) => this.keeper.runningIn(scope));
    if (full === undefined) return undefined;
    const { kind, id, model, name } = full.scope;
    return {
      scope: kind,
      scopeId: id,
      ...(model === undefined ? {} : { model }),
      ...(name === undefined ? {} : { name }),
      limit: full.limit,
      period: 'window',
      max: full.max,
      used: full.max,
      ...(full.limit === 'requests' ? { resetAtMs: nowMs + full.retryAfterMs } : {}),
    };
  }
}

/** A soft budget alone warns and keeps nobody out. */
function refuses({ max }: BudgetLimit): boolean {
  return max < endlessMax;
}

/** Nobody can say what a customer is held to. */
export function customerUnavailable(): GatewayError {
  return new GatewayError({
    status: 503,
    type: 'service_unavailable',
    code: 'budget_unavailable',
    message:
      'What the customer of this request is held to cannot be looked up at the moment, so nothing is spent for it. Try again shortly.',
    limit: 'customer.budget',
    retryAfterMs,
  });
}

function budgetUnavailable({ kind, name }: ScopeLimits): GatewayError {
  return new GatewayError({
    status: 503,
    type: 'service_unavailable',
    code: 'budget_unavailable',
    message: `The budget of this ${kind}${name === undefined ? '' : ` (${name})`} cannot be looked up at the moment, so nothing is spent from it. Try again shortly.`,
    limit: `${kind}.budget`,
    retryAfterMs,
  });
}
