import { Injectable } from '@nestjs/common';
import { type GatewayError } from '../kernel/errors';
import { Stopper } from '../kernel/stop-signal';
import { UpstreamFailure } from '../kernel/upstream-failure';

/** Why a call ends whose client hung up. */
export function clientLeft(): UpstreamFailure {
  return new UpstreamFailure({ kind: 'client_gone', message: 'The client closed the connection.' });
}

/** The calls in flight, so that a drain whose time is up can end them all with a proper error. */
@Injectable()
export class RunningCalls {
  private readonly calls = new Set<Stopper>();
  private unsettled = 0;
  private waiting: (() => void)[] = [];

  /** @returns a signal that ends the call; give it back to `left`. */
  entered(): Stopper {
    const stopper = new Stopper();
    this.calls.add(stopper);
    return stopper;
  }

  get count(): number {
    return this.calls.size;
  }

  left(stopper: Stopper): void {
    this.calls.delete(stopper);
  }

  /** A call began whose books must be closed, whatever happens; tell `settled` when they are. */
  begun(): void {
    this.unsettled += 1;
  }

  settled(): void {
    this.unsettled -= 1;
    if (this.unsettled > 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Resolves when the books of every call are closed: some outlast their client's connection. */
  allSettled(): Promise<void> {
    if (this.unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Ends every running call with this error. */
  endAll(error: GatewayError): void {
    for (const stopper of this.calls) stopper.abort(error);
  }
}
