import { type RedisLink } from './redis/redis-link';
import { SharedCache } from './shared-cache';
import { StateUnavailable } from './state-unavailable';

/** Shared by all replicas. Without an answer from Redis nothing is found, nothing is kept, and claims hold in this process only. */
export class RedisSharedCache extends SharedCache {
  /** @param alone stands in for claims while Redis is away. */
  constructor(
    private readonly link: Pick<RedisLink, 'run' | 'key'>,
    private readonly alone: Pick<SharedCache, 'claim'>,
  ) {
    super();
  }

  async get(key: string): Promise<string | undefined> {
    const found = await this.tried((redis) => redis.get(this.nameOf('cache', key)));
    return found ?? undefined;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    if (ttlMs <= 0) return;
    await this.tried((redis) => redis.set(this.nameOf('cache', key), value, 'PX', Math.ceil(ttlMs)));
  }

  async claim(key: string, ttlMs: number): Promise<boolean> {
    const reply = await this.tried((redis) => redis.set(this.nameOf('claim', key), '1', 'PX', Math.ceil(ttlMs), 'NX'));
    return reply === undefined ? this.alone.claim(key, ttlMs) : reply === 'OK';
  }

  private nameOf(kind: 'cache' | 'claim', key: string): string {
    return this.link.key(`${kind}:${key}`);
  }

  private async tried<T>(work: Parameters<typeof this.link.run<T>>[0]): Promise<T | undefined> {
    try {
      return await this.link.run(work);
    } catch (error) {
      if (error instanceof StateUnavailable) return undefined;
      throw error;
    }
  }
}
