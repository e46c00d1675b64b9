import { join } from 'node:path';
import { errorCode } from '../../kernel/error-code';
import { JournalFile } from '../credentials/journal-file';
import { WriterLock } from '../credentials/writer-lock';
import { StateDir } from '../state-dir';
import { StateUnavailable } from '../state-unavailable';
import { AuditLog, type AuditPage, type AuditQuery, pageOf } from './audit-log';
import { type AuditRecord, auditRecordSchema } from './audit-record';

/** The record of admin actions of this process, in a file of `STATE_DIR` that is cut to its bound now and then. */
export class JournalAuditLog extends AuditLog {
  /** Oldest first; up to twice what is kept. */
  private records: AuditRecord[] = [];
  private readonly journal: JournalFile;
  private readonly lock: WriterLock;
  private opening: Promise<void> | undefined;
  private cutting: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    private readonly mostRecords: number,
  ) {
    super();
    this.journal = new JournalFile(join(folder, 'audit.journal'));
    this.lock = new WriterLock(join(folder, 'audit.lock'));
  }

  override async append(record: AuditRecord): Promise<void> {
    await this.opened();
    while (this.cutting !== undefined) await this.cutting;
    try {
      await this.journal.append(record);
    } catch (error) {
      // The disk may or may not have it: everything is read again.
      await this.close();
      throw new StateUnavailable('connection', errorCode(error));
    }
    this.records.push(record);
    if (this.records.length < 2 * this.mostRecords + 1) return;
    this.cutting ??= this.cut()
      .catch(() => this.close())
      .finally(() => {
        this.cutting = undefined;
      });
    await this.cutting;
  }

  override async page(query: AuditQuery): Promise<AuditPage> {
    await this.opened();
    const kept = this.records.slice(-this.mostRecords).reverse();
    const read = (from: number, count: number): Promise<AuditRecord[]> =>
      Promise.resolve(kept.slice(from, from + count));
    return { ...(await pageOf(read, query)), kept: kept.length };
  }

  override async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    await this.journal.close();
    this.lock.letGo();
    this.opening = undefined;
  }

  private opened(): Promise<void> {
    this.opening ??= this.open().catch((error: unknown) => {
      this.opening = undefined;
      this.lock.letGo();
      throw error instanceof StateUnavailable ? error : new StateUnavailable('connection', errorCode(error));
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    await new StateDir(this.folder).ensure();
    if (!(await this.lock.take())) throw new StateUnavailable('offline');
    this.records = (await this.journal.load()).map((line) => auditRecordSchema.parse(line));
    await this.cut();
  }

  private async cut(): Promise<void> {
    this.records = this.records.slice(-this.mostRecords);
    await this.journal.rewrite(this.records);
  }
}
