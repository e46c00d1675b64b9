import { type QuotaRecord } from '../quota/quota-record';
import { type Cooldown } from '../trouble/cooldown';

/** Who wants to know what the replicas found out. What is told may be known already. */
export interface BoardListener {
  readonly cooled: (cooldown: Cooldown) => void;
  /** What began after `atMs` (Unix milliseconds) goes on. */
  readonly cleared: (scope: string, atMs: number) => void;
  readonly quotaKnown: (account: string, record: QuotaRecord) => void;
}

/**
 * Port: what all replicas know of accounts and deployments. Nobody waits for it: writing returns at once and never fails,
 * reading is listening. A board that is out of reach costs knowledge, never a request.
 */
export abstract class RoutingBoard {
  /** Tells everything that is known now and from now on. @returns a function that ends it. */
  abstract listen(listener: BoardListener): () => void;
  /** Of two cooldowns of one scope the later deadline stays. */
  abstract cool(cooldown: Cooldown): void;
  /** Ends a cooldown before its time. @param nowMs Unix milliseconds. */
  abstract clear(scope: string, nowMs: number): void;
  abstract quotaKnown(account: string, record: QuotaRecord): void;
  abstract close(): void;
}
