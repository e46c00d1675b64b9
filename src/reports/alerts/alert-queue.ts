import { randomUUID } from 'node:crypto';
import { type AlertSettings } from '../../config/alert-settings';
import { type Clock } from '../../kernel/clock';
import { type Outbound } from '../../outbound/outbound';
import { type SharedCache } from '../../state/shared-cache';
import { type GatewayLogger } from '../../telemetry/logger';
import { type AlertBody, type AlertEvent } from './alert-event';
import { AlertJournal, type Delivery } from './alert-journal';
import { AlertLine, type AlertTimes, alertTimes, type Outcome } from './alert-line';

/** What a queue works with. */
export interface QueueParts {
  /** Asked at each use: they may be read anew while the process runs. */
  readonly settings: () => AlertSettings;
  readonly stateDir: string;
  readonly outbound: Outbound;
  /** Says once for all replicas that an event may be told. */
  readonly shared: Pick<SharedCache, 'claim'>;
  readonly clock: Clock;
  readonly logger: Pick<GatewayLogger, 'event'>;
  readonly times?: AlertTimes;
  /** Alerts that may wait at the same time. */
  readonly mostWaiting?: number;
}

/** What became of alerts since the process started. */
export interface AlertCounts {
  sent: number;
  /** Refused by their target, or not told for a day. */
  failed: number;
  /** Not even queued, because too many were waiting. */
  dropped: number;
}

const usualMostWaiting = 1_000;
/** How often the log says that alerts are dropped. Milliseconds. */
const dropLogMs = 60_000;

/**
 * From an event to its delivery: on disk first, then claimed among the replicas, then sent. What a crash leaves behind is
 * sent at the next start: an alert may then be told twice, and is never lost.
 */
export class AlertQueue {
  readonly counts: AlertCounts = { sent: 0, failed: 0, dropped: 0 };
  private readonly lines = new Map<string, AlertLine>();
  private readonly journal: AlertJournal;
  private opening: Promise<ReadonlyMap<string, number>> | undefined;
  private isClosed = false;
  private queued = 0;
  private dropLoggedMs = -Infinity;

  constructor(private readonly parts: QueueParts) {
    this.journal = new AlertJournal(parts.stateDir, () => parts.clock.nowMs());
  }

  /** Takes up what a process of before left. @returns keys that were told already → until when. Never fails. */
  open(): Promise<ReadonlyMap<string, number>> {
    this.opening ??= this.journal.open().then(
      ({ told, deliveries }) => {
        for (const delivery of deliveries) this.resume(delivery);
        return told;
      },
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown';
        this.parts.logger.event('warn', 'alerts are not kept over a restart: their journal cannot be used', { reason });
        return new Map<string, number>();
      },
    );
    return this.opening;
  }

  /** Not waited for, and never fails: a request is not held up by what is told about it. */
  put(event: AlertEvent): void {
    const targets = this.parts.settings().targets.filter(({ types }) => types.has(event.type));
    if (targets.length === 0) return;
    if (this.queued + targets.length > (this.parts.mostWaiting ?? usualMostWaiting)) {
      this.dropped(targets.length);
      return;
    }
    this.queued += targets.length;
    const alert = this.bodyOf(event);
    const queuedMs = this.parts.clock.nowMs();
    const deliveries = targets.map(({ name }) => ({ id: randomUUID(), target: name, alert, queuedMs }));
    this.admit(event, deliveries).catch((error: unknown) => {
      this.queued -= deliveries.length;
      const reason = error instanceof Error ? error.message : 'unknown';
      this.parts.logger.event('error', 'an alert was lost', { event: alert.event, reason });
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.lines.values()].map((line) => line.stop()));
    await this.opening;
    await this.journal.close();
  }

  private async admit(event: AlertEvent, deliveries: readonly Delivery[]): Promise<void> {
    await this.open();
    // A disk that is full loses nothing yet: the alert is sent from memory.
    await this.write(event, deliveries).catch(() => undefined);
    const { shared } = this.parts;
    if (await shared.claim(event.key, event.ttlMs)) {
      await Promise.all(event.covers.map((key) => shared.claim(key, event.ttlMs)));
      for (const delivery of deliveries) this.lineTo(delivery.target)?.push(delivery);
      return;
    }
    this.queued -= deliveries.length;
    await Promise.all(deliveries.map(({ id }) => this.journal.drop(id))).catch(() => undefined);
  }

  /** Before anybody is asked: whoever tells it, this process need not do so again. */
  private async write({ key, covers, ttlMs }: AlertEvent, deliveries: readonly Delivery[]): Promise<void> {
    const untilMs = this.parts.clock.nowMs() + ttlMs;
    await Promise.all([
      ...deliveries.map((delivery) => this.journal.keep(delivery)),
      ...[key, ...covers].map((each) => this.journal.tell(each, untilMs)),
    ]);
  }

  /** A target that the settings no longer have is no longer told. */
  private resume(delivery: Delivery): void {
    const line = this.lineTo(delivery.target);
    if (line === undefined) {
      void this.journal.drop(delivery.id).catch(() => undefined);
      return;
    }
    this.queued += 1;
    line.push(delivery);
  }

  /** Made at its first use; undefined once the queue is closed, and for targets that nobody names any more. */
  private lineTo(name: string): AlertLine | undefined {
    const known = this.lines.get(name);
    if (known !== undefined) return known;
    const { settings, outbound, clock, times = alertTimes } = this.parts;
    const target = settings().targets.find((each) => each.name === name);
    if (target === undefined || this.isClosed) return undefined;
    const onOver = this.over.bind(this);
    const line = new AlertLine(target, { outbound, clock, times, secret: () => settings().signingSecret, onOver });
    this.lines.set(name, line);
    return line;
  }

  private over(delivery: Delivery, outcome: Outcome, status: number | undefined): void {
    this.queued -= 1;
    if (outcome === 'sent') {
      this.counts.sent += 1;
    } else {
      this.counts.failed += 1;
      const { event } = delivery.alert;
      const fields = { event, target: delivery.target, outcome, status };
      this.parts.logger.event('warn', 'an alert was not accepted', fields);
    }
    void this.journal.drop(delivery.id).catch(() => undefined);
  }

  private dropped(count: number): void {
    this.counts.dropped += count;
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.dropLoggedMs < dropLogMs) return;
    this.dropLoggedMs = nowMs;
    this.parts.logger.event('warn', 'too many alerts are waiting: new ones are dropped', {
      count: this.counts.dropped,
    });
  }

  private bodyOf({ body }: AlertEvent): AlertBody {
    return { ...body, event_id: randomUUID(), event_time: new Date(this.parts.clock.nowMs()).toISOString() };
  }
}
