import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { RedisLink } from './redis/redis-link';
import { SharedCache } from './shared-cache';
import { sharedCacheFor } from './shared-cache-choice';

/**
 * State that outlives a request. `RedisLink` is undefined without Redis: inject it as
 * `@Inject(RedisLink) redis: RedisLink | undefined`. It closes at application shutdown, so whoever writes on the way down
 * does so in `onModuleDestroy` or `beforeApplicationShutdown`.
 */
@Global()
@Module({
  providers: [
    { provide: RedisLink, useFactory: openLink, inject: [SETTINGS, Clock] },
    { provide: SharedCache, useFactory: sharedCacheFor, inject: [SETTINGS, Clock, RedisLink] },
  ],
  exports: [RedisLink, SharedCache],
})
export class StateModule implements OnApplicationShutdown {
  constructor(@Inject(RedisLink) private readonly redis: RedisLink | undefined) {}

  async onApplicationShutdown(): Promise<void> {
    await this.redis?.close();
  }
}

/** A Redis that is away does not keep the gateway from starting: it goes on trying, and `serve` says so. */
async function openLink(settings: Settings, clock: Clock): Promise<RedisLink | undefined> {
  if (settings.redis === undefined) return undefined;
  const link = new RedisLink(settings.redis, settings.times, clock);
  await link.open();
  return link;
}
