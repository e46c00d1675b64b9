import { z } from 'zod';
import { type Clock } from '../../kernel/clock';
import { OwnedJournal } from '../journal/owned-journal';
import { type CredentialCommand, type CredentialReply } from './credential-command';
import { apply } from './credential-machine';
import { type AccountRecord, emptyAccount, freeLane, type LaneRecord } from './credential-record';
import { CredentialStore } from './credential-store';
import { recordSchema } from './record-schema';

/** A journal shorter than this is not worth writing anew; a longer one is when half of its lines no longer count. */
const fewestLines = 1_000;

const lineSchema = z.object({ account: z.string().min(1), record: recordSchema });

/**
 * The record of every login in this process, kept over restarts in a journal of `STATE_DIR`: each line is a whole record,
 * and the last one of an account counts. Leases are not kept, since their holder dies with the process.
 */
export class JournalCredentialStore extends CredentialStore {
  private readonly accounts = new Map<string, AccountRecord>();
  private readonly lanes = new Map<string, LaneRecord>();
  private readonly listeners = new Set<(account: string | undefined) => void>();
  private readonly journal: OwnedJournal;

  constructor(
    folder: string,
    private readonly clock: Clock,
  ) {
    super();
    this.journal = new OwnedJournal(folder, 'credentials', {
      restore: (lines) => {
        this.restore(lines);
      },
      content: () => [...this.accounts].map(([account, record]) => ({ account, record })),
      isLong: (lines) => lines >= Math.max(fewestLines, 2 * this.accounts.size),
    });
  }

  /** @throws {StateUnavailable} when the folder cannot be used or belongs to another running gateway. */
  override run(command: CredentialCommand): Promise<CredentialReply> {
    return this.journal.write(() => {
      const account = this.accounts.get(command.account) ?? emptyAccount;
      const state = { account, lane: this.lanes.get(command.lane) ?? freeLane };
      const { reply, state: next } = apply(state, command, this.clock.nowMs());
      this.lanes.set(command.lane, next.lane);
      if (next.account === account) return { reply };
      this.accounts.set(command.account, next.account);
      return { reply, line: { account: command.account, record: next.account } };
    });
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

  override close(): Promise<void> {
    return this.journal.close();
  }

  private restore(lines: readonly unknown[]): void {
    this.accounts.clear();
    for (const line of lines) {
      const { account, record } = lineSchema.parse(line);
      this.accounts.set(account, { ...record, holder: '', leaseUntilMs: 0 });
    }
  }
}
