import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { type GatewayError } from '../kernel/errors';
import { type AnswerEnd, Observer, type RequestRecord } from '../kernel/observer';
import { type TokenUsage } from '../kernel/usage';
import { type Granted, Meter } from '../metering/meter';
import { SlotQueue } from '../metering/slot-queue';
import { TokenEstimates } from '../metering/token-estimates';
import { type LedgerRow, type RowQuality } from '../metering/ledger-row';
import { type Cost, type PriceAdjustment } from '../protocol/pricing/cost-of';
import { type BilledTier, billedTier } from '../protocol/pricing/service-tier';
import { AlertCenter } from '../reports/alerts/alert-center';
import { StateUnavailable } from '../state/state-unavailable';
import { type Call, isStream, requestedModelOf } from './call';
import { tellTrace } from './call-trace';
import { HoldKeeper } from './hold-keeper';
import { ledgerEntry, tagsOf } from './ledger-entry';
import { PriceBook } from './price-book';
import { noParts, type PlanParts, PlanShares } from './plan-shares';
import { modelOf, type Progress } from './progress';
import { RunningCalls } from './running-calls';
import { noUsage, seenUsage } from './seen-usage';
import { type LetIn, type Ticket } from './ticket';

/** What an answer used and cost. */
export interface Bill {
  readonly usage: TokenUsage;
  readonly quality: RowQuality;
  readonly cost: Cost | undefined;
  /** Discount and margin that the cost was worked out with; undefined where there is none. */
  readonly adjustment: PriceAdjustment | undefined;
  readonly tier: { readonly requested: string | undefined; readonly actual: string | undefined };
  readonly billed: BilledTier | undefined;
}

/** Closes the books of a call, exactly once: finished, failed, or left by its client. */
@Injectable()
export class Settlement {
  // eslint-disable-next-line max-params -- the end of a call is told to each of these once
  constructor(
    private readonly observer: Observer,
    private readonly meter: Meter,
    private readonly prices: PriceBook,
    private readonly keeper: HoldKeeper,
    private readonly estimates: TokenEstimates,
    private readonly running: RunningCalls,
    private readonly alerts: AlertCenter,
    private readonly planShares: PlanShares,
    private readonly slots: SlotQueue,
    private readonly clock: Clock,
  ) {}

  /** A call begins that must be settled. */
  begun(): void {
    this.running.begun();
  }

  /** What the call has come to so far; the same figures for streams and whole answers. */
  billOf(call: Call, progress: Progress): Bill {
    const { ticket, deployment, routed } = progress;
    const { usage, quality } = usageOf(progress, () => this.usualOutput(call, progress));
    const actual = routed?.tracker.serviceTier;
    const tier = { requested: call.requestedTier, actual };
    if (ticket === undefined || deployment === undefined || usage === noUsage) {
      return { usage, quality, cost: undefined, adjustment: undefined, tier, billed: undefined };
    }
    const billed = billedTier(tier);
    const slug = modelOf(progress)?.slug;
    const price = this.prices.priceOf(deployment, deployment.modelGroup, slug, routed?.tracker.answeredModel);
    const { provider } = deployment;
    const cost = this.prices.costOf(usage, billed, price, provider);
    return { usage, quality, cost, adjustment: this.prices.adjustmentOf(provider), tier, billed };
  }

  /** Settles a call that is over for its client: at once, or when what its upstream still does for it is known. */
  close(call: Call, progress: Progress, error: GatewayError | undefined): Promise<void> {
    // Here and not where it is told: the error filter asks before the rest of an answer was read.
    call.context.settled = true;
    if (progress.rest === undefined) return this.settle(call, progress, error);
    progress.endedMs = this.clock.monotonicMs();
    // Nobody waits for it; who stops the program waits until every call is settled.
    void progress.rest.then(() => this.settle(call, progress, error));
    return Promise.resolve();
  }

  /**
   * Tells the observer and the books, once for each `begun`. Never fails: with the state away the books are kept on disk and told later.
   *
   * Nothing from here to the books awaits: a frame that only waits keeps the call and its answer for as long as they are written.
   *
   * @param error what the client was told; undefined for an answer that ended well.
   */
  private settle(call: Call, progress: Progress, error: GatewayError | undefined): Promise<void> {
    return this.told(call, progress, error).finally(this.settled);
  }

