import { type CallbackSettings } from '../../config/observability-settings';
import { type Clock } from '../../kernel/clock';
import { type RequestRecord } from '../../kernel/observer';
import { type Outbound } from '../../outbound/outbound';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { type GatewayMetrics } from '../../telemetry/gateway-metrics';
import { callbackEvent } from './callback-event';
import { signatureHeader, signatureOf } from './webhook-signature';

/** How events are gathered and given up; milliseconds and counts. */
export interface WebhookLimits {
  /** Events that may wait; what comes when it is full is dropped and counted. */
  readonly mostWaiting: number;
  readonly mostInBatch: number;
  /** How long an event waits for others. */
  readonly gatherMs: number;
  readonly timeoutMs: number;
  /** Pauses before the second and every further try; then the batch is lost, and counted. */
  readonly retryMs: readonly number[];
}

/** Of the program. */
export const webhookLimits: WebhookLimits = {
  mostWaiting: 10_000,
  mostInBatch: 100,
  gatherMs: 1_000,
  timeoutMs: 10_000,
  retryMs: [1_000, 5_000, 15_000],
};

/** Who works with the callback. */
export interface WebhookParts {
  readonly outbound: Outbound;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly limits: WebhookLimits;
}

const name = 'webhook';

/** Posts finished requests to the operator's receiver: in batches, signed, one at a time, and never in a request's way. */
export class WebhookCallback {
  private readonly waiting: JsonObject[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;
  private isClosing = false;

  constructor(
    private readonly settings: CallbackSettings & { readonly webhookUrl: string },
    private readonly parts: WebhookParts,
  ) {}

  /** Takes the event when this kind of request is wanted. */
  hear(record: RequestRecord): void {
    const { webhook } = this.settings;
    const failed = record.errorCode !== undefined;
    if (webhook === 'none' || (webhook === 'success' && failed) || (webhook === 'failure' && !failed)) return;
    if (this.waiting.length >= this.parts.limits.mostWaiting) {
      this.count('dropped', 1);
      return;
    }
    this.waiting.push(callbackEvent(record, this.parts.clock.nowMs()));
    if (this.waiting.length >= this.parts.limits.mostInBatch) this.send();
    else this.timer ??= setTimeout(this.send, this.parts.limits.gatherMs).unref();
  }

  /** Sends what waits, once and without further tries, and waits for it. */
  async close(): Promise<void> {
    this.isClosing = true;
    this.send();
    await this.sending;
  }

  private readonly send = (): void => {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending ??= this.sendAll().finally(() => {
      this.sending = undefined;
    });
  };

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.parts.limits.mostInBatch);
      const wasSent = await this.delivered(batch);
      this.count(wasSent ? 'sent' : 'failed', batch.length);
      if (!wasSent) this.parts.metrics.state.callbackFailures.add([name]);
    }
  }

  private async delivered(batch: readonly JsonObject[]): Promise<boolean> {
    const body = JSON.stringify({ type: 'requests', events: batch });
    for (const waitMs of [0, ...this.parts.limits.retryMs]) {
      if (waitMs > 0 && this.isClosing) return false;
      if (waitMs > 0) await pause(waitMs);
      if (await this.posted(body)) return true;
    }
    return false;
  }

  /** A receiver that does not answer with 2xx has not taken it, whatever it says. */
  private async posted(body: string): Promise<boolean> {
    const { webhookUrl: url, signingSecret } = this.settings;
    const { outbound, clock, limits } = this.parts;
    const seconds = Math.floor(clock.nowMs() / 1_000);
    const signature =
      signingSecret === undefined ? {} : { [signatureHeader]: signatureOf(body, signingSecret, seconds) };
    const headers = { 'content-type': 'application/json', ...signature };
    try {
      const response = await outbound.send({ method: 'POST', url, headers, body, headersMs: limits.timeoutMs });
      response.release(limits.timeoutMs);
      return response.status >= 200 && response.status < 300;
    } catch {
      return false;
    }
  }

  private count(outcome: 'sent' | 'failed' | 'dropped', events: number): void {
    this.parts.metrics.state.callbackEvents.add([name, outcome], events);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
