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
    SELECT: {
      meaning: 'the number of the database is not there, or this user may not SELECT it',
      advice: 'take a number below databases in its configuration, or grant +select',
    },
    WRONGPASS: {
      meaning: 'user name or password is wrong',
      advice: 'check REDIS_URL, or REDIS_USERNAME and REDIS_PASSWORD',
    },
    NOAUTH: { meaning: 'it wants a password', advice: 'set REDIS_PASSWORD, or put it in REDIS_URL' },
    ECONNREFUSED: { meaning: 'nothing listens at that address', advice: 'check host and port, and that it runs' },
    ENOTFOUND: { meaning: 'there is no such host', advice: 'check the name of the host' },
    EAI_AGAIN: { meaning: 'names of hosts cannot be looked up', advice: 'check the name of the host, and DNS' },
    ETIMEDOUT: {
      meaning: 'it says nothing',
      advice: 'check host and port, the network between, and that rediss:// stands for a port with TLS only',
    },
    ECONNRESET: {
      meaning: 'it hangs up',
      advice: 'check host and port, and that rediss:// stands before a port with TLS',
    },
  }),
);

const tlsWords: RedisWords = {
  meaning: 'TLS fails',
  advice: 'check that rediss:// stands for a port with TLS, the name in its certificate, and NODE_EXTRA_CA_CERTS',
};
const otherWords: RedisWords = { meaning: 'it takes no commands at the moment', advice: 'look at its log' };

/** @param code first word of a refusal of the server, or why there is no connection. */
export function redisWords(code: string): RedisWords {
  return words.get(code) ?? (/SSL|TLS|CERT|SIGNATURE|EPROTO/.test(code) ? tlsWords : otherWords);
}
