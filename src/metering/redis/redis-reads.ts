import { type RedisCommands, type RedisLink } from '../../state/redis/redis-link';
import { BookReads, type BookReading, type CellReading, type RowReading } from '../book-reads';
import { type Counter, counterSpan } from '../machine/counter';
import { type Ticket, type TicketBook } from '../machine/meter-state';
import { type RowPage, type RowSpan } from '../machine/row-list';
import { booksTag } from './books-script';
import { numberOf, numbersOf } from './script-arguments';

const pieceSize = 500;

/** Looks into Redis, never at more than one piece in one command. */
export class RedisReads extends BookReads {
  constructor(private readonly link: Pick<RedisLink, 'run' | 'key'>) {
    super();
  }

  override async row(id: string): Promise<RowReading | undefined> {
    const stored = await this.link.run((redis) => redis.get(this.name(`r:${id}`)));
    return stored === null ? undefined : rowOf(id, stored);
  }

  override countRows({ index, fromMs, untilMs }: RowSpan): Promise<number> {
    return this.link.run((redis) => redis.zcount(this.name(`i:${index}`), fromMs, `(${untilMs}`));
  }

  override async rows(
    { index, fromMs, untilMs }: RowSpan,
    order: 'newest' | 'oldest',
    { offset, limit }: RowPage,
  ): Promise<readonly RowReading[]> {
    if (limit <= 0) return [];
    const list = this.name(`i:${index}`);
    return this.link.run(async (redis) => {
      const ids =
        order === 'newest'
          ? await redis.zrevrangebyscore(list, `(${untilMs}`, fromMs, 'LIMIT', offset, limit)
          : await redis.zrangebyscore(list, fromMs, `(${untilMs}`, 'LIMIT', offset, limit);
      if (ids.length === 0) return [];
      const stored = await redis.mget(ids.map((id) => this.name(`r:${id}`)));
      // A row may have been archived between the two commands.
      return ids.flatMap((id, at) => {
        const text = stored[at];
        return text === null || text === undefined ? [] : [rowOf(id, text)];
      });
    });
  }

  override books(keys: readonly string[]): Promise<readonly (BookReading | undefined)[]> {
    return this.link.run(async (redis) => {
      const all = await Promise.all(keys.map((key) => redis.hgetall(this.name(`b:${key}`))));
      return keys.map((key, at) => bookOf(key, all[at] ?? {}));
    });
  }

  override async *bookKeys(): AsyncGenerator<readonly string[]> {
    yield* this.members(this.name('bk'));
  }

  override async cellsOn(day: string, entities: readonly string[]): Promise<readonly (readonly CellReading[])[]> {
    const names = entities.map((entity) => this.name(`c:${entity}:${day}`));
    const first = await this.link.run((redis) =>
      Promise.all(names.map((name) => redis.hscan(name, '0', 'COUNT', pieceSize))),
    );
    return Promise.all(
      first.map(async ([cursor, flat], at) => {
        const cells = new Map<string, readonly number[]>();
        const take = (dims: string, metrics: string): unknown => cells.set(dims, numbersOf(metrics));
        eachPair(flat, take);
        if (cursor !== '0') await this.fields(names[at] ?? '', take, cursor);
        return [...cells].map(([dims, metrics]) => ({ dims, metrics }));
      }),
    );
  }

  override async entities(kind: string, day: string): Promise<readonly string[]> {
    const ids = new Set<string>();
    for await (const piece of this.members(this.name(`cd:${kind}:${day}`))) for (const id of piece) ids.add(id);
    return [...ids];
  }

  override async totals(entity: string): Promise<ReadonlyMap<string, readonly number[]>> {
    const days = new Map<string, readonly number[]>();
    await this.fields(this.name(`ct:${entity}`), (day, metrics) => days.set(day, numbersOf(metrics)));
    return days;
  }

  override totalsOn(day: string, entities: readonly string[]): Promise<readonly (readonly number[] | undefined)[]> {
    return this.link.run(async (redis) => {
      const all = await Promise.all(entities.map((entity) => redis.hget(this.name(`ct:${entity}`), day)));
      return all.map((stored) => (stored === null ? undefined : numbersOf(stored)));
    });
  }

  override async *tickets(): AsyncGenerator<readonly Ticket[]> {
    const owners = await this.link.run((redis) => redis.zrange(this.name('leases'), '0', '-1'));
    for (const owner of owners) yield* this.ticketsOf(owner);
  }

