import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, Optional } from '@nestjs/common';
import { Observer } from '../kernel/observer';
import { LastComparison } from '../metering/keeping/last-comparison';
import { Meter } from '../metering/meter';
import { RedisLink } from '../state/redis/redis-link';

/** Between two looks, milliseconds; Prometheus usually asks every fifteen seconds. */
const lookEveryMs = 5_000;

/** Looks at the state now and then, Redis or `STATE_DIR`, so that its memory and its absence can be seen while nobody uses it. */
@Injectable()
export class StateWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly observer: Observer,
    private readonly meter: Meter,
    private readonly comparison: LastComparison,
    @Optional() @Inject(RedisLink) private readonly link?: Pick<RedisLink, 'health'>,
  ) {}

  onApplicationBootstrap(): void {
    void this.look();
    this.timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { link } = this;
    if (link === undefined) {
      this.observer.stateSeen({ degraded: !this.meter.health.isUp });
      return;
    }
    try {
      const { memoryUsedBytes, memoryMaxBytes, refusedBy } = await link.health();
      this.observer.stateSeen({ degraded: refusedBy !== undefined, memoryUsedBytes, memoryMaxBytes });
      const leftWrong = await this.comparison.leftWrong();
      if (leftWrong !== undefined) this.observer.leftWrongKnown(leftWrong);
    } catch {
      this.observer.stateSeen({ degraded: true });
    }
  }
}
