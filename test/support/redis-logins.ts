import { RedisCredentialStore } from '../../src/state/credentials/redis-credential-store';
import { type RedisLink } from '../../src/state/redis/redis-link';

/** The store of one process on a real Redis, with the test's time in place of the server's. */
export function redisLogins(link: RedisLink, nowMs: () => number): RedisCredentialStore {
  return new RedisCredentialStore({
    script: link.script.bind(link),
    publish: link.publish.bind(link),
    subscribe: link.subscribe.bind(link),
    nowMs,
  });
}
