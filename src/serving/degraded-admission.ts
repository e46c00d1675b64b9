import { Injectable } from '@nestjs/common';
import { GatewayError } from '../kernel/errors';
import { type ScopeLimits } from '../kernel/limits';

/** How soon a client may ask again; by then a state that came back has been found. Milliseconds. */
const retryAfterMs = 2_000;

/**
 * Who is served while the shared state is away: whoever no budget must cover. A budget that nobody can look up is never
 * overspent for it, and rates are kept by this process for its share of the replicas.
 */
@Injectable()
export class DegradedAdmission {
  /** @throws {GatewayError} 503 `budget_unavailable`, or 429 when this process' share of a rate is used up. */
  admit(scopes: readonly ScopeLimits[]): void {
    const budgeted = scopes.find(({ limits, mode }) => mode === 'enforce' && limits.budgets.length > 0);
    if (budgeted !== undefined) throw budgetUnavailable(budgeted);
  }
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
