import { Clock } from '../../src/kernel/clock';

/** The machine's time, moved by a test. */
export class MovedClock extends Clock {
  aheadMs = 0;

  override nowMs(): number {
    return Date.now() + this.aheadMs;
  }

  override monotonicMs(): number {
    return performance.now() + this.aheadMs;
  }
}
