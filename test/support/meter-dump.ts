import { type Redis } from 'ioredis';
import { counterName } from '../../src/metering/machine/counter';
import { type MeterState } from '../../src/metering/machine/meter-state';
import { booksTag } from '../../src/metering/redis/books-script';
import { type RedisServer } from './redis-server';

/** Everything the books hold, as Redis has it: name → fields, members with scores, or text. */
export type MeterDump = Record<string, unknown>;

/** The memory of a process in the words of Redis. */
// eslint-disable-next-line complexity -- one loop a kind of key
export function stateDump(state: MeterState): MeterDump {
  const dump: MeterDump = {};
  const owners = new Map<string, Record<string, string>>();
  for (const [key, book] of state.books) {
    const fields: Record<string, string> = { q: String(book.seq) };
    if (book.isOpen)
      Object.assign(fields, { s: String(book.spent), r: String(book.running), o: String(book.openedMs) });
    if (book.windowStartMs > 0)
      Object.assign(fields, {
        ws: String(book.windowStartMs),
        wr: String(book.windowRequests),
        wt: String(book.windowTokens),
      });
    for (const counter of book.counters.values()) {
      fields[`u:${counterName(counter)}`] = String(counter.used);
      fields[`h:${counterName(counter)}`] = String(counter.held);
    }
    dump[`b:${key}`] = fields;
  }
  for (const { id, owner, deadlineMs, held, books, deployment, draft } of state.tickets.values()) {
    const amounts = [held.nano_usd, held.tokens, held.requests, held.plan_5h, held.plan_week].join(' ');
    const lines = books.map(({ key, windowStartMs, counters }) =>
      [key, windowStartMs, ...counters.flatMap(({ name, max }) => [name, max])].join('\t'),
    );
    dump[`t:${id}`] = { o: owner, d: String(deadlineMs), m: amounts, b: lines.join('\n'), f: deployment, x: draft };
    const tickets = owners.get(owner) ?? {};
    owners.set(owner, tickets);
    tickets[id] = String(deadlineMs);
  }
  for (const [owner, tickets] of owners) dump[`o:${owner}`] = tickets;
  for (const { id, text, isProvisional, startMs, indexes } of state.rows.values()) {
    dump[`r:${id}`] = `${isProvisional ? 'P' : 'F'}${text}`;
    for (const index of indexes) {
      const list = (dump[`i:${index}`] ??= {}) as Record<string, string>;
      list[id] = String(startMs);
    }
  }
  for (const [name, cells] of state.cells) dump[`c:${name}`] = texts(cells);
  for (const [name, ids] of idsByDay(state)) dump[`cd:${name}`] = ids.sort();
  if (state.rows.archivedUntilMs > 0) dump['archived'] = String(state.rows.archivedUntilMs);
  for (const [entity, days] of state.totals) dump[`ct:${entity}`] = texts(days);
  for (const [key, all] of state.adjustments) dump[`a:${key}`] = [...all];
  if (state.inFlight.size > 0)
    dump['f'] = Object.fromEntries([...state.inFlight].map(([name, count]) => [name, String(count)]));
  return dump;
}

/** `kind:day` → ids that have daily figures then. */
function idsByDay({ cells }: MeterState): ReadonlyMap<string, string[]> {
  const days = new Map<string, string[]>();
  for (const name of cells.keys()) {
    const [first, last] = [name.indexOf(':'), name.lastIndexOf(':')];
    const place = `${name.slice(0, first)}${name.slice(last)}`;
    days.set(place, [...(days.get(place) ?? []), name.slice(first + 1, last)]);
  }
  return days;
}

function texts(figures: ReadonlyMap<string, readonly number[]>): Record<string, string> {
  return Object.fromEntries([...figures].map(([name, metrics]) => [name, metrics.join(' ')]));
}

/**
 * What Redis holds of the books, without what only finds things: the set of books, leases, turns, pins.
 * @param server looked into on every one of its nodes.
 * @param keyPrefix of the gateway.
 */
export async function redisDump(server: RedisServer, keyPrefix: string): Promise<MeterDump> {
  const prefix = `${keyPrefix}${booksTag}`;
  const nodes = await server.everywhere(async (redis) => {
    const names = (await namesOf(redis, prefix)).filter((name) => !isFinder.test(name.slice(prefix.length)));
    const values = await Promise.all(names.map((name) => valueOf(redis, name)));
    return names.map((name, at) => [name.slice(prefix.length), values[at]] as const);
  });
  return Object.fromEntries(nodes.flat());
}

const isFinder = /^(bk$|leases$|archiver$|p:)/;

async function namesOf(redis: Redis, prefix: string): Promise<readonly string[]> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', `${prefix.replace(/[{}]/g, '?')}*`, 'COUNT', 1_000);
    cursor = next;
    for (const name of found) names.add(name);
  } while (cursor !== '0');
  return [...names];
}

async function valueOf(redis: Redis, name: string): Promise<unknown> {
  const type = await redis.type(name);
  if (type === 'hash') return { ...(await redis.hgetall(name)) };
  if (type === 'set') return (await redis.smembers(name)).sort();
  if (type === 'list') return redis.lrange(name, 0, -1);
  if (type === 'string') return redis.get(name);
  const flat = await redis.zrange(name, '0', '-1', 'WITHSCORES');
  return Object.fromEntries(flat.flatMap((id, at) => (at % 2 === 0 ? [[id, flat[at + 1]]] : [])));
}
