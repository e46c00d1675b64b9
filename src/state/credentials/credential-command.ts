import { type AccountRecord, type AdviceKind, type RotatedBy } from './credential-record';

/** Where a command applies. */
export interface Target {
  /** Opaque id of the account. */
  readonly account: string;
  /** OAuth client whose token calls go one after the other. */
  readonly lane: string;
}

/** A pair on its way into the state. */
export interface OfferedPair {
  readonly fingerprint: string;
  readonly access: string;
  /** Sealed for the generation it is going to have. */
  readonly sealed: string;
  readonly expiresAtMs: number;
}

/** Takes over a pair that was found in a file or made by a login. */
export interface Adopt extends Target, OfferedPair {
  readonly name: 'adopt';
  /** Generation the caller saw; the pair gets `newGeneration`, which must be larger. */
  readonly expectedGeneration: number;
  readonly newGeneration: number;
  /** The same pair counts as known only from this generation on: the state may have lost some. 0 for a pair without one. */
  readonly leastGeneration: number;
  /** When it was issued, Unix milliseconds; 0 when nothing tells. */
  readonly issuedAtMs: number;
  /** Fingerprints, with blanks between, that the caller knows to be spent: the state may have lost them. */
  readonly spent: string;
  readonly by: Exclude<RotatedBy, ''>;
  readonly byId: string;
}

/** Asks for the right to refresh. May be repeated by the same holder after a lost reply. */
export interface Claim extends Target {
  readonly name: 'claim';
  readonly holder: string;
  readonly expectedGeneration: number;
  readonly leaseMs: number;
}

/** Says, before sending, which refresh token will be sent. Repeatable under one lease. */
export interface Intend extends Target {
  readonly name: 'intend';
  readonly holder: string;
  readonly fingerprint: string;
}

/** Keeps the pair that the token endpoint gave, even when the lease lapsed meanwhile. */
export interface Store extends Target, OfferedPair {
  readonly name: 'store';
  readonly holder: string;
  /** The new pair gets the generation after this one. */
  readonly expectedGeneration: number;
  readonly byId: string;
}

/** How a token call ended without a pair. `uncertain`: nobody knows whether the token was used. */
export type FailureFate = 'permanent' | 'transient' | 'not_sent' | 'uncertain';

/** Notes how a token call failed; also ends the lease. */
export interface Fail extends Target {
  readonly name: 'fail';
  readonly holder: string;
  readonly expectedGeneration: number;
  readonly fate: FailureFate;
  readonly code: string;
  readonly advice: AdviceKind;
  /** Pause before the next try, its random part included. */
  readonly backoffMs: number;
}

/** Gives the lease back; nothing was sent. */
export interface Release extends Target {
  readonly name: 'release';
  readonly holder: string;
}

/** The same pair sealed with another key. */
export interface Reseal extends Target {
  readonly name: 'reseal';
  readonly expectedGeneration: number;
  readonly sealed: string;
}

/** Drops the pair for good: its refresh token counts as spent. */
export interface Forget extends Target {
  readonly name: 'forget';
  readonly expectedGeneration: number;
}

/** Only looks. */
export interface Read extends Target {
  readonly name: 'read';
}

/** Everything that can be asked of the record of a login. */
export type CredentialCommand = Adopt | Claim | Intend | Store | Fail | Release | Reseal | Forget | Read;

/** How a command ended. Which ones a command can give is said at its branch of `apply`. */
export type ReplyKind =
  | 'adopted'
  | 'same' // the state holds this pair, or a younger one of the same refresh token
  | 'spent' // its refresh token was used up or replaced before
  | 'older' // an unknown pair from before the current one
  | 'moved' // the generation is not the expected one
  | 'granted'
  | 'newer' // the state has a newer generation than the caller
  | 'behind' // the state lost generations that the caller still has
  | 'quarantined'
  | 'exhausted' // sent as often as it may be, fate unknown
  | 'backing_off'
  | 'busy'
  | 'lane_busy'
  | 'uncertain'
  | 'recorded'
  | 'lost' // the lease is not the caller's any more
  | 'stored'
  | 'noted'
  | 'released'
  | 'resealed'
  | 'forgotten'
  | 'record';

/** The answer to a command, and the account as it is now. */
export interface CredentialReply {
  readonly kind: ReplyKind;
  /** With a kind that means waiting: until when, Unix milliseconds; else 0. */
  readonly untilMs: number;
  readonly record: AccountRecord;
}
