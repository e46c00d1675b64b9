/** Why something is left alone. */
export type CooldownKind =
  | 'burst' // a short rate limit
  | 'quota' // a plan window is used up
  | 'quarantine' // the login or workspace was refused
  | 'model' // the account does not have the model
  | 'errors' // too many failures
  | 'network' // the host cannot be reached
  | 'edge'; // a page of an edge network came instead of answers

/** Something that gets no calls for a while. Times are Unix milliseconds of this process's clock. */
export interface Cooldown {
  /** Of `Candidate.scopes`. */
  readonly scope: string;
  readonly kind: CooldownKind;
  /** Machine word: upstream's own code, else the kind of failure. */
  readonly reason: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** What a person has to do about it, in words of ours; undefined when time alone helps. */
  readonly advice?: string;
  /** From here on one call may find out whether it is over already; undefined: none may. */
  readonly probeAtMs?: number;
}

/** Two cooldowns of one scope: the later deadline counts, and who brought it says why. */
export function laterOf(running: Cooldown | undefined, next: Cooldown): Cooldown {
  if (running === undefined || running.untilMs <= next.sinceMs) return next;
  if (running.untilMs >= next.untilMs) return running;
  return { ...next, sinceMs: running.sinceMs };
}
