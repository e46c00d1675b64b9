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

  /** Ends every running call with this error. */
  endAll(error: GatewayError): void {
    for (const stopper of this.calls) stopper.abort(error);
  }
}
