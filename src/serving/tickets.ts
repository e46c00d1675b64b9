import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { CustomerDirectory } from '../keys/directory/customer-directory';
import { type GatewayError, internalError, modelNotFound } from '../kernel/errors';
import { type ScopeLimits } from '../kernel/limits';
import { type Principal } from '../kernel/principal';
import { type Hold, type LimitState, Meter, type RoutingQuestion } from '../metering/meter';
import { type ModelPrice } from '../protocol/pricing/model-price';
import { type BilledTier, billedTier } from '../protocol/pricing/service-tier';
import { AlertCenter } from '../reports/alerts/alert-center';
import { limitRefusal } from '../reports/limits/limit-refusal';
import { type Route } from '../routing/model-groups';
import { StateUnavailable } from '../state/state-unavailable';
import { type Call, requestedModelOf } from './call';
import { DegradedAdmission } from './degraded-admission';
import { ledgerEntry, nothingYet } from './ledger-entry';
import { PriceBook } from './price-book';
import { type Progress } from './progress';
import { Ticket, type TicketFacts } from './ticket';
import { TokenEstimates } from '../metering/token-estimates';

/** A call that asks to be let in. */
export interface Entry {
  readonly call: Call;
  readonly progress: Progress;
  readonly route: Route;
  /** The longest that the call may take, milliseconds. */
  readonly wholeMs: number;
  readonly stop: (error: GatewayError) => void;
  /** What routing wants to know in the same round trip. */
  readonly question: RoutingQuestion;
}

interface Estimate {
  readonly hold: Hold;
  readonly price: ModelPrice;
  readonly tier: BilledTier;
  readonly inputTokens: number;
  readonly provider: string;
}

/** A request that asks, before anybody has answered. */
interface Begun extends Pick<Entry, 'call' | 'progress' | 'stop'> {
  readonly id: string;
  readonly startMs: number;
  readonly estimate: Estimate;
}

/** Beyond the end of the call itself, the time its settlement may take before somebody else settles it. Milliseconds. */
const settleGraceMs = 60_000;

/** Lets requests in: one question to the books for every limit of everybody who is charged, all or none. */
@Injectable()
export class Tickets {
  // eslint-disable-next-line max-params -- letting in asks each of these once
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly meter: Meter,
    private readonly prices: PriceBook,
    private readonly estimates: TokenEstimates,
    private readonly degraded: DegradedAdmission,
    private readonly customers: CustomerDirectory,
    private readonly alerts: AlertCenter,
  ) {}

  /**
   * @returns a ticket that must be settled, whatever happens.
   * @throws {GatewayError} the limit that has no room, with nothing changed anywhere; 503 when nobody can say and a budget
   * would have to be kept.
   */
  async open(entry: Entry): Promise<Ticket> {
    const { call, progress, route, stop } = entry;
    const principal = principalOf(call);
    const own = scopesOf(principal, route.modelGroup);
    const estimate = this.estimate(call, route);
    const startMs = this.meter.nowMs();
    const id = call.context.requestId;
    const draft = ledgerEntry(call, progress, nothingYet(id, startMs));
    const begun: Begun = { id, startMs, call, progress, stop, estimate };
    try {
      const scopes = call.extras.customerId === undefined ? own : await this.withCustomer(call.extras.customerId, own);
      const answer = await this.meter.admit({
        ticketId: id,
        scopes,
        hold: estimate.hold,
        deadlineMs: startMs + entry.wholeMs + settleGraceMs,
        draft,
        routing: entry.question,
      });
      if (answer.kind === 'refused') {
        this.alerts.sawRefusal(principal, answer.limit);
        throw this.refusal(answer.limit, startMs);
      }
      this.alerts.sawLimits(principal, answer.limits);
      return ticketOf(begun, scopes, answer);
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      this.degraded.admit(own);
      return ticketOf(begun, own, { limits: [], routing: undefined });
    }
  }

  /** The end user pays too, where the request names one. */
  private async withCustomer(customerId: string, own: readonly ScopeLimits[]): Promise<readonly ScopeLimits[]> {
    return [...own, await this.customers.scopeOf(customerId)];
  }

  private estimate(call: Call, route: Route): Estimate {
    const deployment = route.deployments[0];
    if (deployment === undefined) throw modelNotFound(route.requestedModel);
    const { provider } = deployment;
    const price = this.prices.priceOf(deployment, route.modelGroup, undefined);
    this.prices.assertKnown(price, requestedModelOf(call));
    const tier = billedTier({ requested: call.requestedTier, actual: undefined });
    const keyHash = principalOf(call).keyHash;
    const { input, output } = this.estimates.of(call.size, keyHash, route.modelGroup);
    const nanos = this.prices.holdFor({ input, output }, tier, price, provider);
    const hold = { nanos, tokens: input + output, plan5h: 0, planWeek: 0 };
    return { hold, price, tier, inputTokens: input, provider };
  }

  private refusal(limit: LimitState, nowMs: number): GatewayError {
    return limitRefusal(limit, { budgetStatus: this.settings.pricing.budgetStatus, nowMs });
  }
}

/** The guard lets nobody without a key through; a route that forgot it must not be served unmetered. */
function principalOf({ context }: Call): Principal {
  if (context.principal === undefined) throw internalError(new Error('a call without a principal'));
  return context.principal;
}

/** The key and everybody who pays with it, then the books of the one model. */
function scopesOf(principal: Principal, modelGroup: string): readonly ScopeLimits[] {
  const ofModel = principal.modelScopes.get(modelGroup);
  return ofModel === undefined ? principal.scopes : [...principal.scopes, ...ofModel];
}

function ticketOf(
  { id, startMs, call, progress, stop, estimate }: Begun,
  scopes: readonly ScopeLimits[],
  { limits, routing }: Pick<TicketFacts, 'limits' | 'routing'>,
): Ticket {
  const { hold, price, tier, inputTokens, provider } = estimate;
  const facts = { id, startMs, call, progress, stop, scopes, limits, routing, inputTokens, price, tier, provider };
  return new Ticket(facts, hold);
}
