import { type UpstreamFailure } from '../../kernel/upstream-failure';
import { type TokenUsage } from '../../kernel/usage';
import { type Candidate } from '../choice/candidate';

/** How a call to a deployment ended. */
export interface LeaseEnd {
  /** Undefined when it ended well, or when it was given up for reasons of our own. */
  readonly failure?: UpstreamFailure;
  readonly usage?: TokenUsage | undefined;
  /** It ended well, so far as the deployment is concerned. */
  readonly succeeded: boolean;
}

/** When a call took its place, on both clocks, milliseconds; and the cooldown that it is to find out about. */
export interface LeaseStart {
  readonly atMs: number;
  readonly monotonicMs: number;
  readonly probed: string | undefined;
}

/** A deployment's place in use by one call, from choosing it to the end of the answer. */
export class Lease {
  /** The client has been shown content, or could have been. */
  hasContent = false;
  private isOver = false;

  constructor(
    readonly candidate: Candidate,
    readonly start: LeaseStart,
    private readonly over: (lease: Lease, end: LeaseEnd) => void,
  ) {}

  /** Only the first call counts. */
  end(end: LeaseEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    this.over(this, end);
  }
}
