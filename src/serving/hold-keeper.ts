import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GatewayError } from '../kernel/errors';
import { Meter } from '../metering/meter';
import { StateUnavailable } from '../state/state-unavailable';
import { ledgerEntry } from './ledger-entry';
import { PriceBook } from './price-book';
import { seenUsage } from './seen-usage';
import { type Ticket } from './ticket';

/** How often running tickets are looked at, milliseconds. */
const paceMs = 1_000;
/** Looks between two checkpoints. */
const looksPerCheckpoint = 5;
/** Part of a hold that may be used before more is asked for. */
const usedBeforeMore = 0.7;

/**
 * Watches what running requests have used: asks for more before a hold runs dry, and tells the books what to settle if this
 * process should die. One timer for all; nothing is done for each delta.
 */
@Injectable()
export class HoldKeeper implements OnModuleDestroy {
  private readonly tickets = new Set<Ticket>();
  private timer: NodeJS.Timeout | undefined;
  private looks = 0;

  constructor(
    private readonly meter: Meter,
    private readonly prices: PriceBook,
  ) {}

  /** From here until `left` the ticket is watched. */
  entered(ticket: Ticket): void {
    this.tickets.add(ticket);
    this.timer ??= setInterval(() => {
      this.look();
    }, paceMs).unref();
  }

  left(ticket: Ticket): void {
    this.tickets.delete(ticket);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** With nobody to watch it stops; stopping with every last ticket would start it anew with the next. */
  private look(): void {
    if (this.tickets.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
      return;
    }
    this.looks += 1;
    const isCheckpoint = this.looks % looksPerCheckpoint === 0;
    for (const ticket of this.tickets) {
      const tracker = ticket.facts.progress.routed?.tracker;
      if (tracker === undefined) continue;
      const usage = seenUsage(tracker, ticket.facts.inputTokens);
      const { tier, price, provider } = ticket.facts;
      const cost = this.prices.costOf(usage, tier, price, provider);
      if (ticket.isWatched && cost.nanos > ticket.held.nanos * usedBeforeMore) void this.more(ticket);
      if (isCheckpoint) this.checkpoint(ticket, usage, cost);
    }
  }

  /** Asks for as much again. A refusal ends the stream: what it would spend from here on, nobody has. */
  private async more(ticket: Ticket): Promise<void> {
    if (ticket.isExtending) return;
    ticket.isExtending = true;
    const more = { nanos: Math.max(1, ticket.held.nanos), tokens: ticket.held.tokens };
    try {
      if (await this.meter.extend(ticket.facts.id, more)) {
        ticket.held = { nanos: ticket.held.nanos + more.nanos, tokens: ticket.held.tokens + more.tokens };
      } else if (!ticket.isSettled) {
        ticket.facts.stop(budgetSpent());
      }
    } catch (error) {
      // With the state away running answers go on; the next look asks again.
      if (!(error instanceof StateUnavailable)) throw error;
    } finally {
      ticket.isExtending = false;
    }
  }

  private checkpoint(
    { facts }: Ticket,
    usage: ReturnType<typeof seenUsage>,
    cost: ReturnType<PriceBook['costOf']>,
  ): void {
    const { id: ticketId, startMs, call, progress, tier: billed } = facts;
    const endMs = this.meter.nowMs();
    const tier = call.requestedTier === undefined ? {} : { requested: call.requestedTier };
    const known = { ticketId, startMs, endMs, usage, cost, tier, billed, error: undefined, plan5h: 0, planWeek: 0 };
    this.meter.checkpoint(ledgerEntry(call, progress, { ...known, quality: 'estimated' }));
  }
}

/** Told in the middle of an answer. */
function budgetSpent(): GatewayError {
  return new GatewayError({
    status: 429,
    type: 'budget_exceeded',
    code: 'budget_exceeded',
    message:
      'Budget has been exceeded! The answer was stopped here, because its further cost is not covered. GET /v1/usage shows what is left and when it starts anew.',
    author: 'key',
    limit: 'max_budget',
    remaining: 0,
    shouldRetry: false,
  });
}
