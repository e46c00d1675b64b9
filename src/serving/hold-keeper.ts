import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { GatewayError } from '../kernel/errors';
import { type ScopeLimits } from '../kernel/limits';
import { Observer } from '../kernel/observer';
import { type TokenUsage } from '../kernel/usage';
import { type Granted, Meter } from '../metering/meter';
import { TokenEstimates } from '../metering/token-estimates';
import { type Cost } from '../protocol/pricing/cost-of';
import { StateUnavailable } from '../state/state-unavailable';
import { ledgerEntry } from './ledger-entry';
import { PriceBook } from './price-book';
import { modelOf } from './progress';
import { noUsage, seenOutputTokens, seenUsage } from './seen-usage';
import { type Ticket } from './ticket';

/** How often running tickets are looked at, milliseconds. */
const paceMs = 1_000;
/** Part of a hold that may be used before more is asked for. */
const usedBeforeMore = 0.7;
/** Enough that what one token costs is exact. */
const manyTokens = 1_000_000;
const nothingSeen = { deltas: 0, deltaBytes: 0 };

/**
 * Watches what running requests have used: asks for more before a hold runs dry, ends the answer where there is no more,
 * and tells the books what to settle if this process should die. One timer for all; for each chunk of an answer one number
 * is compared.
 */
@Injectable()
export class HoldKeeper implements OnModuleDestroy {
  private readonly tickets = new Set<Ticket>();
  private timer: NodeJS.Timeout | undefined;

