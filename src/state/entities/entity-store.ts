import {
  type Change,
  type ChangedRef,
  type CommitReply,
  type Entity,
  type EntityKind,
  type EntityPage,
  type EntityRef,
  type News,
  type PageQuery,
  type Stamp,
} from './entity';

/**
 * Port: keys, teams, users and their kin as documents. Two engines behind one conformance suite: this process with a
 * journal, or Redis for all replicas.
 *
 * @throws {StateUnavailable} every method, when the state cannot be reached; of `commit` it says whether it may have
 * happened all the same.
 */
export abstract class EntityStore {
  /** All changes or none, durable when this settles; every process that shares the state is told. */
  abstract commit(changes: readonly Change[]): Promise<CommitReply>;

  /** In the order of `refs`; undefined where there is none. One round trip. */
  abstract many(refs: readonly EntityRef[]): Promise<readonly (Entity | undefined)[]>;

  /** The document that has this name. One round trip. */
  abstract named(kind: EntityKind, name: string): Promise<Entity | undefined>;

  abstract page(kind: EntityKind, query: PageQuery): Promise<EntityPage>;

  /** How many documents stand in each list. One round trip. */
  abstract counts(kind: EntityKind, lists: readonly string[]): Promise<readonly number[]>;

  /** What changed after `since`, for those who cannot rely on being told. With undefined only the stamp is of use. */
  abstract news(since: Stamp | undefined): Promise<News>;

  /**
   * @param listener called with what changed, or with undefined when anything may have changed unseen; must not throw.
   * @returns how to stop listening.
   */
  abstract onChange(listener: (changed: readonly ChangedRef[] | undefined) => void): () => void;

  /** Unix milliseconds that all users of this state agree on. */
  abstract nowMs(): number;

  abstract close(): Promise<void>;
}

/** The first of one. */
export async function oneOf(store: EntityStore, ref: EntityRef): Promise<Entity | undefined> {
  return (await store.many([ref]))[0];
}
