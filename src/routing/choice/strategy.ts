import { type Candidate } from './candidate';

/** What a strategy may look at. Asked for candidates only; cheap. */
export interface Ground {
  /** Calls in flight at this deployment, over all replicas as far as they are known. */
  readonly inFlight: (candidate: Candidate) => number;
  /** Average of recent answers until their first content, milliseconds; undefined without one. */
  readonly latencyMs: (candidate: Candidate) => number | undefined;
  /** Requests and tokens of the minute that runs, in this process. */
  readonly minute: (candidate: Candidate) => { readonly requests: number; readonly tokens: number };
  /** What is left of the account's tightest window relative to the time until its reset; see `quota/headroom.ts`. */
  readonly headroom: (candidate: Candidate) => number;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
  /** Fraction of the lowest latency within which deployments count as equal. */
  readonly latencyBuffer: number;
}

/** A way to choose among deployments that could all serve a call. Pure. */
export interface Strategy {
  /** @returns undefined only when there are no candidates. */
  readonly pick: (candidates: readonly Candidate[], ground: Ground) => Candidate | undefined;
  /** Whether a conversation that begins may as well go to this one, which its key chose. */
  readonly accepts: (natural: Candidate, candidates: readonly Candidate[], ground: Ground) => boolean;
  /** Shares of the keys of conversations; undefined: equal ones. */
  readonly weights?: (candidates: readonly Candidate[]) => (candidate: Candidate) => number;
}
