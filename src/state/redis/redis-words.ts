/** What a word of Redis, or of the way to it, means to its operator. */
export interface RedisWords {
  /** What is wrong, to stand behind a colon. */
  readonly meaning: string;
  /** The way out. */
  readonly advice: string;
}

const words: ReadonlyMap<string, RedisWords> = new Map(
  Object.entries({
    OOM: {
      meaning: 'it is full',
      advice: 'raise maxmemory, or lower maximum_spend_logs_rows or maximum_spend_logs_retention_period',
    },
    READONLY: {
      meaning: 'it is read-only, a replica',
      advice: 'use the address of the primary, or Sentinel or Cluster settings',
    },
    NOREPLICAS: {
      meaning: 'it is read-only while it has fewer replicas than min-replicas-to-write',
      advice: 'bring its replicas back, or lower min-replicas-to-write',
    },
    MISCONF: {
      meaning: 'it is read-only while it cannot save to its disk',
      advice: 'look at its log and its disk',
    },
  }),
);

/** @param code first word of a refusal of the server. */
export function redisWords(code: string): RedisWords {
  const unknown = { meaning: 'it takes no commands at the moment', advice: 'look at its log' };
  return words.get(code) ?? unknown;
}
