import { randomBytes } from 'node:crypto';
import { type Settings } from '../../config/settings';
import { SystemClock } from '../../config/system-clock';
import { type RedisCommands, type RedisLink } from '../../state/redis/redis-link';
import { redisWords } from '../../state/redis/redis-words';
import { commandLink } from '../command-link';
import { type Replica, ReplicaBoard } from '../../state/replicas/replica-board';
import { StateUnavailable } from '../../state/state-unavailable';
import { clockFinding } from './clock-check';
import { fault, type Finding, ok, skipped, warning } from './finding';
import { replicaFindings } from './replica-checks';

/** One thing the gateway does to Redis, tried on a key of the doctor's own. */
type Probe = readonly [needs: string, (redis: RedisCommands, key: string) => Promise<unknown>];

/** One command of every kind that the gateway uses. */
const probes: readonly Probe[] = [
  ['SET', (redis, key) => redis.set(`${key}s`, '1', 'PX', 10_000)],
  ['GET', (redis, key) => redis.get(`${key}s`)],
  ['HSET', (redis, key) => redis.hset(`${key}h`, 'f', '1')],
  ['HGETALL', (redis, key) => redis.hgetall(`${key}h`)],
  ['ZADD', (redis, key) => redis.zadd(`${key}z`, 1, 'm')],
  ['ZRANGE', (redis, key) => redis.zrange(`${key}z`, '0', '-1')],
  ['RPUSH', (redis, key) => redis.rpush(`${key}l`, '1')],
  ['SADD', (redis, key) => redis.sadd(`${key}t`, '1')],
  ['PEXPIRE', (redis, key) => redis.pexpire(`${key}h`, 10_000)],
  ['EVAL', (redis, key) => redis.eval("return redis.call('HGET', KEYS[1], 'f')", 1, `${key}h`)],
  ['PUBLISH', (redis, key) => redis.publish(key, '')],
  ['TIME', (redis) => redis.time()],
  ['DEL', (redis, key) => redis.del(...['s', 'h', 'z', 'l', 't'].map((kind) => key + kind))],
];

/** Whether replicas can share their state, and what stands in the way; without Redis nothing is asked. */
export async function redisFindings(settings: Settings): Promise<readonly Finding[]> {
  if (settings.redis === undefined)
    return [skipped('redis', 'none is configured: the state is kept in STATE_DIR, for one process')];
  const clock = new SystemClock();
  const link = commandLink(settings.redis, settings, clock);
  try {
    if (!(await link.open())) return [await unreachable(link)];
    const found = [...(await healthFindings(link)), ...transportFindings(settings), await rightsFinding(link)];
    const clockFound = clockFinding(clock.nowMs() - link.nowMs(), 'Redis');
    // A connection on which a write was refused may be given up for a better one: nothing more is asked on it.
    const replicas = link.refusedBy === undefined ? await ofReplicas(link, settings) : [];
    return [...found, clockFound, ...replicas];
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    return [away(error)];
  } finally {
    await link.close();
  }
}

async function unreachable(link: RedisLink): Promise<Finding> {
  const error: unknown = await link.run((redis) => redis.ping()).catch((thrown: unknown) => thrown);
  return away(error instanceof StateUnavailable ? error : undefined);
}

function away(error: StateUnavailable | undefined): Finding {
  const code = error?.replyCode;
  if (code !== undefined) {
    const { meaning, advice } = redisWords(code);
    return fault('redis', `it cannot be used (${code}): ${meaning}`, advice);
  }
  const advice =
    'check REDIS_URL, the password, TLS (rediss://, NODE_EXTRA_CA_CERTS) and that the network lets this machine through';
  return fault('redis', `it cannot be used (${error?.trouble ?? 'no answer'})`, advice);
}

async function healthFindings(link: RedisLink): Promise<readonly Finding[]> {
  const { latencyMs, isPersistent, evictionPolicy, warnings } = await link.health();
  const evicts = evictionPolicy !== undefined && evictionPolicy !== 'noeviction';
  const kept = isPersistent === undefined ? 'persistence unknown' : isPersistent ? 'persistent' : 'not persistent';
  const facts = `answers in ${latencyMs.toFixed(1)} ms, ${kept}, ${evictionPolicy ?? 'eviction unknown'}`;
  const first = evicts
    ? fault('redis', facts, 'set maxmemory-policy noeviction: a start is refused until then')
    : ok('redis', facts);
  const others = warnings.filter((words) => !words.includes('maxmemory-policy'));
  return [first, ...others.map((words) => warning('redis', words, 'see docs/operations.md, Redis'))];
}

function transportFindings({ redis }: Settings): readonly Finding[] {
  if (redis === undefined) return [];
  const { place, tls, password } = redis;
  if (place.kind === 'socket') return [ok('redis transport', 'a socket of this machine')];
  const nodes = place.kind === 'server' ? [place.node] : place.kind === 'cluster' ? place.nodes : place.sentinels;
  const isLocal = nodes.every(({ host }) => /^(localhost|127\.|::1$)/.test(host));
  if (tls) return [ok('redis transport', 'TLS')];
  if (isLocal) return [ok('redis transport', 'this machine')];
  const secrets = password === undefined ? 'sealed logins' : 'the password and sealed logins';
  return [warning('redis transport', `not encrypted: ${secrets} cross the network`, 'use rediss://')];
}

async function rightsFinding(link: RedisLink): Promise<Finding> {
  const key = link.key(`doctor:{${randomBytes(6).toString('hex')}}:`);
  const refused: string[] = [];
  for (const [needs, run] of probes) {
    const code = await link.run((redis) => run(redis, key)).then(() => undefined, replyCodeOf);
    if (link.refusedBy !== undefined) return refusesWrites(link.refusedBy);
    if (code !== undefined) refused.push(`${needs} (${code})`);
  }
  const check = 'redis rights';
  if (refused.length === 0) return ok(check, 'this user may do what the gateway does');
  const advice = 'grant them on the keys of REDIS_KEY_PREFIX; deploy/redis/users.acl is a complete example';
  return fault(check, `refused: ${refused.join(', ')}`, advice);
}

/** Whoever asks: no right would help. */
function refusesWrites(code: string): Finding {
  const { meaning, advice } = redisWords(code);
  return fault('redis writes', `refused (${code}): ${meaning}`, advice);
}

/** Of a refusal of the server; everything else flies on. */
function replyCodeOf(error: unknown): string {
  if (error instanceof StateUnavailable && error.trouble === 'reply') return error.replyCode ?? 'refused';
  throw error;
}

async function ofReplicas(link: RedisLink, settings: Settings): Promise<readonly Finding[]> {
  const board = new ReplicaBoard(link);
  const replicas = await board.read();
  return replicaFindings(replicas, settings, (replica: Replica) => board.silenceOf(replica));
}
