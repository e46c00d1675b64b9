import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, Optional } from '@nestjs/common';
import { Observer } from '../kernel/observer';
import { RedisLink } from '../state/redis/redis-link';

/** Between two looks, milliseconds; Prometheus usually asks every fifteen seconds. */
const lookEveryMs = 5_000;

/** Looks at the shared state now and then, so that its memory and its absence can be seen while nobody uses it. */
@Injectable()
export class StateWatch implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly observer: Observer,
    @Optional() @Inject(RedisLink) private readonly link?: Pick<RedisLink, 'health'>,
  ) {}

  onApplicationBootstrap(): void {
    const { link } = this;
    if (link === undefined) return;
    void this.look(link);
    this.timer = setInterval(() => void this.look(link), lookEveryMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async look(link: Pick<RedisLink, 'health'>): Promise<void> {
    try {
      const { memoryUsedBytes, memoryMaxBytes, refusedBy } = await link.health();
      this.observer.stateSeen({ degraded: refusedBy !== undefined, memoryUsedBytes, memoryMaxBytes });
    } catch {
      this.observer.stateSeen({ degraded: true });
    }
  }
}
