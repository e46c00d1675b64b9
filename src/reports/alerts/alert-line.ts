import { type AlertTarget } from '../../config/alert-settings';
import { type Clock } from '../../kernel/clock';
import { Stopper } from '../../kernel/stop-signal';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { type Outbound } from '../../outbound/outbound';
import { type Delivery } from './alert-journal';
import { alertMessage } from './alert-messages';

/** Waits of a line. Milliseconds. */
export interface AlertTimes {
  /** For an answer of the target. */
  readonly answerMs: number;
  /** Before the second try; doubles with each further one. */
  readonly retryMs: number;
  readonly mostRetryMs: number;
  /** An alert that could not be told for so long is old news. */
  readonly mostAgeMs: number;
}

/** The usual waits. */
export const alertTimes: AlertTimes = {
  answerMs: 10_000,
  retryMs: 1_000,
  mostRetryMs: 300_000,
  mostAgeMs: 86_400_000,
};

/** What became of a delivery. */
export type Outcome = 'sent' | 'refused' | 'too_old';

/** What a line works with. */
export interface LineParts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly times: AlertTimes;
  readonly secret: () => string | undefined;
  /** Told once of each delivery; `status` when the target answered. */
  readonly onOver: (delivery: Delivery, outcome: Outcome, status: number | undefined) => void;
}

/** What came of one try. */
interface Reply {
  readonly status?: number;
  /** As long as the target asked for. */
  readonly pauseMs?: number;
  /** The request cannot even be made. */
  readonly isHopeless?: boolean;
}

/** Answers that another try will not change. */
function isFinal(status: number): boolean {
  return status >= 300 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}

/** A target that says when to come back is believed, up to an hour. */
function pauseIn(
  status: number,
  retryAfter: string | undefined,
  { retryMs }: AlertTimes,
): { readonly pauseMs?: number } {
  const seconds = Number(retryAfter ?? Number.NaN);
  return status === 429 && seconds >= 0 && seconds <= 3_600 ? { pauseMs: Math.max(retryMs, seconds * 1_000) } : {};
}

/**
 * The alerts for one target, in their order: one at a time, the next only when the one before it is over. A target that
 * fails is tried again with growing pauses, and holds up nobody but itself.
 */
export class AlertLine {
  private readonly waiting: Delivery[] = [];
  private readonly stopper = new Stopper();
  private running: Promise<void> | undefined;
  private wake: (() => void) | undefined;

  constructor(
    private readonly target: AlertTarget,
    private readonly parts: LineParts,
  ) {}

  /** Not waited for, and never fails. */
  push(delivery: Delivery): void {
    this.waiting.push(delivery);
    if (this.running === undefined) this.start();
  }

  /** Ends what runs; what waits stays in the journal. */
  async stop(): Promise<void> {
    this.stopper.abort(new UpstreamFailure({ kind: 'client_gone', message: 'The gateway is shutting down.' }));
    this.wake?.();
    await this.running;
  }

  private start(): void {
    this.running = this.run().finally(() => {
      this.running = undefined;
      // One may have come while the last one was on its way out.
      if (this.waiting.length > 0 && !this.isStopped()) this.start();
    });
  }

  private async run(): Promise<void> {
    for (let head = this.waiting[0]; head !== undefined && !this.isStopped(); head = this.waiting[0]) {
      await this.deliver(head);
      if (!this.isStopped()) this.waiting.shift();
    }
  }

  private async deliver(delivery: Delivery): Promise<void> {
    for (let tries = 0; !this.isStopped(); tries += 1) {
      const reply = await this.send(delivery);
      if (this.isStopped()) return;
      const outcome = this.outcomeOf(delivery, reply);
      if (outcome !== undefined) {
        this.parts.onOver(delivery, outcome, reply.status);
        return;
      }
      await this.pause(reply.pauseMs ?? this.retryPause(tries));
    }
  }

  /** Undefined while another try makes sense. */
  private outcomeOf({ queuedMs }: Delivery, { status, isHopeless }: Reply): Outcome | undefined {
    if (isHopeless === true) return 'refused';
    if (status !== undefined && status >= 200 && status < 300) return 'sent';
    if (status !== undefined && isFinal(status)) return 'refused';
    return this.parts.clock.nowMs() - queuedMs > this.parts.times.mostAgeMs ? 'too_old' : undefined;
  }

  private async send(delivery: Delivery): Promise<Reply> {
    const { outbound, clock, secret, times } = this.parts;
    const unixSeconds = Math.floor(clock.nowMs() / 1_000);
    const { headers, body } = alertMessage(this.target, delivery.alert, secret(), unixSeconds);
    const { url } = this.target;
    try {
      const request = { method: 'POST', url, headers, body, headersMs: times.answerMs, signal: this.stopper } as const;
      const answer = await outbound.send(request);
      answer.release(1_000);
      return { status: answer.status, ...pauseIn(answer.status, answer.headers['retry-after'], times) };
    } catch (error) {
      // Whatever else it is will be the same the next time, and must not end the process.
      return error instanceof UpstreamFailure ? {} : { isHopeless: true };
    }
  }

  /** Between half of it and all of it: many gateways must not come back as one. */
  private retryPause(tries: number): number {
    const { retryMs, mostRetryMs } = this.parts.times;
    return Math.min(mostRetryMs, retryMs * 2 ** Math.min(tries, 20)) * (0.5 + Math.random() / 2);
  }

  private isStopped(): boolean {
    return this.stopper.aborted;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
