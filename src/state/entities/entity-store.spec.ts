import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MovedClock } from '../../../test/support/moved-clock';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { RedisLink } from '../redis/redis-link';
import { type Change, changedBy, type ChangedRef, type Entity, type EntityKind, type EntityRef } from './entity';
import { type EntityStore } from './entity-store';
import { EntityTable } from './entity-table';
import { JournalEntityStore } from './journal-entity-store';
import { RedisEntityStore } from './redis-entity-store';

const runs = process.env['TEST_LONG'] === undefined ? 40 : 500;
const times = { connectMs: 5_000, redisCommandMs: 5_000 };
let nowMs = 1_700_000_000_000;
const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
let redis: RedisServer;
let link: RedisLink;
let folder: string;
let run = 0;

beforeAll(async () => {
  redis = await RedisServer.start();
  link = new RedisLink(redis.settings(), times, new MovedClock());
  await link.open();
  folder = mkdtempSync(join(tmpdir(), 'entity-store-'));
});
afterAll(async () => {
  await link.close();
  await redis.close();
  rmSync(folder, { recursive: true });
});

/** A store of its own on the same Redis: other keys and another channel. */
function redisStore(name: string): RedisEntityStore {
  const of = (key: string): string => key.replace('{ent}', `{ent-${name}}`);
  return new RedisEntityStore({
    key: (key) => link.key(of(key)),
    run: link.run.bind(link),
    script: (title, lua, count) => {
      const script = link.script(title, lua, count);
      return (keys, args) => script(keys.map(of), args);
    },
    subscribe: (channel, onMessage, onGap) => link.subscribe(of(channel), onMessage, onGap),
    nowMs: () => nowMs,
  });
}

const journalStore = (name: string): JournalEntityStore => new JournalEntityStore(join(folder, name), clock);

interface Draft {
  readonly op: 'put' | 'remove' | 'check';
  readonly ref: EntityRef;
  /** Added to the version that is there; undefined expects nothing. */
  readonly drift: number | undefined;
  readonly names: readonly string[];
  readonly lists: readonly string[];
  readonly body: string;
  readonly createdAtMs: number | undefined;
  /** Added to the length of each list that a removal has seen. */
  readonly more: number;
}

const word = fc.constantFrom('a', 'b', 'ü', '😀', '__proto__', 'constructor', 'with space', 'a:b', '"quoted"\n');
const draft: fc.Arbitrary<Draft> = fc.record({
  op: fc.constantFrom('put', 'put', 'put', 'remove', 'check'),
  ref: fc.record({ kind: fc.constantFrom<EntityKind>('key', 'team'), id: word }),
  drift: fc.constantFrom(undefined, 0, 0, 0, 0, 1, -1),
  names: fc.uniqueArray(word, { maxLength: 2 }),
  lists: fc.uniqueArray(word, { maxLength: 3 }),
  body: fc.constantFrom('{}', '{"a":"\\n\\u0000ü😀"}', '{"n":12345678901234567890}'),
  createdAtMs: fc.constantFrom(undefined, undefined, 5, 1_600_000_000_000),
  more: fc.constantFrom(0, 0, 0, 1),
});
const commits = fc.array(
  fc.tuple(
    fc.uniqueArray(draft, { minLength: 1, maxLength: 3, selector: ({ ref }) => `${ref.kind} ${ref.id}` }),
    fc.boolean(),
  ),
  { minLength: 1, maxLength: 30 },
);

function changeOf({ op, ref, drift, names, lists, body, createdAtMs, more }: Draft, table: EntityTable): Change {
  const seen = Math.max(0, (table.get(ref)?.version ?? 0) + (drift ?? 0));
  if (op === 'check') return { op, ...ref, expected: seen };
  const expected = drift === undefined ? {} : { expected: seen };
  const seenLists = lists.map((list) => ({ kind: 'key' as const, list, length: table.count('key', list) + more }));
  if (op === 'remove') return { op, ...ref, ...expected, ...(lists.length === 0 ? {} : { seen: seenLists }) };
  return { op, ...ref, ...expected, names, lists, body, ...(createdAtMs === undefined ? {} : { createdAtMs }) };
}

/** Everything that can be asked, of the store and of the table. */
async function expectSame(store: EntityStore, table: EntityTable): Promise<void> {
  const words = ['a', 'b', 'ü', '😀', '__proto__', 'constructor', 'with space', 'a:b', '"quoted"\n', 'nobody'];
  for (const kind of ['key', 'team'] as const) {
    const refs = words.map((id) => ({ kind, id }));
    expect(await store.many(refs)).toEqual(refs.map((ref) => table.get(ref)));
    for (const name of words) expect(await store.named(kind, name)).toEqual(table.named(kind, name));
    for (const list of [undefined, ...words]) {
      for (const order of ['newest', 'oldest'] as const) {
        const query = { ...(list === undefined ? {} : { list }), order, offset: order === 'oldest' ? 0 : 1, limit: 3 };
        expect(await store.page(kind, query)).toEqual(table.page(kind, query));
      }
    }
    expect(await store.counts(kind, words)).toEqual(words.map((list) => table.count(kind, list)));
  }
}

/** Runs the commits on an engine and on the table; both must say the same, always. */
async function conforms(
  all: readonly (readonly [readonly Draft[], boolean])[],
  engine: () => EntityStore,
): Promise<void> {
  const table = new EntityTable();
  let store = engine();
  for (const [drafts, restarts] of all) {
    nowMs += 1;
    const before = await store.news(undefined);
    const changes = drafts.map((each) => changeOf(each, table));
    const expected = table.commit(changes, nowMs, 'x');
    expect(await store.commit(changes)).toEqual(expected);
    const isChange = expected.kind === 'committed' && changes.some(({ op }) => op !== 'check');
    const changed = isChange ? changedBy(changes, expected.version) : [];
    expect((await store.news(before.stamp)).changed).toEqual(changed);
    if (!restarts) continue;
    await store.close();
    store = engine();
  }
  await expectSame(store, table);
  await store.close();
}

