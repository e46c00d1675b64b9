/** Steps of a refresh at which a test may end the process. */
export type RefreshStep = 'after-claim' | 'after-intent' | 'after-send' | 'after-reply' | 'after-store' | 'after-file';

/** Port: told at each step. The gateway's own does nothing unless a test asked for it. */
export abstract class FailPoints {
  abstract at(step: RefreshStep): Promise<void>;
}

/** How long after the sending began the request has certainly left, milliseconds. */
const sentAfterMs = 100;

/** Ends this process, as a power cut would, at the step that the settings name; there is none outside tests. */
export class KillingFailPoints extends FailPoints {
  constructor(private readonly step: string | undefined) {
    super();
  }

  override at(step: RefreshStep): Promise<void> {
    if (step !== this.step) return Promise.resolve();
    if (step !== 'after-send') process.kill(process.pid, 'SIGKILL');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), sentAfterMs);
    return Promise.resolve();
  }
}
