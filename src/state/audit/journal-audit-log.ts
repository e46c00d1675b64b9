import { OwnedJournal } from '../journal/owned-journal';
import { AuditLog, type AuditPage, type AuditQuery, pageOf } from './audit-log';
import { type AuditRecord, auditRecordSchema } from './audit-record';

/** The record of admin actions of this process, in a file of `STATE_DIR` that is cut to its bound now and then. */
export class JournalAuditLog extends AuditLog {
  /** Oldest first; up to twice what is kept. */
  private records: AuditRecord[] = [];
  private readonly journal: OwnedJournal;

  constructor(
    folder: string,
    private readonly mostRecords: number,
  ) {
    super();
    this.journal = new OwnedJournal(folder, 'audit', {
      restore: (lines) => {
        this.records = lines.map((line) => auditRecordSchema.parse(line));
      },
      content: () => {
        this.records = this.records.slice(-mostRecords);
        return this.records;
      },
      isLong: (lines) => lines > 2 * mostRecords,
    });
  }

  override append(record: AuditRecord): Promise<void> {
    return this.journal.write(() => {
      this.records.push(record);
      return { reply: undefined, line: record };
    });
  }

  override async page(query: AuditQuery): Promise<AuditPage> {
    await this.journal.opened();
    const kept = this.records.slice(-this.mostRecords).reverse();
    const read = (from: number, count: number): Promise<AuditRecord[]> =>
      Promise.resolve(kept.slice(from, from + count));
    return { ...(await pageOf(read, query)), kept: kept.length };
  }

  override close(): Promise<void> {
    return this.journal.close();
  }
}
