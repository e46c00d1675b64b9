import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { headKeys } from '../redis/head-keys';
import { type RedisLink, type RedisScript } from '../redis/redis-link';
import {
  type Change,
  changedBy,
  type ChangedRef,
  type CommitReply,
  type Entity,
  type EntityKind,
  entityKinds,
  type EntityPage,
  type EntityRef,
  type News,
  type PageQuery,
  type Stamp,
} from './entity';
import { EntityStore } from './entity-store';
import { newsKept } from './entity-table';

/** One hash tag for all keys, so that Redis Cluster keeps them together. */
const head = '{ent}';
const keys = headKeys(head);
const channel = 'entities:changed';

const metaSchema = z.object({
  version: z.number().int(),
  createdAtMs: z.number().int(),
  updatedAtMs: z.number().int(),
  names: z.array(z.string()),
  lists: z.array(z.string()),
});
const commitSchema = z.union([
  z.tuple([z.literal('committed'), z.coerce.number().int()]),
  z.tuple([z.literal('moved'), z.coerce.number().int()]),
  z.tuple([z.literal('name_taken'), z.coerce.number().int(), z.string(), z.string()]),
]);
const kindSchema = z.enum(entityKinds);
const recordsSchema = z.array(z.string().nullable());
const namedSchema = z.tuple([z.string(), z.string()]).nullable();
const newsSchema = z.array(z.string()).min(1);
const entrySchema = z.tuple([z.string(), kindSchema, z.string(), z.number()]);
const messageSchema = z.array(z.tuple([kindSchema, z.string(), z.number()]));

type Link = Pick<RedisLink, 'script' | 'run' | 'key' | 'nowMs' | 'subscribe'>;

/** Documents in Redis, shared by all replicas. */
export class RedisEntityStore extends EntityStore {
  private readonly listeners = new Set<(changed: readonly ChangedRef[] | undefined) => void>();
  private readonly commitScript: RedisScript;
  private readonly namedScript: RedisScript;
  private readonly newsScript: RedisScript;

  constructor(private readonly link: Link) {
    super();
    this.commitScript = link.script('entity-commit', luaOf('entity-commit'), keys.length);
    this.namedScript = link.script('entity-named', luaOf('entity-named'), keys.length);
    this.newsScript = link.script('entity-news', luaOf('entity-news'), keys.length);
  }

  override async commit(changes: readonly Change[]): Promise<CommitReply> {
    const common = [this.link.nowMs(), randomBytes(6).toString('hex'), this.link.key(channel), newsKept];
    const reply = commitSchema.parse(await this.commitScript(keys, [...common, ...changes.flatMap(wordsOf)]));
    switch (reply[0]) {
      case 'committed':
        // This process hears of it at once; the message of the script comes to it a little later, like to the others.
        this.tell(changedBy(changes, reply[1]));
        return { kind: 'committed', version: reply[1] };
      case 'moved':
        return { kind: 'moved', at: reply[1] };
      case 'name_taken':
        return { kind: 'name_taken', at: reply[1], name: reply[2], owner: reply[3] };
    }
  }

  override async many(refs: readonly EntityRef[]): Promise<readonly (Entity | undefined)[]> {
    const found = new Map<EntityKind, Map<string, Entity>>();
    const kinds = [...new Set(refs.map(({ kind }) => kind))];
    await this.link.run((redis) =>
      Promise.all(
        kinds.map(async (kind) => {
          const ids = [...new Set(refs.flatMap((ref) => (ref.kind === kind ? [ref.id] : [])))];
          const records = recordsSchema.parse(await redis.hmget(this.docKey(kind), ...ids));
          found.set(kind, new Map(ids.flatMap((id, at) => entryOf(kind, id, records[at]))));
        }),
      ),
    );
    return refs.map(({ kind, id }) => found.get(kind)?.get(id));
  }

  override async named(kind: EntityKind, name: string): Promise<Entity | undefined> {
    const reply = namedSchema.parse(await this.namedScript(keys, [kind, name]));
    return reply === null ? undefined : entityOf(kind, ...reply);
  }

