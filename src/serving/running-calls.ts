import { Injectable } from '@nestjs/common';
import { type GatewayError } from '../kernel/errors';

/** The calls in flight, so that a drain whose time is up can end them all with a proper error. */
@Injectable()
export class RunningCalls {
  private readonly calls = new Set<AbortController>();

  /** @returns a controller whose signal ends the call; give it back to `left`. */
  entered(): AbortController {
    const controller = new AbortController();
    this.calls.add(controller);
    return controller;
  }

  left(controller: AbortController): void {
    this.calls.delete(controller);
  }

  /** Ends every running call with this error. */
  endAll(error: GatewayError): void {
    for (const controller of this.calls) controller.abort(error);
  }
}
