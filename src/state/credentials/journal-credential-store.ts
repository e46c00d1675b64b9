import { join } from 'node:path';
import { z } from 'zod';
import { type Clock } from '../../kernel/clock';
import { errorCode } from '../../kernel/error-code';
import { StateDir } from '../state-dir';
import { StateUnavailable } from '../state-unavailable';
import { type CredentialCommand, type CredentialReply } from './credential-command';
import { apply } from './credential-machine';
import { type AccountRecord, emptyAccount, freeLane, type LaneRecord } from './credential-record';
import { CredentialStore } from './credential-store';
import { JournalFile } from './journal-file';
import { recordSchema } from './record-schema';
import { WriterLock } from './writer-lock';

/** Lines after which the journal is written anew with one line an account. */
const linesPerJournal = 1_000;

const lineSchema = z.object({ account: z.string().min(1), record: recordSchema });

/**
 * The record of every login in this process, kept over restarts in a journal of `STATE_DIR`: each line is a whole record,
 * and the last one of an account counts. Leases are not kept, since their holder dies with the process.
 */
export class JournalCredentialStore extends CredentialStore {
  private readonly accounts = new Map<string, AccountRecord>();
  private readonly lanes = new Map<string, LaneRecord>();
  private readonly listeners = new Set<(account: string | undefined) => void>();
  private readonly journal: JournalFile;
  private readonly lock: WriterLock;
  private opening: Promise<void> | undefined;
  private lines = 0;
  private rewriting: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
  ) {
    super();
    this.journal = new JournalFile(join(folder, 'credentials.journal'));
    this.lock = new WriterLock(join(folder, 'credentials.lock'));
  }

  /** @throws {StateUnavailable} when the folder cannot be used or belongs to another running gateway. */
  override async run(command: CredentialCommand): Promise<CredentialReply> {
    await this.opened();
    // Nothing is awaited between this and the append: what a rewrite leaves out is written behind it.
    while (this.rewriting !== undefined) await this.rewriting;
    const account = this.accounts.get(command.account) ?? emptyAccount;
    const state = { account, lane: this.lanes.get(command.lane) ?? freeLane };
    const { reply, state: next } = apply(state, command, this.clock.nowMs());
    // In memory at once, so that commands behind this one build on it; the caller hears of it when the disk has it.
    this.lanes.set(command.lane, next.lane);
    if (next.account === account) return reply;
    this.accounts.set(command.account, next.account);
    await this.keep(command.account, next.account);
    return reply;
  }

  override announce(account: string): Promise<void> {
    for (const listener of this.listeners) listener(account);
    return Promise.resolve();
  }

  override onChange(listener: (account: string | undefined) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  override nowMs(): number {
    return this.clock.nowMs();
  }

  override async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    await this.journal.close();
    this.lock.letGo();
    this.opening = undefined;
  }

  private opened(): Promise<void> {
    this.opening ??= this.open().catch((error: unknown) => {
      // Tried again by the next command: the other process may have ended, the disk may be there again.
      this.opening = undefined;
      this.lock.letGo();
      throw error instanceof StateUnavailable ? error : new StateUnavailable('connection', errorCode(error));
    });
    return this.opening;
  }

  private async open(): Promise<void> {
    await new StateDir(this.folder).ensure();
    if (!(await this.lock.take())) throw new StateUnavailable('offline');
    this.accounts.clear();
    for (const line of await this.journal.load()) {
      const { account, record } = lineSchema.parse(line);
      this.accounts.set(account, { ...record, holder: '', leaseUntilMs: 0 });
    }
    await this.compact();
  }

  private async keep(account: string, record: AccountRecord): Promise<void> {
    this.lines += 1;
    try {
      await this.journal.append({ account, record });
    } catch (error) {
      // The disk may or may not have it. Everything is read again, so that memory says what the disk says.
      await this.close();
      throw new StateUnavailable('connection', errorCode(error));
    }
    if (this.lines < linesPerJournal) return;
    // The line is on disk: a rewrite that fails costs this command nothing, and the next one opens the journal anew.
    this.rewriting ??= this.compact()
      .catch(() => this.close())
      .finally(() => {
        this.rewriting = undefined;
      });
    await this.rewriting;
  }

  private async compact(): Promise<void> {
    await this.journal.rewrite([...this.accounts].map(([account, record]) => ({ account, record })));
    this.lines = 0;
  }
}
