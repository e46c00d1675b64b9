/** Steps of a refresh at which a test may end the process. */
export type RefreshStep = 'after-claim' | 'after-intent' | 'after-send' | 'after-reply' | 'after-store' | 'after-file';

/** Port: told at each step. The gateway's own does nothing unless a test asked for it. */
export abstract class FailPoints {
  abstract at(step: RefreshStep): Promise<void>;
}

/** How long after the sending began the request has certainly left, milliseconds. */
const sentAfterMs = 100;

/** Ends or stops this process, as a power cut or a sleeping host would, at the step a test names; there is none outside tests. */
export class KillingFailPoints extends FailPoints {
  private readonly step: string | undefined;
  private readonly signal: 'SIGSTOP' | 'SIGKILL';
  private isSpent = false;

  /** @param spec a step, which kills, or `<step>:SIGSTOP`, which stops once. */
  constructor(spec: string | undefined) {
    super();
    const [step, signal] = spec?.split(':') ?? [];
    this.step = step;
    this.signal = signal === 'SIGSTOP' ? signal : 'SIGKILL';
  }

  override at(step: RefreshStep): Promise<void> {
    if (step !== this.step || this.isSpent) return Promise.resolve();
    this.isSpent = true;
    if (step !== 'after-send') process.kill(process.pid, this.signal);
    else setTimeout(() => process.kill(process.pid, this.signal), sentAfterMs);
    return Promise.resolve();
  }
}