  override async page(kind: EntityKind, query: PageQuery): Promise<EntityPage> {
    const { list = '', order, offset, limit } = query;
    const key = this.listKey(kind, list);
    const last = offset + limit - 1;
    const [total, ids] = await this.link.run((redis) =>
      Promise.all([
        redis.zcard(key),
        limit === 0
          ? []
          : order === 'newest'
            ? redis.zrevrange(key, offset, last)
            : redis.zrange(key, offset, String(last)),
      ]),
    );
    const found = ids.length === 0 ? [] : await this.many(ids.map((id) => ({ kind, id })));
    return { entities: found.flatMap((entity) => entity ?? []), total };
  }

  override counts(kind: EntityKind, lists: readonly string[]): Promise<readonly number[]> {
    return this.link.run((redis) => Promise.all(lists.map((list) => redis.zcard(this.listKey(kind, list)))));
  }

  override async news(since: Stamp | undefined): Promise<News> {
    const [stamp = '', known, ...entries] = newsSchema.parse(await this.newsScript(keys, [since ?? '', newsKept]));
    if (known === undefined) {
      return { stamp, changed: undefined, wentBack: since !== undefined && commitsAt(stamp) <= commitsAt(since) };
    }
    const changed = entries.map((entry) => {
      const [, kind, id, version] = entrySchema.parse(JSON.parse(entry));
      return { kind, id, version };
    });
    return { stamp, changed: changed.reverse() };
  }

  override onChange(listener: (changed: readonly ChangedRef[] | undefined) => void): () => void {
    this.listeners.add(listener);
    const stop = this.link.subscribe(
      channel,
      (message) => {
        listener(changedIn(message));
      },
      () => {
        listener(undefined);
      },
    );
    return () => {
      this.listeners.delete(listener);
      stop();
    };
  }

  override nowMs(): number {
    return this.link.nowMs();
  }

  /** The link belongs to whoever opened it. */
  override close(): Promise<void> {
    return Promise.resolve();
  }

  private tell(changed: readonly ChangedRef[]): void {
    if (changed.length > 0) for (const listener of this.listeners) listener(changed);
  }

  private docKey(kind: EntityKind): string {
    return this.link.key(`${head}:doc:${kind}`);
  }

  private listKey(kind: EntityKind, list: string): string {
    return this.link.key(`${head}:list:${kind}:${list}`);
  }
}

function luaOf(name: string): string {
  return readFileSync(join(__dirname, 'lua', `${name}.lua`), 'utf8');
}

function wordsOf(change: Change): (string | number)[] {
  const { op, kind, id, expected = '' } = change;
  if (change.op === 'check') return [op, kind, id, expected, '', '', '', ''];
  if (change.op === 'remove') {
    const seen = (change.seen ?? []).map((each) => [each.kind, each.list, each.length]);
    return [op, kind, id, expected, '', '', JSON.stringify(seen), ''];
  }
  const { createdAtMs = '', names, lists, body } = change;
  return [op, kind, id, expected, createdAtMs, JSON.stringify(names), JSON.stringify(lists), body];
}

function entryOf(kind: EntityKind, id: string, record: string | null | undefined): [string, Entity][] {
  return record === null || record === undefined ? [] : [[id, entityOf(kind, id, record)]];
}

function entityOf(kind: EntityKind, id: string, record: string): Entity {
  const end = record.indexOf('\n');
  const meta = metaSchema.parse(JSON.parse(record.slice(0, end)));
  return { kind, id, ...meta, body: record.slice(end + 1) };
}

/** `12.nonce`, or `0` before the first commit. */
function commitsAt(stamp: Stamp): number {
  return Number.parseInt(stamp, 10);
}

/** A message of another release that cannot be read still says that something changed. */
function changedIn(message: string): readonly ChangedRef[] | undefined {
  try {
    return messageSchema.parse(JSON.parse(message)).map(([kind, id, version]) => ({ kind, id, version }));
  } catch {
    return undefined;
  }
}
