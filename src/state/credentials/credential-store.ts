import { type CredentialCommand, type CredentialReply } from './credential-command';

/** Port: the shared record of every login. Two engines: this process with a journal, or Redis for all replicas. */
export abstract class CredentialStore {
  /**
   * Carries out one command, all or nothing; what it changed is durable when this settles.
   *
   * @throws {StateUnavailable} when the state cannot be reached, or the command may or may not have been carried out.
   */
  abstract run(command: CredentialCommand): Promise<CredentialReply>;

  /** Tells every process that shares the state, this one included, to look at the account again. Never fails. */
  abstract announce(account: string): Promise<void>;

  /**
   * @param listener called with the account, or with undefined when any account may have changed unseen.
   * @returns how to stop listening.
   */
  abstract onChange(listener: (account: string | undefined) => void): () => void;

  /** Unix milliseconds that all users of this state agree on. */
  abstract nowMs(): number;

  abstract close(): Promise<void>;
}
