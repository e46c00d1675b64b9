import { type RedisCommands } from './redis-link';
import { redisWords } from './redis-words';

/** What can be known of a Redis that is the system of record. */
export interface RedisHealth {
  readonly latencyMs: number;
  /** By which word it refuses to write, as far as known: `OOM`, `READONLY`. */
  readonly refusedBy: string | undefined;
  /** Undefined when our user may not ask. */
  readonly isPersistent: boolean | undefined;
  readonly evictionPolicy: string | undefined;
  readonly memoryUsedBytes: number | undefined;
  /** 0: no limit of its own. */
  readonly memoryMaxBytes: number | undefined;
  /** For the operator; empty when all is well. Never a reason not to start. */
  readonly warnings: readonly string[];
}

interface Asking {
  readonly refusedBy: string | undefined;
  run<T>(work: (redis: RedisCommands) => Promise<T>): Promise<T>;
}

/** Reads persistence and eviction as far as the user of the connection is allowed to. */
export async function healthOf(link: Asking, latencyMs: number): Promise<RedisHealth> {
  const persistence = await told(link, (redis) => redis.info('persistence'));
  const memory = await told(link, (redis) => redis.info('memory'));
  const saves = await told(link, async (redis) => String(await redis.config('GET', 'save')));
  const isPersistent = persistenceOf(persistence, saves);
  const evictionPolicy = fieldOf(memory, 'maxmemory_policy');
  const evicts = evictionPolicy !== undefined && evictionPolicy !== 'noeviction';
  const { refusedBy } = link;
  const warnings = [
    ...(refusedBy === undefined ? [] : [`Redis: refuses to write (${refusedBy}): ${redisWords(refusedBy).meaning}.`]),
    ...(persistence === undefined && memory === undefined
      ? ['Redis: this user may not read INFO, so persistence and eviction could not be checked.']
      : []),
    ...(isPersistent === false
      ? ['Redis: neither AOF nor RDB is on, so a restart of Redis loses logins, keys and spend. Set appendonly yes.']
      : []),
    ...(evicts
      ? [`Redis: maxmemory-policy is ${evictionPolicy}, which may drop logins and budgets. Set noeviction.`]
      : []),
    ...(latencyMs > 20
      ? [`Redis: a round trip took ${Math.round(latencyMs)} ms, where a near one takes less than one.`]
      : []),
  ];
  const [memoryUsedBytes, memoryMaxBytes] = [bytesOf(memory, 'used_memory'), bytesOf(memory, 'maxmemory')];
  return { latencyMs, refusedBy, isPersistent, evictionPolicy, memoryUsedBytes, memoryMaxBytes, warnings };
}

/** Undefined when RDB points cannot be read and AOF is off: nobody can say then. */
function persistenceOf(info: string | undefined, saves: string | undefined): boolean | undefined {
  if (fieldOf(info, 'aof_enabled') === '1') return true;
  if (info === undefined || saves === undefined) return undefined;
  return /\d/.test(saves);
}

function bytesOf(info: string | undefined, name: string): number | undefined {
  const text = fieldOf(info, name);
  return text === undefined ? undefined : Number(text);
}

function fieldOf(info: string | undefined, name: string): string | undefined {
  return info === undefined ? undefined : new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

async function told(link: Asking, ask: (redis: RedisCommands) => Promise<string>): Promise<string | undefined> {
  try {
    return await link.run(ask);
  } catch {
    // Refused or gone: a check that cannot be made is not a fault.
    return undefined;
  }
}
