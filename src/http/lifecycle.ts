import { Injectable } from '@nestjs/common';

/** `leaving`: still serving, no longer ready, so that balancers send new work elsewhere. `draining`: refuses new work. */
export type LifeState = 'ready' | 'leaving' | 'draining';

/** Whether this process takes new work, and how much it still has in hand. One per process. */
@Injectable()
export class Lifecycle {
  private stateNow: LifeState = 'ready';
  private requests = 0;
  private readonly waiting: (() => void)[] = [];

  get state(): LifeState {
    return this.stateNow;
  }

  /** Requests admitted by the edge whose connection has not finished with them. */
  get inFlight(): number {
    return this.requests;
  }

  /** From here on readiness says no and clients are told to connect anew elsewhere; work is taken all the same. */
  leaveSoon(): void {
    if (this.stateNow === 'ready') this.stateNow = 'leaving';
  }

  /** From here on new work is refused with 503; running work goes on. */
  drain(): void {
    this.stateNow = 'draining';
  }

  /** Resolves when no request is in hand: at once on an idle process. */
  drained(): Promise<void> {
    if (this.requests === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Counts a request in. */
  enter(): void {
    this.requests += 1;
  }

  /** Counts it out; once per `enter`. */
  leave(): void {
    this.requests -= 1;
    if (this.requests > 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