  private readonly settled = (): void => {
    this.running.settled();
  };

  private async told(call: Call, progress: Progress, error: GatewayError | undefined): Promise<void> {
    const nowMs = progress.endedMs ?? this.clock.monotonicMs();
    progress.end ??= endOf(error);
    const bill = this.billOf(call, progress);
    const record = recordOf(call, progress, { error, bill, nowMs });
    this.observer.requestEnded(record);
    progress.content?.close();
    const { span } = call.context;
    const settling = span.isRecording ? tellTrace(span, progress, record, nowMs) : undefined;
    const booked = this.book(call, progress, bill, error);
    if (settling === undefined) return booked;
    return booked.then(() => {
      settling.end(this.clock.monotonicMs());
    });
  }

  private async book(call: Call, progress: Progress, bill: Bill, error: GatewayError | undefined): Promise<void> {
    const { ticket } = progress;
    if (ticket === undefined || ticket.isSettled) return;
    ticket.isSettled = true;
    this.keeper.left(ticket);
    this.learn(call, progress, bill);
    const { customerId } = call.extras;
    if (customerId !== undefined) this.alerts.sawSpend(customerId, bill.cost?.nanos ?? 0);
    const { id: ticketId, startMs } = ticket.facts;
    const endMs = Math.max(startMs, this.meter.nowMs());
    const { usage, quality, cost, tier, billed } = bill;
    const { plan5h, planWeek } = this.planPartsOf(progress, usage);
    const facts = { ticketId, startMs, endMs, usage, quality, cost, tier, billed, error, plan5h, planWeek };
    return this.written(ledgerEntry(call, progress, facts), whatWasHeld(ticket));
  }

  private async written(row: LedgerRow, { isUnknown, scopes, limits, held }: Held): Promise<void> {
    try {
      await this.meter.settle(row, isUnknown);
      const { inputTokens, outputTokens } = row.usage;
      const moved = { nanos: row.spend - held.nanos, tokens: inputTokens + outputTokens - held.tokens };
      if (limits.length > 0) this.observer.limitsMoved({ limits, ...moved });
    } catch (failure) {
      // The meter goes on trying by itself and says so in the log; the client has its answer.
      if (!(failure instanceof StateUnavailable)) throw failure;
    } finally {
      this.slots.released(scopes);
    }
  }

  private planPartsOf({ deployment }: Progress, usage: TokenUsage): PlanParts {
    if (deployment?.provider !== 'codex' || usage === noUsage) return noParts;
    return this.planShares.settled(deployment.credential.name, usage);
  }

  private usualOutput({ context }: Call, { modelGroup }: Progress): number {
    return this.estimates.usualOutput(context.principal?.keyHash ?? '', modelGroup ?? '');
  }

  private learn({ context, size }: Call, { modelGroup, upstreamStartedMs }: Progress, { usage, quality }: Bill): void {
    if (quality !== 'exact' || usage.outputTokens === 0 || modelGroup === undefined) return;
    const tookMs = upstreamStartedMs === undefined ? 0 : this.clock.monotonicMs() - upstreamStartedMs;
    this.estimates.learn(context.principal?.keyHash ?? '', modelGroup, { size, usage, tookMs });
  }
}

/** What of a ticket is needed until its books are written: of the call and its answer nothing is. */
interface Held extends Pick<LetIn, 'scopes' | 'limits'> {
  readonly isUnknown: boolean;
  readonly held: Granted;
}

function whatWasHeld({ scopes, limits, routing, held }: Ticket): Held {
  return { scopes, limits, held, isUnknown: routing === undefined };
}

type Used = Pick<Bill, 'usage' | 'quality'>;

