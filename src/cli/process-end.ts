import { type GatewayLogger } from '../telemetry/logger';
import { endBySignal, endingSignals, leaveSignals } from './end-by-signal';

/** Why a process ends: somebody asked for it (0), or it broke (1). */
export interface EndReason {
  readonly status: 0 | 1;
  /** Of several processes behind one port only this one ends: others go on. */
  readonly alone: boolean;
}

/** What the rest of a signal's life does. */
export interface EndActions {
  /** The second signal: do not wait for running work any longer. */
  readonly hurry: () => void;
  /** SIGHUP without a terminal. */
  readonly reload: () => void;
}

/**
 * Listens to what ends a process from outside and from inside. The first SIGTERM or SIGINT asks for the end, the second
 * hurries it, the third ends the process as if nobody listened. An exception that nobody caught is logged once and asks for
 * the end with status 1: what it left behind cannot be trusted, what runs beside it can.
 */
export class ProcessEnd {
  private resolve: (reason: EndReason) => void = () => undefined;
  /** Settles at the first reason. */
  readonly asked = new Promise<EndReason>((resolve) => {
    this.resolve = resolve;
  });
  private heard = 0;
  private broken = false;
  private logger: GatewayLogger | undefined;
  private actions: EndActions | undefined;

  /** From here on; a process that has not begun to serve ends at a signal as other programs do. @param logger where a bug is told. */
  listen(logger: GatewayLogger, actions: EndActions): void {
    this.logger = logger;
    this.actions = actions;
    for (const signal of endingSignals) process.on(signal, this.onSignal);
    // Behind that: with nobody listening for a moment a signal that came just now would be lost.
    leaveSignals();
    process.on('SIGHUP', this.onHangUp);
    process.on('uncaughtException', this.onBug);
    process.on('unhandledRejection', this.onBug);
  }

  /** Only the first reason counts. */
  ask(reason: EndReason): void {
    this.resolve(reason);
  }

  /** Something broke, also after the end was asked for by others. */
  get isBroken(): boolean {
    return this.broken;
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    this.heard += 1;
    if (this.heard === 1) this.ask({ status: 0, alone: true });
    else if (this.heard === 2) this.actions?.hurry();
    else endBySignal(signal);
  };

  /** A terminal that closes means the end for what runs in its foreground. */
  private readonly onHangUp = (): void => {
    if (process.stdin.isTTY || process.stdout.isTTY) this.onSignal('SIGINT');
    else this.actions?.reload();
  };

  private readonly onBug = (error: unknown): void => {
    const first = !this.broken;
    this.broken = true;
    if (first) this.logger?.failure(error, { context: 'a bug: the process ends after what runs' });
    this.ask({ status: 1, alone: true });
  };
}
