import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';

/** The machine's own time. */
@Injectable()
export class SystemClock extends Clock {
  override nowMs(): number {
    return Date.now();
  }

  override monotonicMs(): number {
    return performance.now();
  }
}