/** Told by upstream where it did; else as much as was seen. Zero and unknown are not the same. */
function usageOf(progress: Progress, usualOutput: () => number): Used {
  const { routed, ticket, told } = progress;
  if (told !== undefined) return { usage: told, quality: 'exact' };
  if (routed === undefined) return unheard(progress, usualOutput);
  const { usage } = routed.tracker;
  if (usage !== undefined) return { usage, quality: 'exact' };
  return estimated(progress, seenUsage(routed.tracker, ticket?.input ?? noUsage), usualOutput);
}

/**
 * No stream began to tell anything: who leaves while the model thinks pays for its thoughts. Else only an answer in one piece
 * that does not say what it used has used something all the same.
 */
function unheard(progress: Progress, usualOutput: () => number): Used {
  const { end, ticket, isWorking, rest } = progress;
  const asked = { ...noUsage, ...ticket?.input };
  // A budget that ended the thinking must not be given back whole, or the next request would think on it again.
  const isPaid = rest !== undefined || ticket?.isUsedUp === true;
  if (isPaid && isWorking) return estimated(progress, asked, usualOutput);
  if (end !== 'completed') return { usage: noUsage, quality: 'exact' };
  return { usage: asked, quality: 'estimated' };
}

/**
 * What was seen, and what a silent model is taken to have thought. An answer that its client wanted no more of is not taken
 * to be shorter than others: what it came to could not be learnt because of that client.
 */
function estimated({ estimatedUsage, ticket, rest }: Progress, seen: TokenUsage, usualOutput: () => number): Used {
  const shown = Math.max(seen.outputTokens, estimatedUsage?.outputTokens ?? 0);
  const thought = Math.floor(ticket?.silence.tokens ?? 0);
  const outputTokens = Math.max(shown + thought, rest === undefined ? 0 : usualOutput());
  return { usage: { ...seen, outputTokens }, quality: 'estimated' };
}

interface Ending {
  readonly error: GatewayError | undefined;
  readonly bill: Bill;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
}

/** Stand in for what there is none of. */
const nowhere = { id: undefined, apiBase: undefined, credential: { name: undefined } };
const noModel = { slug: undefined, remappedFrom: undefined };
const noCost = { nanos: undefined, cacheSavedNanos: undefined };
const noError = { status: 200, code: undefined, type: undefined };

function recordOf(call: Call, progress: Progress, { error, bill, nowMs }: Ending): RequestRecord {
  const { context, extras } = call;
  const { startedMs, upstreamStartedMs } = progress;
  const deployment = progress.deployment ?? nowhere;
  const model = modelOf(progress) ?? noModel;
  const cost = bill.cost ?? noCost;
  const failed = error ?? noError;
  return {
    requestId: context.requestId,
    route: call.route,
    principal: context.principal,
    requestedModel: requestedModelOf(call),
    modelLabel: progress.modelLabel,
    deploymentId: deployment.id,
    apiBase: deployment.apiBase,
    account: deployment.credential.name,
    upstreamModel: model.slug,
    remappedFrom: model.remappedFrom,
    usage: bill.usage === noUsage ? undefined : bill.usage,
    usageIsEstimated: bill.quality === 'estimated',
    costNanos: cost.nanos,
    cacheSavedNanos: cost.cacheSavedNanos,
    stream: isStream(call),
    isBegun: progress.isBegun,
    status: failed.status,
    errorCode: failed.code,
    errorType: failed.type,
    end: progress.end ?? endOf(error),
    attempts: progress.attempts,
    durationMs: nowMs - startedMs,
    queueMs: upstreamStartedMs === undefined ? undefined : upstreamStartedMs - startedMs,
    upstreamMs: upstreamStartedMs === undefined ? undefined : nowMs - upstreamStartedMs,
    firstContentMs: progress.firstContentMs,
    droppedParams: progress.droppedParams,
    traceId: context.span.traceId,
    customerId: extras.customerId,
    tags: tagsOf(call),
    metadata: extras.metadata,
    labelled: extras.labelled,
    clientIp: context.clientIp,
    userAgent: context.userAgent,
  };
}

function endOf(error: GatewayError | undefined): AnswerEnd {
  if (error === undefined) return 'completed';
  if (error.code === 'client_closed_request') return 'client_gone';
  return error.status < 500 && error.author !== 'upstream' ? 'refused' : 'failed';
}
