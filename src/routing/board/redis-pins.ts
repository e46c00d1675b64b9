import { type RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';
import { PinStore } from './pin-store';

/** Pins that all replicas share. While Redis is away each replica goes by what it remembers itself. */
export class RedisPins extends PinStore {
  /** @param alone what this replica pinned itself. */
  constructor(
    private readonly link: Pick<RedisLink, 'run' | 'key' | 'isUp'>,
    private readonly alone: PinStore,
  ) {
    super();
  }

  override async ask(pins: readonly string[]): Promise<readonly (string | undefined)[]> {
    if (pins.length === 0) return [];
    try {
      const found = await this.link.run((redis) => Promise.all(pins.map((pin) => redis.get(this.nameOf(pin)))));
      return found.map((value) => value ?? undefined);
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      return this.alone.ask(pins);
    }
  }

  override pin(pin: string, value: string, ttlMs: number): void {
    this.alone.pin(pin, value, ttlMs);
    this.link
      .run((redis) => redis.set(this.nameOf(pin), value, 'PX', Math.ceil(ttlMs)))
      .catch((error: unknown) => {
        if (!(error instanceof StateUnavailable)) throw error;
      });
  }

  private nameOf(pin: string): string {
    return this.link.key(`pin:${pin}`);
  }
}
