import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Clock } from '../../kernel/clock';
import { OwnedJournal } from '../journal/owned-journal';
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
import { EntityTable } from './entity-table';

/** The journal is written anew when it has this many lines, and twice as many as there are documents. */
const fewestLines = 20_000;

/** What is removed of these is to be gone, so the lines that had it go at once. */
const personalKinds: ReadonlySet<EntityKind> = new Set(['user', 'customer']);

const refSchema = z.object({ kind: z.enum(entityKinds), id: z.string() });
const entitySchema = refSchema.extend({
  version: z.number().int(),
  createdAtMs: z.number().int(),
  updatedAtMs: z.number().int(),
  names: z.array(z.string()),
  lists: z.array(z.string()),
  body: z.string(),
});
/** One commit, whole. */
const lineSchema = z.object({ version: z.number().int(), put: z.array(entitySchema), removed: z.array(refSchema) });
type Line = z.infer<typeof lineSchema>;

/** Documents of this process, kept over restarts in a journal of `STATE_DIR`: each line is a whole commit. */
export class JournalEntityStore extends EntityStore {
  private table = new EntityTable();
  private readonly listeners = new Set<(changed: readonly ChangedRef[] | undefined) => void>();
  private readonly journal: OwnedJournal;

  constructor(
    folder: string,
    private readonly clock: Clock,
  ) {
    super();
    this.journal = new OwnedJournal(folder, 'entities', {
      restore: (lines) => {
        this.restore(lines);
      },
      content: () => this.content(),
      isLong: (lines) => lines >= Math.max(fewestLines, 2 * this.table.size),
    });
  }

  /** @throws {StateUnavailable} when the folder cannot be used or belongs to another running gateway. */
  override async commit(changes: readonly Change[]): Promise<CommitReply> {
    const { reply, isNews } = await this.journal.write(() => {
      const before = this.table.lastVersion;
      const committed = this.table.commit(changes, this.clock.nowMs(), nonce());
      if (committed.kind !== 'committed' || committed.version === before)
        return { reply: { reply: committed, isNews: false } };
      const line = this.lineOf(changes, committed.version);
      const purges = line.removed.some(({ kind }) => personalKinds.has(kind));
      return { reply: { reply: committed, isNews: true }, line, purges };
    });
    if (isNews && reply.kind === 'committed') this.tell(changedBy(changes, reply.version));
    return reply;
  }

  override async many(refs: readonly EntityRef[]): Promise<readonly (Entity | undefined)[]> {
    await this.journal.opened();
    return refs.map((ref) => this.table.get(ref));
  }

  override async named(kind: EntityKind, name: string): Promise<Entity | undefined> {
    await this.journal.opened();
    return this.table.named(kind, name);
  }

  override async page(kind: EntityKind, query: PageQuery): Promise<EntityPage> {
    await this.journal.opened();
    return this.table.page(kind, query);
  }

  override async counts(kind: EntityKind, lists: readonly string[]): Promise<readonly number[]> {
    await this.journal.opened();
    return lists.map((list) => this.table.count(kind, list));
  }

  override async news(since: Stamp | undefined): Promise<News> {
    await this.journal.opened();
    return this.table.news(since);
  }

  override onChange(listener: (changed: readonly ChangedRef[] | undefined) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  override nowMs(): number {
    return this.clock.nowMs();
  }

  override close(): Promise<void> {
    return this.journal.close();
  }

  private restore(lines: readonly unknown[]): void {
    const table = new EntityTable();
    for (const line of lines) {
      const { version, put, removed } = lineSchema.parse(line);
      for (const entity of put) table.restore(entity);
      for (const ref of removed) table.drop(ref);
      table.reach(version);
    }
    table.begin(nonce());
    this.table = table;
    this.tell(undefined);
  }

  private lineOf(changes: readonly Change[], version: number): Line {
    const put = changes.flatMap((change) => {
      const entity = change.op === 'put' ? this.table.get(change) : undefined;
      return entity === undefined ? [] : [{ ...entity, names: [...entity.names], lists: [...entity.lists] }];
    });
    const removed = changes.flatMap(({ op, kind, id }) => (op === 'remove' ? [{ kind, id }] : []));
    return { version, put, removed };
  }

  /** One line a document; the last line carries the version, so that it never falls. */
  private content(): readonly Line[] {
    const lines: Line[] = [...this.table.all()].map((entity) => ({
      version: entity.version,
      put: [{ ...entity, names: [...entity.names], lists: [...entity.lists] }],
      removed: [],
    }));
    lines.push({ version: this.table.lastVersion, put: [], removed: [] });
    return lines;
  }

  private tell(changed: readonly ChangedRef[] | undefined): void {
    for (const listener of this.listeners) listener(changed);
  }
}

function nonce(): string {
  return randomBytes(6).toString('hex');
}