  /** Tickets of one process, in pieces. @param untilMs those whose deadline is no later. */
  async *ticketsOf(owner: string, untilMs = Number.POSITIVE_INFINITY): AsyncGenerator<readonly Ticket[]> {
    const ids = await this.ticketIds(owner, untilMs);
    for (let at = 0; at < ids.length; at += pieceSize) yield this.ticketsNamed(ids.slice(at, at + pieceSize));
  }

  /** Ids of the tickets of one process. */
  ticketIds(owner: string, untilMs = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
    const until = Number.isFinite(untilMs) ? untilMs : '+inf';
    return this.link.run((redis) => redis.zrangebyscore(this.name(`o:${owner}`), '-inf', until));
  }

  /** Those of the tickets that are there. */
  ticketsNamed(ids: readonly string[]): Promise<readonly Ticket[]> {
    return this.link.run(async (redis) => {
      const all = await Promise.all(ids.map((id) => redis.hgetall(this.name(`t:${id}`))));
      return ids.flatMap((id, at) => ticketOf(id, all[at] ?? {}));
    });
  }

  override async inFlight(): Promise<ReadonlyMap<string, number>> {
    const stored = await this.link.run((redis) => redis.hgetall(this.name('f')));
    return new Map(Object.entries(stored).map(([deployment, count]) => [deployment, numberOf(count)]));
  }

  override adjustments(key: string): Promise<readonly string[]> {
    return this.link.run((redis) => redis.lrange(this.name(`a:${key}`), 0, -1));
  }

  override async archivedUntilMs(): Promise<number> {
    const stored = await this.link.run((redis) => redis.get(this.name('archived')));
    return stored === null ? 0 : numberOf(stored);
  }

  /** Full name of a key of the books. */
  name(key: string): string {
    return this.link.key(`${booksTag}${key}`);
  }

  private async *members(set: string): AsyncGenerator<readonly string[]> {
    let cursor = '0';
    do {
      const [next, members] = await this.link.run((redis) => redis.sscan(set, cursor, 'COUNT', pieceSize));
      cursor = next;
      yield members;
    } while (cursor !== '0');
  }

  /** Fields of a hash, some perhaps twice, in pieces. */
  private async fields(hash: string, take: (field: string, value: string) => unknown, from = '0'): Promise<void> {
    let cursor = from;
    do {
      const scan = (redis: RedisCommands): Promise<[string, string[]]> => redis.hscan(hash, cursor, 'COUNT', pieceSize);
      const [next, flat] = await this.link.run(scan);
      cursor = next;
      eachPair(flat, take);
    } while (cursor !== '0');
  }
}

function eachPair(flat: readonly string[], take: (field: string, value: string) => unknown): void {
  for (let at = 0; at + 1 < flat.length; at += 2) take(flat[at] ?? '', flat[at + 1] ?? '');
}

function rowOf(id: string, stored: string): RowReading {
  return { id, text: stored.slice(1), isProvisional: stored.startsWith('P') };
}

function bookOf(key: string, fields: Readonly<Record<string, string>>): BookReading | undefined {
  const { q, s, r, o, ws, wr, wt, ...rest } = fields;
  if (q === undefined) return undefined;
  const counters = new Map<string, Counter>();
  for (const [field, value] of Object.entries(rest)) {
    if (!field.startsWith('u:')) continue;
    const name = field.slice(2);
    counters.set(name, { ...counterSpan(name), used: numberOf(value), held: numberOf(rest[`h:${name}`] ?? '0') });
  }
  return {
    key,
    seq: numberOf(q),
    isOpen: s !== undefined,
    openedMs: numberOf(o ?? '0'),
    spent: numberOf(s ?? '0'),
    running: numberOf(r ?? '0'),
    windowStartMs: numberOf(ws ?? '0'),
    windowRequests: numberOf(wr ?? '0'),
    windowTokens: numberOf(wt ?? '0'),
    counters,
  };
}

function ticketOf(id: string, { o, d, m, b, f, x }: Readonly<Record<string, string | undefined>>): Ticket[] {
  if (o === undefined) return [];
  const [nano_usd = 0, tokens = 0, requests = 0, plan_5h = 0, plan_week = 0] = numbersOf(m ?? '');
  const books = (b ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map(ticketBookOf);
  const held = { nano_usd, tokens, requests, plan_5h, plan_week };
  return [{ id, owner: o, deadlineMs: numberOf(d), held, books, deployment: f ?? '', draft: x ?? '' }];
}

function ticketBookOf(line: string): TicketBook {
  const [key = '', windowStart, ...flat] = line.split('\t');
  const counters = flat.flatMap((name, at) =>
    at % 2 === 0 ? [{ name, unit: counterSpan(name).unit, max: numberOf(flat[at + 1]) }] : [],
  );
  return { key, windowStartMs: numberOf(windowStart), counters };
}
