import { z } from 'zod';
import { jsonIn } from '../../kernel/json-text';
import { type RedisLink } from '../redis/redis-link';

const replicaSchema = z.object({
  /** Of one process, made at its start. */
  id: z.string(),
  host: z.string(),
  version: z.string(),
  /** `ready`, `leaving`, `draining`. */
  state: z.string(),
  startedAtMs: z.number(),
  beatAtMs: z.number(),
  /** How far its clock is ahead of the time of Redis, milliseconds. */
  clockAheadMs: z.number(),
  /** Equal where master key and salt key are equal; tells nothing of either. */
  keyPrint: z.string(),
  /** Equal where models and aliases in force are equal. */
  modelPrint: z.string(),
});

/** What a process says of itself to the others that share its Redis. Times are those of Redis, Unix milliseconds. */
export type Replica = z.infer<typeof replicaSchema>;

/** Between two signs of life. */
export const replicaBeatMs = 10_000;
/** Without a sign for so long it is taken off the board. */
const forgottenAfterMs = 10 * 60_000;
/** Without a sign for so long it is not there, or cannot reach Redis. */
const silentAfterMs = 3 * replicaBeatMs;

/** One hash in Redis: the processes of this installation, for people who look after it. Nothing is decided by it. */
export class ReplicaBoard {
  private readonly key: string;

  constructor(private readonly link: Pick<RedisLink, 'key' | 'run' | 'nowMs'>) {
    this.key = link.key('replicas');
  }

  /** @throws {StateUnavailable} */
  async tell(replica: Replica): Promise<void> {
    await this.link.run((redis) => redis.hset(this.key, replica.id, JSON.stringify(replica)));
  }

  /** A process that ends says so. @throws {StateUnavailable} */
  async leave(id: string): Promise<void> {
    await this.link.run((redis) => redis.hdel(this.key, id));
  }

  /** Everybody who was there in the last ten minutes, oldest first; forgets the others. @throws {StateUnavailable} */
  async read(): Promise<readonly Replica[]> {
    const written = await this.link.run((redis) => redis.hgetall(this.key));
    const known: Replica[] = [];
    const gone: string[] = [];
    for (const [id, text] of Object.entries(written)) {
      const replica = replicaSchema.safeParse(jsonIn(text)).data;
      if (replica === undefined) continue;
      if (this.link.nowMs() - replica.beatAtMs > forgottenAfterMs) gone.push(id);
      else known.push(replica);
    }
    if (gone.length > 0) await this.link.run((redis) => redis.hdel(this.key, ...gone));
    return known.sort((a, b) => a.startedAtMs - b.startedAtMs);
  }

  /** Milliseconds without a sign of life when they are too many; undefined for one that is well. */
  silenceOf({ beatAtMs }: Replica): number | undefined {
    const silentMs = this.link.nowMs() - beatAtMs;
    return silentMs > silentAfterMs ? silentMs : undefined;
  }
}
