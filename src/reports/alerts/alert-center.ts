import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { type ScopeLimits } from '../../kernel/limits';
import { dollarsFromNanos } from '../../kernel/money';
import { type Principal } from '../../kernel/principal';
import { type LimitState } from '../../metering/meter';
import { type AlertEvent, blankBody } from './alert-event';
import { type AlertCounts, AlertQueue } from './alert-queue';
import { budgetEvents, refusedEvent } from './budget-events';

/** A key or user that was made, as an alert tells it. Never the key itself. */
export interface NewHolder {
  /** SHA-256 of the key. */
  readonly keyHash?: string;
  readonly keyAlias?: string;
  readonly userId?: string;
  readonly userEmail?: string;
  readonly teamId?: string;
  readonly maxBudgetNanos?: number;
}

const mostTold = 10_000;
/** Spend of customers is gathered for so long before it is told. Milliseconds. */
const spendEveryMs = 60_000;
const mostCustomers = 1_000;

/**
 * Watches budgets and tells those who want to know: once for each level of each budget and period, over all replicas.
 *
 * Every method comes back at once and never fails; what is told is sent later, from a queue that survives a restart.
 */
@Injectable()
export class AlertCenter implements OnModuleInit, OnModuleDestroy {
  /** Keys that this process need not look at again → until when, Unix milliseconds. */
  private readonly told = new Map<string, number>();
  private readonly spent = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'alerts'>,
    private readonly queue: AlertQueue,
    private readonly clock: Clock,
  ) {}

  /** What became of alerts since the process started. */
  get counts(): Readonly<AlertCounts> {
    return this.queue.counts;
  }

  async onModuleInit(): Promise<void> {
    if (!this.isOn) return;
    for (const [key, untilMs] of await this.queue.open()) this.told.set(key, untilMs);
  }

  async onModuleDestroy(): Promise<void> {
    this.tellSpend();
    await this.queue.close();
  }

  /** After an admission: how the limits of a request stand. @param customer its book, where the request names one. */
  sawLimits(principal: Principal, limits: readonly LimitState[], customer?: ScopeLimits): void {
    if (!this.isOn || limits.length === 0) return;
    for (const event of budgetEvents({ principal, customer }, limits, this.times())) this.raise(event);
  }

  /** A request was refused: a budget that has no room for it counts as crossed. */
  sawRefusal(principal: Principal, limit: LimitState): void {
    if (!this.isOn) return;
    const event = refusedEvent(principal, limit, this.times());
    if (event !== undefined) this.raise(event);
  }

  /** A customer's request was settled; told in sums of a minute. Nano-dollars. */
  sawSpend(customerId: string, nanos: number): void {
    if (!this.isOn || nanos <= 0) return;
    if (!this.settings.alerts.targets.some(({ types }) => types.has('spend_tracked'))) return;
    if (this.spent.size >= mostCustomers && !this.spent.has(customerId)) this.tellSpend();
    this.timer ??= setTimeout(() => {
      this.tellSpend();
    }, spendEveryMs).unref();
    this.spent.set(customerId, (this.spent.get(customerId) ?? 0) + nanos);
  }

  /** A virtual key was made. */
  keyCreated(holder: NewHolder): void {
    if (!this.isOn) return;
    const name = holder.keyAlias ?? holder.keyHash?.slice(0, 12) ?? 'without a name';
    this.queue.put(creation('new_virtual_key_created', 'key_created', holder, `Key created: ${name}.`));
  }

  /** A user was made. */
  internalUserCreated(holder: NewHolder): void {
    if (!this.isOn) return;
    const message = `User created: ${holder.userEmail ?? holder.userId ?? 'without a name'}.`;
    this.queue.put(creation('new_internal_user_created', 'internal_user_created', holder, message));
  }

  private get isOn(): boolean {
    return this.settings.alerts.targets.length > 0;
  }

  private raise(event: AlertEvent): void {
    const nowMs = this.clock.nowMs();
    if ((this.told.get(event.key) ?? 0) > nowMs) return;
    if (this.told.size >= mostTold) this.forget(nowMs);
    for (const key of [event.key, ...event.covers]) this.told.set(key, nowMs + event.ttlMs);
    this.queue.put(event);
  }

  /** Lapsed ones, and when few have lapsed the oldest: the shared state still knows them. */
  private forget(nowMs: number): void {
    for (const [key, untilMs] of this.told) if (untilMs <= nowMs) this.told.delete(key);
    for (const key of this.told.keys()) {
      if (this.told.size < mostTold / 2) break;
      this.told.delete(key);
    }
  }

  private tellSpend(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [customerId, nanos] of this.spent) this.queue.put(spendEvent(customerId, nanos, this.clock.nowMs()));
    this.spent.clear();
  }

  private times(): { readonly nowMs: number; readonly repeatMs: number } {
    return { nowMs: this.clock.nowMs(), repeatMs: this.settings.alerts.repeatMs };
  }
}

/** A minute, in which the same thing is not told twice. */
const briefMs = 60_000;

function creation(
  type: AlertEvent['type'],
  event: 'key_created' | 'internal_user_created',
  holder: NewHolder,
  message: string,
): AlertEvent {
  const { keyHash = null, keyAlias = null, userId = null, userEmail = null, teamId = null, maxBudgetNanos } = holder;
  return {
    type,
    key: `alert:${event}:${keyHash ?? ''}:${userId ?? ''}`,
    ttlMs: briefMs,
    covers: [],
    body: {
      ...blankBody,
      max_budget: maxBudgetNanos === undefined ? null : dollarsFromNanos(maxBudgetNanos),
      token: keyHash,
      key_alias: keyAlias,
      user_id: userId,
      user_email: userEmail,
      team_id: teamId,
      event,
      event_group: event === 'key_created' ? 'key' : 'internal_user',
      event_message: message,
    },
  };
}

function spendEvent(customerId: string, nanos: number, nowMs: number): AlertEvent {
  const spend = dollarsFromNanos(nanos);
  return {
    type: 'spend_tracked',
    // Each process tells what it served; the moment keeps the sums apart.
    key: `alert:spend_tracked:${customerId}:${nowMs}:${nanos}`,
    ttlMs: briefMs,
    covers: [],
    body: {
      ...blankBody,
      spend,
      customer_id: customerId,
      event: 'spend_tracked',
      event_group: 'customer',
      event_message: `Customer ${customerId} spent $${spend}.`,
    },
  };
}
