/** What kinds of documents there are. `deleted_key` holds what is kept of a key that was deleted. */
export type EntityKind = 'key' | 'team' | 'user' | 'member' | 'budget' | 'customer' | 'deleted_key';

/** Every kind, for schemas. */
export const entityKinds = [
  'key',
  'team',
  'user',
  'member',
  'budget',
  'customer',
  'deleted_key',
] as const satisfies readonly EntityKind[];

/** Names one document. */
export interface EntityRef {
  readonly kind: EntityKind;
  readonly id: string;
}

/** A document and how it is found. Times are Unix milliseconds. */
export interface Entity extends EntityRef {
  /** Grows with every change of anything, so a document that was removed and made again has a larger one than before. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Further names, each of one document of its kind at most. */
  readonly names: readonly string[];
  /** Lists it stands in, such as `team:T`; it always stands in the list of its kind. */
  readonly lists: readonly string[];
  /** JSON, for the owner of the kind to read. */
  readonly body: string;
}

/** Makes a document, or puts it in the place of the one that is there. */
export interface Put extends EntityRef {
  readonly op: 'put';
  /** Version that must be there, 0 for none; undefined puts it over anything. */
  readonly expected?: number;
  readonly names: readonly string[];
  readonly lists: readonly string[];
  readonly body: string;
  /** For documents from elsewhere; else the time of the first put. */
  readonly createdAtMs?: number;
}

/** Takes a document away; one that is not there is no fault unless a version is expected. */
export interface Remove extends EntityRef {
  readonly op: 'remove';
  readonly expected?: number;
  /** Lists that must be as long as they were seen before this commit: what came to them meanwhile would be left behind. */
  readonly seen?: readonly SeenList[];
}

/** How many documents of a kind stood in a list. */
export interface SeenList {
  readonly kind: EntityKind;
  readonly list: string;
  readonly length: number;
}

/** Changes nothing, and keeps the commit from happening when the document changed. */
export interface Check extends EntityRef {
  readonly op: 'check';
  readonly expected: number;
}

/** One part of a commit. A commit names no document twice. */
export type Change = Put | Remove | Check;

/** What a commit changed, once it has its version. */
export function changedBy(changes: readonly Change[], version: number): readonly ChangedRef[] {
  return changes.flatMap(({ op, kind, id }) => (op === 'check' ? [] : [{ kind, id, version }]));
}

/** What became of a commit. Unless it was committed, nothing changed. */
export type CommitReply =
  /** Every document that was put has this version now. */
  | { readonly kind: 'committed'; readonly version: number }
  /** The document of the change at `at` is not in the expected version, or a list has not the length that was seen. */
  | { readonly kind: 'moved'; readonly at: number }
  /** The document at `at` wants a name that the document `owner` has. */
  | { readonly kind: 'name_taken'; readonly at: number; readonly name: string; readonly owner: string };

/** Where in the course of all changes somebody is. Only the store that made it reads more from it than whether it is the same. */
export type Stamp = string;

/** A document in the version that it has since a change, or that the change which removed it would have given it. */
export interface ChangedRef extends EntityRef {
  readonly version: number;
}

/** What changed since a stamp; `changed` is undefined when nobody knows that any more. */
export interface News {
  readonly stamp: Stamp;
  readonly changed: readonly ChangedRef[] | undefined;
  /** There are fewer changes than there were at the stamp: the state lost the last ones, as in a failover. */
  readonly wentBack?: boolean;
}

/** Which part of a list. Ordered by time of creation, then by id. */
export interface PageQuery {
  /** One of `Entity.lists`; undefined for all of the kind. */
  readonly list?: string;
  readonly order: 'newest' | 'oldest';
  readonly offset: number;
  readonly limit: number;
}

/** A part of a list, and how long the whole is. */
export interface EntityPage {
  readonly entities: readonly Entity[];
  readonly total: number;
}
