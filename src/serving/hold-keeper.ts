import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { GatewayError } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { Meter } from '../metering/meter';
import { TokenEstimates } from '../metering/token-estimates';
import { type Cost } from '../protocol/pricing/cost-of';
import { StateUnavailable } from '../state/state-unavailable';
import { ledgerEntry } from './ledger-entry';
import { PriceBook } from './price-book';
import { noUsage, seenUsage } from './seen-usage';
import { type Ticket } from './ticket';

/** How often running tickets are looked at, milliseconds. */
const paceMs = 1_000;
/** Looks between two checkpoints. */
const looksPerCheckpoint = 5;
/** Part of a hold that may be used before more is asked for. */
const usedBeforeMore = 0.7;
const nothingSeen = { deltas: 0, deltaBytes: 0 };

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
    private readonly estimates: TokenEstimates,
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
      const usage = this.usageOf(ticket);
      const { tier, price, provider } = ticket.facts;
      const cost = this.prices.costOf(usage, tier, price, provider);
      if (ticket.isWatched && cost.nanos > ticket.held.nanos * usedBeforeMore) void this.more(ticket, cost.nanos);
      if (isCheckpoint) this.checkpoint(ticket, usage, cost);
    }
  }

  /** What came so far; while a model is silent it thinks, and that is paid for too. */
  private usageOf({ facts, silence }: Ticket): TokenUsage {
    const { call, progress, inputTokens } = facts;
    if (progress.upstreamStartedMs === undefined) return noUsage;
    const tracker = progress.routed?.tracker ?? nothingSeen;
    const perSecond = this.estimates.tokensPerSecond(call.context.principal?.keyHash ?? '', progress.modelGroup ?? '');
    if (tracker.deltas === silence.deltas) silence.tokens += (perSecond * paceMs) / 1_000;
    silence.deltas = tracker.deltas;
    const seen = seenUsage(tracker, inputTokens);
    return { ...seen, outputTokens: seen.outputTokens + Math.floor(silence.tokens) };
  }

  /** Asks for as much again. Where nobody has more, the answer ends when its hold is used up: nobody could pay for the rest. */
  private async more(ticket: Ticket, usedNanos: number): Promise<void> {
    if (ticket.isExtending) return;
    ticket.isExtending = true;
    const more = { nanos: Math.max(1, ticket.held.nanos), tokens: ticket.held.tokens };
    try {
      if (await this.meter.extend(ticket.facts.id, more)) {
        ticket.held = { nanos: ticket.held.nanos + more.nanos, tokens: ticket.held.tokens + more.tokens };
      } else if (!ticket.isSettled && usedNanos >= ticket.held.nanos) {
        ticket.facts.stop(budgetSpent());
      }
    } catch (error) {
      // With the state away running answers go on; the next look asks again.
      if (!(error instanceof StateUnavailable)) throw error;
    } finally {
      ticket.isExtending = false;
    }
  }

  private checkpoint({ facts }: Ticket, usage: TokenUsage, cost: Cost): void {
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
