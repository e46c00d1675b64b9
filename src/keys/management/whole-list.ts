import { invalidRequest } from '../../kernel/errors';
import { type EntityKind } from '../../state/entities/entity';
import { type EntityStore } from '../../state/entities/entity-store';
import { type Stored, stored } from '../rows/rows';

/** More documents than this are not looked at one by one for one answer: that needs all of them in memory. */
export const mostLookedAt = 5_000;
const step = 500;

/** A part of what was found. */
export interface PageRange {
  readonly offset: number;
  readonly limit: number;
}

/** Which documents of a kind, and which part of them. */
export interface ListQuery<K extends EntityKind> extends PageRange {
  /** The store's own list; undefined: all. */
  readonly list?: string | undefined;
  /** Filters that the store has no list for, each under the name of its parameter; undefined ones let everything pass. */
  readonly filters: Readonly<Record<string, ((document: Stored<K>) => boolean) | undefined>>;
  /** Undefined: newest first. */
  readonly sort?: Sort<Stored<K>> | undefined;
}

/** What a document is sorted by; without a value it comes last when rising. */
export type ValueOf<T> = (document: T) => string | number | undefined;

/** By what a list is sorted. */
export interface Sort<T> {
  /** Told all that is to be sorted, since what was spent is no part of a document and is asked of the books at once. */
  readonly valuesOf: (all: readonly T[]) => ValueOf<T> | Promise<ValueOf<T>>;
  readonly order: 'asc' | 'desc';
}

/** A page of documents, newest first unless sorted. @throws {GatewayError} 400 when too many would have to be looked at. */
export async function filteredPage<K extends EntityKind>(
  store: EntityStore,
  kind: K,
  { list, filters, sort, ...range }: ListQuery<K>,
): Promise<{ readonly found: readonly Stored<K>[]; readonly total: number }> {
  const used = Object.entries(filters).flatMap(([name, passes]) => (passes === undefined ? [] : [{ name, passes }]));
  const [first] = used;
  if (first === undefined && sort === undefined) {
    const { entities, total } = await store.page(kind, { ...named(list), order: 'newest', ...range });
    return { found: entities.map((entity) => stored(kind, entity)), total };
  }
  const all = await wholeList(store, kind, list, (total) => tooManyToFilter(first?.name ?? 'sort_by', total));
  const passing = all.filter((document) => used.every(({ passes }) => passes(document)));
  return pageOf(await sorted(passing, sort), range);
}

/** In the order that is asked for; of equals, the smaller id first. */
export async function sorted<T extends { readonly id: string }>(
  all: readonly T[],
  sort: Sort<T> | undefined,
): Promise<readonly T[]> {
  if (sort === undefined) return all;
  const sign = sort.order === 'desc' ? -1 : 1;
  const valueOf = await sort.valuesOf(all);
  return [...all].sort((a, b) => sign * compare(valueOf(a), valueOf(b)) || (a.id < b.id ? -1 : 1));
}

function compare(a: string | number | undefined, b: string | number | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  return b === undefined || a < b ? -1 : 1;
}

/** All of a list, newest first. @throws what `tooMany` makes of their number, when there are more than `mostLookedAt`. */
export async function wholeList<K extends EntityKind>(
  store: EntityStore,
  kind: K,
  list: string | undefined,
  tooMany: (total: number) => Error,
): Promise<readonly Stored<K>[]> {
  const all = new Map<string, Stored<K>>();
  for (let at = 0, total = 1; at < total; at += step) {
    const part = await store.page(kind, { ...named(list), order: 'newest', offset: at, limit: step });
    ({ total } = part);
    if (total > mostLookedAt) throw tooMany(total);
    for (const entity of part.entities) all.set(entity.id, stored(kind, entity));
  }
  return [...all.values()];
}

/** A part of what was found, and how much that was. */
export function pageOf<T>(
  all: readonly T[],
  { offset, limit }: PageRange,
): { readonly found: readonly T[]; readonly total: number } {
  return { found: all.slice(offset, offset + limit), total: all.length };
}

/** Whether one of some texts holds a part, however that is written. */
export function holds(part: string, ...texts: readonly (string | undefined)[]): boolean {
  const sought = part.toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(sought) === true);
}

/** Why a list is too long for a filter. */
export function tooManyToFilter(name: string, total: number): Error {
  return invalidRequest(
    `'${name}' looks at each of at most ${mostLookedAt}, and these are ${total}: narrow them with another filter.`,
    name,
  );
}

function named(list: string | undefined): { readonly list?: string } {
  return list === undefined ? {} : { list };
}
