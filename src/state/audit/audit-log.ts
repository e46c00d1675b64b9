import { type AuditRecord } from './audit-record';

/** Which records, newest first. */
export interface AuditQuery {
  readonly offset: number;
  readonly limit: number;
  /** Looked at record by record. */
  readonly matches?: (record: AuditRecord) => boolean;
}

/** Part of the log. */
export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Of all records, whether they match or not. */
  readonly kept: number;
  readonly hasMore: boolean;
}

/**
 * Port: the record of admin actions, bounded: the oldest go first. Two engines, this process with a journal or Redis.
 *
 * @throws {StateUnavailable} both methods, when the state cannot be reached.
 */
export abstract class AuditLog {
  /** Settles when it is durable. An action whose record cannot be written must not happen. */
  abstract append(record: AuditRecord): Promise<void>;
  abstract page(query: AuditQuery): Promise<AuditPage>;
  abstract close(): Promise<void>;
}

/** How many records are read at a time. */
const step = 200;

/** A page out of a log that is read in steps, newest first. */
export async function pageOf(
  read: (from: number, count: number) => Promise<readonly AuditRecord[]>,
  { offset, limit, matches }: AuditQuery,
): Promise<Omit<AuditPage, 'kept'>> {
  if (matches === undefined) {
    const records = await read(offset, limit + 1);
    return { records: records.slice(0, limit), hasMore: records.length > limit };
  }
  const found: AuditRecord[] = [];
  for (let from = 0; found.length <= offset + limit; from += step) {
    const records = await read(from, step);
    found.push(...records.filter(matches));
    if (records.length < step) break;
  }
  return { records: found.slice(offset, offset + limit), hasMore: found.length > offset + limit };
}
