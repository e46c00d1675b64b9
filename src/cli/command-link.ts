import { type RedisSettings } from '../config/redis-settings';
import { type Settings } from '../config/settings';
import { type Clock } from '../kernel/clock';
import { RedisLink } from '../state/redis/redis-link';

/** Redis for a command: no request is held up by it, so an answer may take as long as a connection. */
export function commandLink(redis: RedisSettings, { times }: Pick<Settings, 'times'>, clock: Clock): RedisLink {
  return new RedisLink(redis, { ...times, redisCommandMs: times.connectMs }, clock);
}
