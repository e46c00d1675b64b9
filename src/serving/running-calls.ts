import { Injectable } from '@nestjs/common';
import { type GatewayError } from '../kernel/errors';
import { Stopper, type StopSignal } from '../kernel/stop-signal';
import { UpstreamFailure } from '../kernel/upstream-failure';

/** Why a call ends whose client hung up. */
function clientLeft(): UpstreamFailure {
  return new UpstreamFailure({ kind: 'client_gone', message: 'The client closed the connection.' });
}

/** What ends one call: its client that hangs up, a limit of it, or a drain whose time is up. */
export class RunningCall extends Stopper {
  private readonly leave = (): void => {
    this.abort(clientLeft());
  };

  constructor(private readonly clientGone: StopSignal) {
    super();
    clientGone.addEventListener('abort', this.leave);
    if (clientGone.aborted) this.leave();
  }

  /** The call is over; its client may go. */
  over(): void {
    this.clientGone.removeEventListener('abort', this.leave);
  }
}

/** The calls in flight, so that a drain whose time is up can end them all with a proper error. */
@Injectable()
export class RunningCalls {
  private readonly calls = new Set<RunningCall>();
  private unsettled = 0;
  private waiting: (() => void)[] = [];

  /** @returns what ends the call; give it back to `left`. */
  entered(clientGone: StopSignal): RunningCall {
    const call = new RunningCall(clientGone);
    this.calls.add(call);
    return call;
  }

  get count(): number {
    return this.calls.size;
  }

  left(call: RunningCall): void {
    call.over();
    this.calls.delete(call);
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
    for (const call of this.calls) call.abort(error);
  }
}
