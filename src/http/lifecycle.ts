import { Injectable } from '@nestjs/common';

/** Whether this process takes new work, and how much it still has in hand. One per process. */
@Injectable()
export class Lifecycle {
  private stateNow: 'ready' | 'draining' = 'ready';
  private requests = 0;
  private readonly waiting: (() => void)[] = [];

  get state(): 'ready' | 'draining' {
    return this.stateNow;
  }

  /** Requests admitted by the edge whose connection has not finished with them. */
  get inFlight(): number {
    return this.requests;
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
