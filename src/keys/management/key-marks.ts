import { type Stored } from '../rows/rows';
import { holds } from './whole-list';

/** What may be asked of keys beyond whose they are. */
export interface KeyMarks {
  /** A part of the alias. */
  readonly aliasPart?: string;
  /** The digest, or a part of the alias. */
  readonly search?: string;
  /** LiteLLM's words: every key is exactly one of them. */
  readonly status?: 'active' | 'expired' | 'revoked';
  readonly expires?: 'active' | 'expired';
  /** LiteLLM's fields that are kept and shown. */
  readonly kept?: Readonly<Record<string, string>>;
}

/** A filter of keys. */
export interface MarkFilter {
  /** The parameter to name when it is too much work; undefined when everything passes. */
  readonly name: string | undefined;
  readonly passes: (key: Stored<'key'>) => boolean;
}

/** What keys with these marks are told by. */
export function markFilter({ aliasPart, search, status, expires, kept = {} }: KeyMarks, nowMs: number): MarkFilter {
  const filters: [string, (key: Stored<'key'>) => boolean][] = Object.entries(kept).map(([field, value]) => [
    field,
    ({ row }) => row.kept[field] === value,
  ]);
  if (aliasPart !== undefined) filters.push(['key_alias', ({ row }) => holds(aliasPart, row.key_alias)]);
  if (search !== undefined) filters.push(['search', ({ id, row }) => id === search || holds(search, row.key_alias)]);
  if (status !== undefined) filters.push(['status', (key) => statusOf(key, nowMs) === status]);
  if (expires !== undefined) filters.push(['expires', (key) => isOver(key, nowMs) === (expires === 'expired')]);
  return { name: filters[0]?.[0], passes: (key) => filters.every(([, passes]) => passes(key)) };
}

function statusOf(key: Stored<'key'>, nowMs: number): KeyMarks['status'] {
  if (key.row.blocked) return 'revoked';
  return isOver(key, nowMs) ? 'expired' : 'active';
}

function isOver({ row: { expiresMs } }: Stored<'key'>, nowMs: number): boolean {
  return expiresMs !== undefined && expiresMs <= nowMs;
}
