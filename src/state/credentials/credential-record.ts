/** Who brought a pair of tokens into the state. */
export type RotatedBy = 'gateway' | 'file' | 'login' | '';

/** What an operator has to do about a login that is final. */
export type AdviceKind = 'login_again' | 'own_login' | '';

/**
 * All that replicas share about one login. Flat, only text and integers, so that it is a Redis hash, a journal line and
 * an argument of the pure machine alike. Empty text and 0 mean "none". Times are Unix milliseconds.
 */
export interface AccountRecord {
  /** Version of this layout; a release reads the one before. */
  readonly schema: number;
  /** Grows with every pair, never falls; 0 before the first. */
  readonly generation: number;
  /** SHA-256 hex of the current refresh token. */
  readonly fingerprint: string;
  /** SHA-256 hex of the current access token. */
  readonly access: string;
  /** The pair, sealed for this account and generation; opaque here. */
  readonly sealed: string;
  readonly expiresAtMs: number;
  readonly rotatedAtMs: number;
  readonly rotatedBy: RotatedBy;
  /** Process that brought the pair. */
  readonly rotatedById: string;
  /** Fingerprints that must never come back, newest first, separated by spaces. */
  readonly spent: string;
  /** Number of the last lease given. */
  readonly fence: number;
  /** Who may refresh; unique for each attempt. */
  readonly holder: string;
  readonly leaseUntilMs: number;
  /** Fingerprint of a refresh token that was about to be sent and whose fate nobody recorded. */
  readonly intent: string;
  readonly intentFence: number;
  /** Until then nobody sends it again. */
  readonly intentUntilMs: number;
  /** How often it was sent without a known fate, the current sending included. */
  readonly sends: number;
  /** Why this generation is final; empty while it lives. */
  readonly failureCode: string;
  readonly failureAdvice: AdviceKind;
  readonly failureAtMs: number;
  readonly backoffCode: string;
  readonly backoffUntilMs: number;
  readonly backoffCount: number;
}

/** One token call at a time for each OAuth client, over all accounts and replicas. */
export interface LaneRecord {
  /** The attempt that has the lane. */
  readonly holder: string;
  readonly untilMs: number;
}

/** An account that nothing is known of. */
export const emptyAccount: AccountRecord = {
  schema: 1,
  generation: 0,
  fingerprint: '',
  access: '',
  sealed: '',
  expiresAtMs: 0,
  rotatedAtMs: 0,
  rotatedBy: '',
  rotatedById: '',
  spent: '',
  fence: 0,
  holder: '',
  leaseUntilMs: 0,
  intent: '',
  intentFence: 0,
  intentUntilMs: 0,
  sends: 0,
  failureCode: '',
  failureAdvice: '',
  failureAtMs: 0,
  backoffCode: '',
  backoffUntilMs: 0,
  backoffCount: 0,
};

/** A lane that nobody uses. */
export const freeLane: LaneRecord = { holder: '', untilMs: 0 };

/** After the lease a sent token stays untouched for this long, milliseconds. */
export const uncertainGraceMs = 60_000;

/** A token whose fate is unknown is sent this often in all. */
export const mostSends = 2;

/** Clocks of hosts that write login files may differ by this much, milliseconds. */
export const clockSkewMs = 300_000;

/** Spent fingerprints that are remembered for an account: about a year of rotations. */
export const spentKept = 32;

/** The login cannot be refreshed by itself any more: it was refused, or its token was sent twice with unknown fate. */
export function isFinal(record: AccountRecord, nowMs: number): boolean {
  return record.failureCode !== '' || isExhausted(record, nowMs);
}

/** The refresh token was sent as often as it may be, and nobody knows what became of it. */
export function isExhausted({ intent, intentUntilMs, sends }: AccountRecord, nowMs: number): boolean {
  return intent !== '' && sends >= mostSends && intentUntilMs <= nowMs;
}
