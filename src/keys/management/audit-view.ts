import { isJsonObject } from '../../protocol/json-guards';
import { scrub } from '../../telemetry/scrub';

const secretName = /(^|_|-)(key|secrets?|password|token|credentials?|authorization|hash)$/i;
/** Names whose values say who a person is. */
const personalNames: ReadonlySet<string> = new Set(['user_email', 'user_alias']);

/**
 * A row as it is kept in the audit log: without secrets, and without what a person may ask to have forgotten, since
 * records outlive the person's documents. That something changed stays visible.
 */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (personalNames.has(name)) return [name, '[personal]'];
      if (name === 'metadata') return [name, namesIn(inner)];
      if (secretName.test(name)) return [name, '[redacted]'];
      return [name, withoutSecrets(inner)];
    }),
  );
}

/** What people write into metadata is theirs: only under which names. */
function namesIn(metadata: unknown): unknown {
  return typeof metadata === 'object' && metadata !== null ? Object.keys(metadata) : metadata;
}

/** The fields of a row that are not the same in another one; the whole where there is nothing to compare. */
export function differing(row: unknown, other: unknown): unknown {
  if (!isJsonObject(row) || !isJsonObject(other)) return row;
  const isSame = (name: string): boolean => JSON.stringify(row[name]) === JSON.stringify(other[name]);
  return Object.fromEntries(Object.entries(row).filter(([name]) => !isSame(name)));
}

const longest = 256;
const mostEntries = 100;

/** Long texts, lists and maps are cut: the log is kept in memory too. */
export function shortened(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > longest ? `${value.slice(0, longest)}… (${value.length})` : value;
  if (Array.isArray(value)) {
    const cut = value.slice(0, mostEntries).map(shortened);
    return value.length > mostEntries ? [...cut, `… (${value.length})`] : cut;
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  const cut = Object.fromEntries(
    entries.slice(0, mostEntries).map(([name, inner]) => [name.slice(0, longest), shortened(inner)]),
  );
  return entries.length > mostEntries ? { ...cut, '…': entries.length } : cut;
}