describeWithRedis('the engines say what the table says, for any sequence of commits,', () => {
  it('Redis', async () => {
    await fc.assert(
      fc.asyncProperty(commits, async (all) => {
        run += 1;
        await conforms(all, () => redisStore(`run${run}`));
      }),
      { numRuns: runs },
    );
  });

  it('the journal, over restarts', async () => {
    await fc.assert(
      fc.asyncProperty(commits, async (all) => {
        run += 1;
        await conforms(all, () => journalStore(`run-${run}`));
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
  });
});

const put = (id: string, more: Partial<Entity> = {}): Change => ({
  op: 'put',
  kind: 'key',
  id,
  names: [],
  lists: [],
  body: '{}',
  ...more,
});

describe.each([
  ['journal', () => journalStore(`events-${(run += 1)}`)],
  ...(process.env['TEST_NO_REDIS'] === undefined ? [['redis', () => redisStore(`events${(run += 1)}`)] as const] : []),
] as const)('a store of kind %s', (kind, engine) => {
  it('tells every change to those who listen, and nothing after they stopped', async () => {
    const store = engine();
    const heard: (readonly ChangedRef[] | undefined)[] = [];
    let wake = (): void => undefined;
    const stop = store.onChange((changed) => {
      heard.push(changed);
      wake();
    });
    const until = (holds: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        wake = () => {
          if (holds()) resolve();
        };
        wake();
      });
    await store.commit([put('first')]);
    if (kind === 'redis') await until(() => heard.includes(undefined));
    await store.commit([put('k'), { op: 'remove', kind: 'team', id: 't' }]);
    await until(() => heard.some((changed) => changed?.length === 2));
    expect(heard.at(-1)).toEqual([
      { kind: 'key', id: 'k', version: 2 },
      { kind: 'team', id: 't', version: 2 },
    ]);
    stop();
    const before = heard.length;
    await store.commit([put('k2')]);
    expect(heard).toHaveLength(before);
    await store.close();
  });

  it('lets one of two win who saw the same version', async () => {
    const store = engine();
    const replies = await Promise.all([
      store.commit([put('k', { names: ['alias'] })].map((each) => ({ ...each, expected: 0 }))),
      store.commit([put('k', { names: ['alias'] })].map((each) => ({ ...each, expected: 0 }))),
    ]);
    expect(replies.map((reply) => reply.kind).sort()).toEqual(['committed', 'moved']);
    await store.close();
  });

  it('removes nothing when a list has another length than was seen', async () => {
    const store = engine();
    await store.commit([
      put('k', { lists: ['team:t'] }),
      { op: 'put', kind: 'team', id: 't', names: [], lists: [], body: '{}' },
    ]);
    const removal = (length: number): Change => ({
      op: 'remove',
      kind: 'team',
      id: 't',
      seen: [
        { kind: 'key', list: 'team:other', length: 0 },
        { kind: 'key', list: 'team:t', length },
      ],
    });
    for (const length of [0, 2]) expect(await store.commit([removal(length)])).toEqual({ kind: 'moved', at: 0 });
    expect((await store.many([{ kind: 'team', id: 't' }]))[0]).toBeDefined();
    // With the whole list in the same commit: the length is the one before it.
    expect(await store.commit([{ op: 'remove', kind: 'key', id: 'k' }, removal(1)])).toMatchObject({
      kind: 'committed',
    });
    expect(await store.many([{ kind: 'team', id: 't' }])).toEqual([undefined]);
    await store.close();
  });

  it('says that it does not know what changed since a stamp of another course of events', async () => {
    const store = engine();
    await store.commit([put('k')]);
    expect((await store.news('7.of-another-life')).changed).toBeUndefined();
    await store.close();
  });
});

describe('the journal', () => {
  it('cut at any byte holds whole commits only, in order', async () => {
    const name = 'cut';
    const store = journalStore(name);
    for (let at = 0; at < 3; at += 1) await store.commit([put(`a${at}`), put(`b${at}`)]);
    await store.commit([{ op: 'remove', kind: 'key', id: 'a0' }, put('c')]);
    await store.close();
    const path = join(folder, name, 'entities.journal');
    const whole = readFileSync(path);
    for (let bytes = 0; bytes <= whole.length; bytes += 1) {
      writeFileSync(path, whole);
      truncateSync(path, bytes);
      const reopened = journalStore(name);
      const { entities } = await reopened.page('key', { order: 'oldest', offset: 0, limit: 100 });
      const ids = entities.map(({ id }) => id);
      for (let at = 1; at < 3; at += 1) expect(ids.includes(`a${at}`)).toBe(ids.includes(`b${at}`));
      expect(ids.includes('c') && ids.includes('a0')).toBe(false);
      if (ids.includes('b0')) expect(ids.includes('a0') || ids.includes('c')).toBe(true);
      await reopened.close();
    }
  });

  it('belongs to one process at a time', async () => {
    const first = journalStore('one');
    await first.commit([put('k')]);
    const second = journalStore('one');
    await expect(second.many([{ kind: 'key', id: 'k' }])).rejects.toMatchObject({ trouble: 'offline' });
    await first.close();
    expect(await second.many([{ kind: 'key', id: 'k' }])).toHaveLength(1);
    await second.close();
  });
});
