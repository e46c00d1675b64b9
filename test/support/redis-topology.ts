import { join } from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { type RedisPlace } from '../../src/config/redis-settings';
import { freePort } from './free-port';
import { RedisNode } from './redis-node';

/** Several processes that are one Redis to their clients. */
export interface RedisTopology {
  /** Those that hold data, and what else there is. */
  readonly nodes: readonly RedisNode[];
  readonly place: RedisPlace;
  /** The same for a gateway's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ports of the servers that take writes now. */
  readonly primaries: () => readonly number[];
  /** After all processes were ended: starts them anew, empty. */
  readonly resume: () => Promise<void>;
  /** Kills the primary and waits until another took its place; undefined where there is no other. */
  readonly failOver: (() => Promise<void>) | undefined;
}

const host = '127.0.0.1';
const slots = 16_384;
const patienceMs = 30_000;
const masterName = 'main';
/** How long a primary must be silent before the Sentinel acts; it asks every second, and a busy machine answers late. */
const downAfterMs = 3_000;

/** Three primaries that share the slots. */
export async function startCluster(folder: string, options: readonly string[]): Promise<RedisTopology> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const nodes = ports.map((port) => {
    const own = ['--dir', folderOf(folder, port), '--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
    return new RedisNode(port, [...serverWords(port), '--cluster-port', String(busPort(port)), ...own, ...options]);
  });
  const resume = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.start()));
    for (const port of ports) await until(port, 'the cluster is whole', isWhole);
  };
  await Promise.all(nodes.map((node) => node.start()));
  await join3(ports);
  for (const port of ports) await until(port, 'the cluster is whole', isWhole);
  const list = ports.map((port) => ({ host, port }));
  return {
    nodes,
    place: { kind: 'cluster', nodes: list },
    env: { REDIS_CLUSTER_NODES: ports.map((port) => `${host}:${port}`).join(',') },
    primaries: () => ports,
    resume,
    failOver: undefined,
  };
}

/** A primary with a replica, and a Sentinel that knows them. */
export async function startFailover(folder: string, options: readonly string[]): Promise<RedisTopology> {
  const ports = [await freePort(), await freePort()];
  const sentinelPort = await freePort();
  const servers = ports.map(
    (port) => new RedisNode(port, [...serverWords(port), '--dir', folderOf(folder, port), ...options]),
  );
  const config = join(folder, 'sentinel.conf');
  const sentinel = new RedisNode(sentinelPort, [config, '--port', String(sentinelPort), '--bind', host, '--sentinel']);
  let primary = 0;
  const begin = async (): Promise<void> => {
    const [leader, follower] = [servers[primary], servers[1 - primary]];
    const leaderPort = ports[primary] ?? 0;
    await leader?.start();
    await follower?.start('--replicaof', host, String(leaderPort));
    await until(ports[1 - primary] ?? 0, 'the replica follows', isFollowing);
    writeFileSync(config, sentinelConfig(leaderPort));
    await sentinel.start();
    // Of a replica that it has not yet seen to follow a Sentinel thinks nothing.
    await until(sentinelPort, 'the Sentinel trusts the replica', async (redis) => {
      const known = String(await redis.call('SENTINEL', 'REPLICAS', masterName));
      return known.includes(String(ports[1 - primary])) && known.includes('master-link-status,ok');
    });
  };
  await begin();
  return {
    nodes: [...servers, sentinel],
    place: { kind: 'sentinel', sentinels: [{ host, port: sentinelPort }], masterName, sentinelPassword: undefined },
    env: { REDIS_SENTINEL_NODES: `${host}:${sentinelPort}`, REDIS_SERVICE_NAME: masterName },
    primaries: () => [ports[primary] ?? 0],
    resume: begin,
    failOver: async () => {
      const [old, next] = [servers[primary], ports[1 - primary] ?? 0];
      await old?.kill();
      await until(sentinelPort, 'the replica took its place', async (redis) => {
        return String(await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName)).endsWith(`,${next}`);
      });
      await old?.start('--replicaof', host, String(next));
      await until(ports[primary] ?? 0, 'the old primary follows', isFollowing);
      primary = 1 - primary;
    },
  };
}

function serverWords(port: number): readonly string[] {
  const words = ['--port', String(port), '--bind', host, '--save', '', '--appendonly', 'no'];
  return [...words, '--repl-diskless-sync-delay', '0'];
}

/** The usual one is 10 000 above, which may be no port. */
function busPort(port: number): number {
  return port > 40_000 ? port - 10_000 : port + 10_000;
}

function folderOf(folder: string, port: number): string {
  const own = join(folder, String(port));
  mkdirSync(own, { recursive: true });
  return own;
}

function sentinelConfig(port: number): string {
  return [
    `sentinel monitor ${masterName} ${host} ${port} 1`,
    `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
    `sentinel failover-timeout ${masterName} 2000`,
    '',
  ].join('\n');
}

async function join3(ports: readonly number[]): Promise<void> {
  const [first = 0, ...others] = ports;
  const share = Math.ceil(slots / ports.length);
  for (const [at, port] of ports.entries()) {
    const last = Math.min(slots, (at + 1) * share) - 1;
    await on(port, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', at * share, last));
  }
  await on(first, async (redis) => {
    for (const port of others) await redis.call('CLUSTER', 'MEET', host, port, busPort(port));
  });
}

async function isWhole(redis: Redis): Promise<boolean> {
  const info = String(await redis.call('CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
}

async function isFollowing(redis: Redis): Promise<boolean> {
  return (await redis.info('replication')).includes('master_link_status:up');
}

async function until(port: number, what: string, holds: (redis: Redis) => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await on(port, holds).catch(() => false))) {
    if (performance.now() > endMs) throw new Error(`It never happened that ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function on<T>(port: number, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ port, protocol: 2, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
