import { type RedisLink } from '../state/redis/redis-link';
import { redisWords } from '../state/redis/redis-words';
import { StateUnavailable } from '../state/state-unavailable';

/** What an operator should know of the shared state at start; empty when all is well, or when there is no Redis. */
export async function redisWarnings(link: Pick<RedisLink, 'health'> | undefined): Promise<readonly string[]> {
  try {
    return link === undefined ? [] : (await link.health()).warnings;
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    const { replyCode: code } = error;
    const trouble = code === undefined ? 'gives no answer' : `cannot be used (${code}): ${redisWords(code).meaning}`;
    return [`Redis: ${trouble}. Tokens that are valid now are used, none is renewed; it is tried again by itself.`];
  }
}
