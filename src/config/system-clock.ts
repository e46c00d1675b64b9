import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { testKnobs } from './test-knobs';

/** The machine's own time. */
@Injectable()
export class SystemClock extends Clock {
  private readonly offsetMs = testKnobs().clockAheadMs;

  override nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  override monotonicMs(): number {
    return performance.now();
  }
}
