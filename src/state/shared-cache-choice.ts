import { type Settings } from '../config/settings';
import { type Clock } from '../kernel/clock';
import { type RedisLink } from './redis/redis-link';
import { type SharedCache } from './shared-cache';
import { FileSharedCache } from './shared-cache-files';
import { MemorySharedCache } from './shared-cache-memory';
import { RedisSharedCache } from './shared-cache-redis';

/** Redis when it is configured, else files in `cacheDir`: either way a restart finds what was cached. */
export function sharedCacheFor(
  { cacheDir }: Pick<Settings, 'cacheDir'>,
  clock: Clock,
  redis: RedisLink | undefined,
): SharedCache {
  const alone = new MemorySharedCache(clock);
  return redis === undefined ? new FileSharedCache(cacheDir, clock, alone) : new RedisSharedCache(redis, alone);
}
