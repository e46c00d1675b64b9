import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { CustomerDirectory } from '../keys/directory/customer-directory';
import { type GatewayError, internalError } from '../kernel/errors';
import { type ScopeLimits } from '../kernel/limits';
import { type Principal } from '../kernel/principal';
import { type Stopper, type StopSignal } from '../kernel/stop-signal';
import {
  type Admitted,
  type AdmitRequest,
  type LimitState,
  Meter,
  type Refused,
  type RoutingQuestion,
} from '../metering/meter';
import { SlotQueue } from '../metering/slot-queue';
import { AlertCenter } from '../reports/alerts/alert-center';
import { limitRefusal } from '../reports/limits/limit-refusal';
import { type Route } from '../routing/model-groups';
import { StateUnavailable } from '../state/state-unavailable';
import { type Call } from './call';
import { customerUnavailable, DegradedAdmission } from './degraded-admission';
import { ledgerEntry, nothingYet } from './ledger-entry';
import { HoldEstimator, type StandIn } from './hold-estimator';
import { type Progress } from './progress';
import { Ticket } from './ticket';

/** A call that asks to be let in. */
export interface Entry {
  readonly call: Call;
  readonly progress: Progress;
  readonly route: Route;
  readonly standIns: readonly StandIn[];
  /** The longest that the call may take, milliseconds. */
  readonly wholeMs: number;
  /** Ends the call with an error that its client is told. */
  readonly stopper: Stopper;
  /** What routing wants to know in the same round trip. */
  readonly question: RoutingQuestion;
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
    private readonly estimator: HoldEstimator,
    private readonly degraded: DegradedAdmission,
    private readonly customers: CustomerDirectory,
    private readonly alerts: AlertCenter,
    private readonly slots: SlotQueue,
  ) {}

  /**
   * @returns a ticket that must be settled, whatever happens.
   * @throws {GatewayError} the limit that has no room, with nothing changed anywhere; 503 when nobody can say and a budget
   * would have to be kept, or no book would ever know of the call.
   */
  async open(entry: Entry): Promise<Ticket> {
    const { call, progress, route, stopper } = entry;
    const principal = principalOf(call);
    const own = scopesOf(principal, progress.limitedModels);
    const estimate = this.estimator.of(call, route, { keyHash: principal.keyHash, standIns: entry.standIns });
    const startMs = this.meter.nowMs();
    const id = call.context.requestId;
    const draft = ledgerEntry(call, progress, nothingYet(id, startMs));
    const { price, tier, provider } = estimate;
    let scopes = own;
    const facts = { id, startMs, call, progress, stopper, price, tier, provider };
    try {
      const { customerId } = call.extras;
      const customer = customerId === undefined ? undefined : await this.customerScope(customerId);
      if (customer !== undefined) scopes = [...own, customer];
      const answer = await this.admit(
        {
          ticketId: id,
          scopes,
          hold: estimate.hold,
          least: estimate.least,
          deadlineMs: startMs + entry.wholeMs + settleGraceMs,
          draft,
          routing: entry.question,
        },
        stopper,
      );
      if (answer.kind === 'refused') {
        this.alerts.sawRefusal(principal, answer.limit);
        throw this.refusal(answer.limit, startMs);
      }
      this.alerts.sawLimits(principal, answer.limits, customer);
      const { limits, routing, granted } = answer;
      const input = this.estimator.inputWithin(granted, estimate);
      return new Ticket(facts, { scopes, limits, routing, asked: estimate.hold, granted }, input);
    } catch (error) {
      if (!(error instanceof StateUnavailable) || !this.meter.keepsRows) throw error;
      const limit = this.degraded.fullLimit(scopes);
      if (limit !== undefined) throw this.refusal(limit, startMs);
      const { hold, input } = estimate;
      return new Ticket(facts, { scopes, limits: [], routing: undefined, asked: hold, granted: hold }, input);
    }
  }

  /** Where the operator wants it, who only lacks a parallel slot waits a little for one. */
  private admit(request: AdmitRequest, signal: StopSignal): Promise<Admitted | Refused> {
    const timeoutMs = this.settings.metering.slotWaitMs;
    if (timeoutMs === 0) return this.meter.admit(request);
    return this.slots.admit(request, (again) => this.meter.admit(again), { timeoutMs, signal });
  }

  /** The end user pays too, where the request names one. @throws {GatewayError} 403 for a blocked one, 503 when nobody can say. */
  private async customerScope(customerId: string): Promise<ScopeLimits> {
    try {
      return await this.customers.scopeOf(customerId);
    } catch (error) {
      // Whoever was not looked up lately may be blocked, or have a budget: as with keys, nothing is spent on a guess.
      throw error instanceof StateUnavailable ? customerUnavailable() : error;
    }
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

/** The key and everybody who pays with it, then the books of the one model, under every name that has limits. */
function scopesOf({ scopes, modelScopes }: Principal, limitedModels: readonly string[]): readonly ScopeLimits[] {
  if (limitedModels.length === 0) return scopes;
  return [...scopes, ...limitedModels.flatMap((name) => modelScopes.get(name) ?? [])];
}
