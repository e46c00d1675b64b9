import {
  type Change,
  type ChangedRef,
  type CommitReply,
  type Entity,
  type EntityKind,
  type EntityRef,
  type News,
  type PageQuery,
  type Put,
  type Stamp,
} from './entity';
import { SortedList } from './sorted-list';

/** How many changed documents are remembered for those who ask what is new. */
export const newsKept = 4_096;

interface Told {
  readonly stamp: Stamp;
  readonly ref: ChangedRef;
}

/**
 * All documents, in memory: the rules of the store in one place. `lua/entity-commit.lua` says the same for Redis, and a
 * test drives both with the same random commits.
 */
export class EntityTable {
  private readonly entities = new Map<string, Entity>();
  private readonly names = new Map<string, string>();
  private readonly lists = new Map<string, SortedList>();
  private told: Told[] = [];
  private version = 0;
  private stamp: Stamp = '0';
  /** Where the memory of changes begins, as long as it still reaches back to it. */
  private floor: Stamp | undefined = '0';

  /** How many documents there are. */
  get size(): number {
    return this.entities.size;
  }

  /** All documents, in no order. */
  all(): IterableIterator<Entity> {
    return this.entities.values();
  }

  get lastVersion(): number {
    return this.version;
  }

  /**
   * All changes or none. @param nonce makes the stamp of this commit differ from one of the same version in another course
   * of events, such as the one before a lost write.
   */
  commit(changes: readonly Change[], nowMs: number, nonce: string): CommitReply {
    const refusal = this.refusalOf(changes);
    if (refusal !== undefined) return refusal;
    if (changes.every(({ op }) => op === 'check')) return { kind: 'committed', version: this.version };
    this.version += 1;
    this.stamp = `${this.version}.${nonce}`;
    for (const change of changes) this.carryOut(change, nowMs);
    return { kind: 'committed', version: this.version };
  }

  get(ref: EntityRef): Entity | undefined {
    return this.entities.get(placeOf(ref));
  }

  named(kind: EntityKind, name: string): Entity | undefined {
    const id = this.names.get(nameKey(kind, name));
    return id === undefined ? undefined : this.get({ kind, id });
  }

  page(kind: EntityKind, { list = '', order, offset, limit }: PageQuery): { entities: Entity[]; total: number } {
    const sorted = this.lists.get(nameKey(kind, list));
    if (sorted === undefined) return { entities: [], total: 0 };
    const ids = sorted.slice(order, offset, limit);
    const entities = ids.flatMap((id) => this.get({ kind, id }) ?? []);
    return { entities, total: sorted.length };
  }

  count(kind: EntityKind, list: string): number {
    return this.lists.get(nameKey(kind, list))?.length ?? 0;
  }

  news(since: Stamp | undefined): News {
    const { stamp } = this;
    if (since === stamp) return { stamp, changed: [] };
    const from = this.told.findIndex((told) => told.stamp === since);
    if (from === -1 && (since === undefined || since !== this.floor)) return { stamp, changed: undefined };
    const later = this.told.slice(from + 1).filter((told) => told.stamp !== since);
    return { stamp, changed: later.map(({ ref }) => ref) };
  }

  /** Puts a document back as it was, when a journal is read. */
  restore(entity: Entity): void {
    this.forget(entity);
    this.keep(entity);
  }

  /** Takes a document away as a journal tells it. */
  drop(ref: EntityRef): void {
    this.forget(ref);
  }

  /** Versions go on from here. */
  reach(version: number): void {
    this.version = Math.max(this.version, version);
  }

  /** Begins the course of changes anew after a journal was read: nobody may compare stamps over a restart. */
  begin(nonce: string): void {
    this.stamp = `${this.version}.${nonce}`;
    this.told = [];
    this.floor = this.stamp;
  }

  private refusalOf(changes: readonly Change[]): CommitReply | undefined {
    const claimed = new Map<string, string>();
    for (const [at, change] of changes.entries()) {
      if (this.hasMoved(change)) return { kind: 'moved', at };
      if (change.op !== 'put') continue;
      for (const name of change.names) {
        const key = nameKey(change.kind, name);
        const owner = this.names.get(key) ?? claimed.get(key) ?? change.id;
        if (owner !== change.id) return { kind: 'name_taken', at, name, owner };
        claimed.set(key, change.id);
      }
    }
    return undefined;
  }

  private hasMoved(change: Change): boolean {
    const version = this.get(change)?.version ?? 0;
    if (change.expected !== undefined && change.expected !== version) return true;
    const seen = change.op === 'remove' ? (change.seen ?? []) : [];
    return seen.some(({ kind, list, length }) => this.count(kind, list) !== length);
  }

  private carryOut(change: Change, nowMs: number): void {
    if (change.op === 'check') return;
    const { kind, id } = change;
    if (change.op === 'put') this.restore(this.entityOf(change, nowMs));
    else this.forget(change);
    this.told.push({ stamp: this.stamp, ref: { kind, id, version: this.version } });
    if (this.told.length <= newsKept) return;
    this.told.shift();
    this.floor = undefined;
  }

  private entityOf({ kind, id, names, lists, body, createdAtMs }: Put, nowMs: number): Entity {
    const created = createdAtMs ?? this.get({ kind, id })?.createdAtMs ?? nowMs;
    return { kind, id, version: this.version, createdAtMs: created, updatedAtMs: nowMs, names, lists, body };
  }

  private keep(entity: Entity): void {
    const { kind, id, createdAtMs } = entity;
    this.entities.set(placeOf(entity), entity);
    for (const name of entity.names) this.names.set(nameKey(kind, name), id);
    for (const list of ['', ...entity.lists]) {
      const key = nameKey(kind, list);
      const sorted = this.lists.get(key) ?? new SortedList();
      this.lists.set(key, sorted);
      sorted.add(createdAtMs, id);
    }
  }

  private forget(ref: EntityRef): void {
    const entity = this.get(ref);
    if (entity === undefined) return;
    const { kind, id, createdAtMs } = entity;
    this.entities.delete(placeOf(entity));
    for (const name of entity.names) this.names.delete(nameKey(kind, name));
    for (const list of ['', ...entity.lists]) {
      const sorted = this.lists.get(nameKey(kind, list));
      sorted?.remove(createdAtMs, id);
      if (sorted?.length === 0) this.lists.delete(nameKey(kind, list));
    }
  }
}

function placeOf({ kind, id }: EntityRef): string {
  return nameKey(kind, id);
}

function nameKey(kind: EntityKind, name: string): string {
  return `${kind} ${name}`;
}
