import { Injectable } from '@nestjs/common';
import { GatewayError } from '../kernel/errors';
import { Observer } from '../kernel/observer';
import { Meter } from '../metering/meter';
import { type Route } from '../routing/model-groups';
import { StateUnavailable } from '../state/state-unavailable';
import { type Call } from './call';
import { HoldEstimator } from './hold-estimator';
import { type Ticket } from './ticket';

/**
 * Sets aside what a group that stands in may come to beyond what is held: it may be dearer than the one asked for, which
 * may even cost nothing and pass a budget that is spent.
 */
@Injectable()
export class StandInCover {
  constructor(
    private readonly estimator: HoldEstimator,
    private readonly meter: Meter,
    private readonly observer: Observer,
  ) {}

  /**
   * Asks for the difference, and takes what is left.
   *
   * @throws {GatewayError} 429 when that is less than a request of its kind takes at least; 400 when nobody knows the price
   * and that is refused.
   */
  async cover(call: Call, ticket: Ticket, route: Route): Promise<void> {
    const keyHash = call.context.principal?.keyHash ?? '';
    const { hold, least } = this.estimator.of(call, route, { keyHash, standIns: [], standsIn: true });
    const more = hold.nanos - ticket.held.nanos;
    if (more <= 0 || !ticket.isWatched) return;
    const granted = await this.extended(ticket, more);
    if (granted === undefined) return;
    ticket.held = { nanos: ticket.held.nanos + granted, tokens: ticket.held.tokens };
    ticket.isLast.nanos = granted < more;
    // What came too late went with the settlement.
    if (!ticket.isSettled) this.observer.limitsMoved({ limits: ticket.limits, nanos: granted, tokens: 0 });
    if (ticket.held.nanos < Math.max(1, least.nanos)) throw notCovered();
  }

  /** @returns nano-dollars; undefined when nobody can say, since with the state away running requests go on. */
  private async extended(ticket: Ticket, nanos: number): Promise<number | undefined> {
    try {
      return (await this.meter.extend(ticket.facts.id, { nanos, tokens: 0 }))?.nanos ?? 0;
    } catch (error) {
      if (error instanceof StateUnavailable) return undefined;
      throw error;
    }
  }
}

/** Told beside the failure of the group asked for. */
function notCovered(): GatewayError {
  return new GatewayError({
    status: 429,
    type: 'budget_exceeded',
    code: 'budget_exceeded',
    message: 'Budget has been exceeded! What is left is too little for what this model may cost.',
    author: 'key',
    limit: 'max_budget',
    shouldRetry: false,
  });
}
