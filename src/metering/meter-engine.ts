import { type RoutingAnswer, type RoutingQuestion } from './meter';
import {
  type AdjustCommand,
  type AdjustReply,
  type AdmitCommand,
  type AdmitReply,
  type CorrectCommand,
  type CorrectReply,
  type ExtendCommand,
  type ExtendReply,
  type MendCommand,
  type MendReply,
  type SeedCommand,
  type SeedReply,
  type SettleCommand,
  type SettleReply,
} from './machine/meter-command';
import { type BookReads } from './book-reads';

/** A word about a ticket that nobody waits for. */
export interface TicketNote {
  readonly ticketId: string;
  readonly value: string;
}

/** Where a conversation went. */
export interface PinNote {
  readonly pin: string;
  readonly value: string;
  readonly ttlMs: number;
}

/** What came of an admission, and what routing asked with it. */
export interface AdmitOutcome {
  readonly reply: AdmitReply;
  readonly routing: RoutingAnswer;
}

/**
 * Port: carries out the commands of the machine, each all or nothing, and keeps what they changed. Two engines: this process
 * with a journal, or Redis for all replicas; one conformance suite.
 *
 * @throws {StateUnavailable} every command, when the state cannot be used, or nobody knows whether it was carried out.
 */
export abstract class MeterEngine {
  /** For whoever needs to look rather than to change. */
  abstract readonly reads: BookReads;
  /** Whether commands can be carried out right now, as far as known. */
  abstract readonly isUp: boolean;
  /** Whether a row that is settled now is kept at all: in the state, in a file, or in memory until the disk takes it. */
  abstract readonly keepsRows: boolean;
  /** Unix milliseconds that all users of this state agree on. */
  abstract nowMs(): number;
  abstract admit(command: AdmitCommand, routing: RoutingQuestion): Promise<AdmitOutcome>;
  abstract extend(command: ExtendCommand): Promise<ExtendReply>;
  /** Which deployment works on which ticket, and where conversations went. */
  abstract note(assignments: readonly TicketNote[], pins: readonly PinNote[]): Promise<void>;
  /** Texts of the rows that tickets would be now; tickets that are gone are left out. */
  abstract checkpoint(drafts: readonly TicketNote[]): Promise<void>;
  /** @returns whether there was such a ticket. */
  abstract void(ticketId: string): Promise<boolean>;
  abstract settle(command: SettleCommand): Promise<SettleReply>;
  abstract correct(command: CorrectCommand): Promise<CorrectReply>;
  /** Begins to count changes of a book that may be new. */
  abstract watch(key: string): Promise<void>;
  /** Closes a book, so that the next admission has its sums worked out anew. */
  abstract forget(key: string): Promise<void>;
  abstract seed(command: SeedCommand): Promise<SeedReply>;
  abstract adjust(command: AdjustCommand): Promise<AdjustReply>;
  abstract mend(command: MendCommand): Promise<MendReply>;
  abstract close(): Promise<void>;
}
