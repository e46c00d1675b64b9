import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock } from '../../kernel/clock';
import { errorCode } from '../../kernel/error-code';
import { JournalFile } from '../credentials/journal-file';
import { WriterLock } from '../credentials/writer-lock';
import { StateDir } from '../state-dir';
import { StateUnavailable } from '../state-unavailable';
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
  private readonly journal: JournalFile;
  private readonly lock: WriterLock;
  private opening: Promise<void> | undefined;
  private lines = 0;
  private rewriting: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
  ) {
    super();
    this.journal = new JournalFile(join(folder, 'entities.journal'));
    this.lock = new WriterLock(join(folder, 'entities.lock'));
  }

  /** @throws {StateUnavailable} when the folder cannot be used or belongs to another running gateway. */
  override async commit(changes: readonly Change[]): Promise<CommitReply> {
    await this.opened();
    // Nothing is awaited between this and the append: what a rewrite leaves out is written behind it.
    while (this.rewriting !== undefined) await this.rewriting;
    const before = this.table.lastVersion;
    const reply = this.table.commit(changes, this.clock.nowMs(), nonce());
    if (reply.kind !== 'committed' || reply.version === before) return reply;
    await this.keep(this.lineOf(changes, reply.version));
    this.tell(changedBy(changes, reply.version));
    return reply;
  }

  override async many(refs: readonly EntityRef[]): Promise<readonly (Entity | undefined)[]> {
    await this.opened();
    return refs.map((ref) => this.table.get(ref));
  }

  override async named(kind: EntityKind, name: string): Promise<Entity | undefined> {
    await this.opened();
    return this.table.named(kind, name);
  }

  override async page(kind: EntityKind, query: PageQuery): Promise<EntityPage> {
    await this.opened();
    return this.table.page(kind, query);
  }

  override async counts(kind: EntityKind, lists: readonly string[]): Promise<readonly number[]> {
    await this.opened();
    return lists.map((list) => this.table.count(kind, list));
  }

  override async news(since: Stamp | undefined): Promise<News> {
    await this.opened();
    return this.table.news(since);
  }

  override onChange(listener: (changed: readonly ChangedRef[] | undefined) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  override nowMs(): number {
    return this.clock.nowMs();
  }

  override async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    await this.journal.close();
    this.lock.letGo();
    this.opening = undefined;
  }

  private opened(): Promise<void> {
    this.opening ??= this.open().catch((error: unknown) => {
      // Tried again by the next command: the other process may have ended, the disk may be there again.
      this.opening = undefined;
      this.lock.letGo();
      throw error instanceof StateUnavailable ? error : new StateUnavailable('connection', errorCode(error));
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    await new StateDir(this.folder).ensure();
    if (!(await this.lock.take())) throw new StateUnavailable('offline');
    const table = new EntityTable();
    for (const line of await this.journal.load()) {
      const { version, put, removed } = lineSchema.parse(line);
      for (const entity of put) table.restore(entity);
      for (const ref of removed) table.drop(ref);
      table.reach(version);
    }
    table.begin(nonce());
    this.table = table;
    await this.compact();
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

  private async keep(line: Line): Promise<void> {
    this.lines += 1;
    try {
      await this.journal.append(line);
    } catch (error) {
      // The disk may or may not have it. Everything is read again, so that memory says what the disk says.
      await this.close();
      throw new StateUnavailable('connection', errorCode(error));
    }
    const isPersonal = line.removed.some(({ kind }) => personalKinds.has(kind));
    if (!isPersonal && this.lines < Math.max(fewestLines, 2 * this.table.size)) return;
    // The line is on disk: a rewrite that fails costs this commit nothing, and the next one opens the journal anew.
    this.rewriting ??= this.compact()
      .catch(() => this.close())
      .finally(() => {
        this.rewriting = undefined;
      });
    await this.rewriting;
  }

  /** One line a document; the last line carries the version, so that it never falls. */
  private async compact(): Promise<void> {
    const lines: Line[] = [...this.table.all()].map((entity) => ({
      version: entity.version,
      put: [{ ...entity, names: [...entity.names], lists: [...entity.lists] }],
      removed: [],
    }));
    lines.push({ version: this.table.lastVersion, put: [], removed: [] });
    await this.journal.rewrite(lines);
    this.lines = lines.length;
  }

  private tell(changed: readonly ChangedRef[] | undefined): void {
    for (const listener of this.listeners) listener(changed);
  }
}

function nonce(): string {
  return randomBytes(6).toString('hex');
}
