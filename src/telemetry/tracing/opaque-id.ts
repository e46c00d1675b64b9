import { createHash } from 'node:crypto';

const known = new Map<string, string>();

/**
 * A name of ours as an id that tells nothing, the same on every replica: the first 12 hex digits of its SHA-256. For names
 * from a closed set, which are remembered.
 */
export function opaqueId(name: string): string {
  const met = known.get(name);
  if (met !== undefined) return met;
  const id = createHash('sha256').update(name).digest('hex').slice(0, 12);
  known.set(name, id);
  return id;
}