  // eslint-disable-next-line max-params -- watching asks each of these
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'pricing'>,
    private readonly meter: Meter,
    private readonly prices: PriceBook,
    private readonly estimates: TokenEstimates,
    private readonly observer: Observer,
  ) {
    this.meter.onBeat(() => {
      for (const ticket of this.tickets) this.checkpoint(ticket);
    });
  }

  /** From here until `left` the ticket is watched. */
  entered(ticket: Ticket): void {
    this.tickets.add(ticket);
    this.timer ??= setInterval(() => {
      this.look();
    }, paceMs).unref();
  }

  /** Somebody answers: from here on it counts by what that model costs, which need not be the one that was asked for. */
  answering(ticket: Ticket): void {
    if (ticket.isWatched && !ticket.isExtending) ticket.lookAt = this.tokensHeld(ticket);
  }

  /** A chunk of the answer came. */
  heard(ticket: Ticket): void {
    const { routed } = ticket.facts.progress;
    if (routed?.tracker.outcome.state !== 'open') return;
    if (seenOutputTokens(routed.tracker) + ticket.silence.tokens > ticket.lookAt) this.reckon(ticket);
  }

  left(ticket: Ticket): void {
    this.tickets.delete(ticket);
  }

  /** Requests of this scope that this process serves at the moment. */
  runningIn({ kind, id, model }: ScopeLimits): number {
    let running = 0;
    for (const { scopes } of this.tickets)
      if (scopes.some((scope) => scope.kind === kind && scope.id === id && scope.model === model)) running += 1;
    return running;
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
    for (const ticket of this.tickets) {
      this.listen(ticket);
      if (ticket.isWatched) this.reckon(ticket);
    }
  }

  /** While a model is silent it thinks, and that is paid for too. */
  private listen({ facts, silence }: Ticket): void {
    const { call, progress } = facts;
    if (progress.upstreamStartedMs === undefined) return;
    const { deltas } = progress.routed?.tracker ?? nothingSeen;
    const perSecond = this.estimates.tokensPerSecond(call.context.principal?.keyHash ?? '', progress.modelGroup ?? '');
    if (deltas === silence.deltas) silence.tokens += (perSecond * paceMs) / 1_000;
    silence.deltas = deltas;
  }

  /** Ends an answer that has used up the last of a budget; asks for more before that. */
  private reckon(ticket: Ticket): void {
    if (ticket.isSettled) return;
    const usage = usageOf(ticket);
    const { nanos } = this.costOf(ticket, usage);
    const { held, isLast, hasTokenBudget } = ticket;
    const tokens = hasTokenBudget ? usage.inputTokens + usage.outputTokens : 0;
    if ((isLast.nanos && nanos >= held.nanos) || (isLast.tokens && tokens >= held.tokens)) {
      stop(ticket, this.settings.pricing.budgetStatus);
    } else if (ticket.isExtending) {
      // What the answer to that brings decides.
      ticket.lookAt = Number.POSITIVE_INFINITY;
    } else if (nanos > held.nanos * usedBeforeMore) {
      // Of a dearer model than the one asked for much more may have been used already.
      void this.more(ticket, {
        nanos: Math.max(1, held.nanos, nanos - held.nanos),
        tokens: hasTokenBudget ? 0 : held.tokens,
      });
    } else if (tokens > held.tokens * usedBeforeMore) {
      void this.more(ticket, { nanos: 0, tokens: Math.max(1, held.tokens) });
    }
  }

  /** Asks for as much again without waiting for it. Whoever gets less has the last of a budget: nobody could pay for more. */
  private async more(ticket: Ticket, asked: Granted): Promise<void> {
    const { isLast } = ticket;
    ticket.isExtending = true;
    let isAnswered = false;
    try {
      const granted = (await this.meter.extend(ticket.facts.id, asked)) ?? { nanos: 0, tokens: 0 };
      isAnswered = true;
      ticket.held = { nanos: ticket.held.nanos + granted.nanos, tokens: ticket.held.tokens + granted.tokens };
      // What came too late went with the settlement.
      if (!ticket.isSettled) this.observer.limitsMoved({ limits: ticket.limits, ...granted });
      if (asked.nanos > 0) isLast.nanos = granted.nanos < asked.nanos;
      else isLast.tokens = granted.tokens < asked.tokens;
    } catch (error) {
      // With the state away running answers go on; the next look asks again.
      if (!(error instanceof StateUnavailable)) throw error;
    } finally {
      ticket.isExtending = false;
    }
    if (!isAnswered) return;
    ticket.lookAt = this.tokensHeld(ticket);
    this.heard(ticket);
  }

  /** Output tokens at which an answer has used up its hold. Most answers end before that, so most chunks cost nothing here. */
  private tokensHeld(ticket: Ticket): number {
    const { held, input, hasTokenBudget } = ticket;
    const begun = this.costOf(ticket, { ...noUsage, ...input }).nanos;
    const perToken =
      (this.costOf(ticket, { ...noUsage, ...input, outputTokens: manyTokens }).nanos - begun) / manyTokens;
    const byMoney = perToken > 0 ? (held.nanos - begun) / perToken : Number.POSITIVE_INFINITY;
    return hasTokenBudget ? Math.min(byMoney, held.tokens - input.inputTokens) : byMoney;
  }

  /** By what the model costs that is asked or answers; a fallback may be dearer than the one asked for, or cheaper. */
  private costOf({ facts }: Ticket, usage: TokenUsage): Cost {
    const { deployment } = facts.progress;
    if (deployment === undefined) return this.prices.costOf(usage, facts.tier, facts.price, facts.provider);
    const price = this.prices.priceOf(deployment, deployment.modelGroup, modelOf(facts.progress)?.slug);
    return this.prices.costOf(usage, facts.tier, price, deployment.provider);
  }

  private checkpoint(ticket: Ticket): void {
    const { id: ticketId, startMs, call, progress, tier: billed } = ticket.facts;
    const endMs = this.meter.nowMs();
    const tier = call.requestedTier === undefined ? {} : { requested: call.requestedTier };
    const usage = usageOf(ticket);
    const cost = this.costOf(ticket, usage);
    const known = { ticketId, startMs, endMs, usage, cost, tier, billed, error: undefined, plan5h: 0, planWeek: 0 };
    this.meter.checkpoint(ledgerEntry(call, progress, { ...known, quality: 'estimated' }));
  }
}

/** What came so far, and what a silent model thought. */
function usageOf({ facts, input, silence }: Ticket): TokenUsage {
  const { upstreamStartedMs, routed } = facts.progress;
  if (upstreamStartedMs === undefined) return noUsage;
  const seen = seenUsage(routed?.tracker ?? nothingSeen, input);
  return { ...seen, outputTokens: seen.outputTokens + Math.floor(silence.tokens) };
}

/** An answer that is complete is not ended any more: its true usage is known. */
function stop(ticket: Ticket, status: number): void {
  const { progress, stopper } = ticket.facts;
  if ((progress.routed?.tracker.outcome.state ?? 'open') !== 'open') return;
  ticket.isUsedUp = true;
  stopper.abort(budgetSpent(status));
}

/** Told in the middle of an answer, or instead of one. */
function budgetSpent(status: number): GatewayError {
  return new GatewayError({
    status,
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
