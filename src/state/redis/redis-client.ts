import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { type RedisNode } from '../../config/redis-nodes';
import { type RedisSettings } from '../../config/redis-settings';

/** Without the one field whose type forbids an explicit `undefined`, so that options can be spread. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** A connection to a server, or to all nodes of a Cluster. */
export type RedisClient = Redis | Cluster;

/** What one connection is for. */
export interface ClientUse {
  readonly connectMs: number;
  readonly redisCommandMs: number;
  /** Subscriptions wait for the connection; commands fail at once without it, so that nothing hangs. */
  readonly waits: boolean;
}

/** A socket that gave no answer for so long, and for two commands' time, is dead, whatever TCP thinks; milliseconds. */
const deadSocketMs = 2_000;
/** At the end an answerless connection is cut after this long, milliseconds. */
const farewellMs = 200;
const longestPauseMs = 2_000;
/** Between two connections that are given up because their server refuses writes, milliseconds: others use them to read. */
const lookAgainMs = 1_000;

/** A client that is not yet connected. Reconnects for ever; resends nothing by itself. */
export function redisClient(settings: RedisSettings, use: ClientUse): RedisClient {
  const options = optionsOf(settings, use);
  const { place, db } = settings;
  switch (place.kind) {
    case 'server':
      return new Redis({ ...options, ...place.node, db });
    case 'socket':
      return new Redis({ ...options, path: place.path, db });
    case 'sentinel': {
      const { sentinels, masterName, sentinelPassword } = place;
      return new Redis({
        ...options,
        db,
        sentinels: sentinels.map(({ host, port }) => ({ host, port })),
        name: masterName,
        ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
        sentinelRetryStrategy: pauseMs,
        ...(settings.tls ? { enableTLSForSentinelMode: true } : {}),
      });
    }
    case 'cluster':
      return clusterOf(place.nodes, options, use);
  }
}

function clusterOf(nodes: readonly RedisNode[], options: Options, { waits }: ClientUse): Cluster {
  return new Cluster(
    nodes.map(({ host, port }) => ({ host, port })),
    { lazyConnect: true, enableOfflineQueue: waits, clusterRetryStrategy: pauseMs, redisOptions: options },
  );
}

function optionsOf({ username, password, tls }: RedisSettings, use: ClientUse): Options {
  const { connectMs, redisCommandMs, waits } = use;
  return {
    lazyConnect: true,
    // What every server and proxy speaks.
    protocol: 2,
    connectTimeout: connectMs,
    socketTimeout: Math.max(deadSocketMs, 2 * redisCommandMs),
    disconnectTimeout: farewellMs,
    enableOfflineQueue: waits,
    // A command whose answer was lost must be judged by its sender, never sent again behind its back.
    autoResendUnfulfilledCommands: false,
    // `RedisSubscriber` does it; when the library is refused, nobody catches that and the process ends.
    autoResubscribe: false,
    maxRetriesPerRequest: waits ? null : 0,
    retryStrategy: pauseMs,
    // After a failover the old master refuses writes: look for the new one.
    reconnectOnError: readonlyNowAndThen(),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
}

/** Quick at first, then every two seconds, apart from other replicas by a random part. */
function pauseMs(attempt: number): number {
  return Math.min(longestPauseMs, 50 * 2 ** Math.min(attempt, 6)) * (0.75 + Math.random() / 2);
}

function readonlyNowAndThen(): (error: Error) => boolean {
  let lastMs = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    const nowMs = performance.now();
    if (!message.startsWith('READONLY') || nowMs - lastMs < lookAgainMs) return false;
    lastMs = nowMs;
    return true;
  };
}
