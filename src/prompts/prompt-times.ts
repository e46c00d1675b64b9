import { type TimeLimits } from '../config/time-limits';

/** Waits of the instruction cache, milliseconds. */
export interface PromptTimes {
  /** Longest wait of a request for the first copy of a file, and longest fetch. */
  readonly fetchMs: number;
  /** How long a text counts as fresh after the host's last word. */
  readonly freshMs: number;
  /** Between two attempts after a failure; also the longest a refresher that died blocks the others. */
  readonly retryMs: number;
  /** How long a text nobody confirmed is kept: stale beats none. */
  readonly keepMs: number;
  /** Between two looks into the shared cache while another replica fetches. */
  readonly lookMs: number;
}

/** Token of `PromptTimes`. */
export const PROMPT_TIMES = Symbol('PROMPT_TIMES');

/** A release a day is much; four questions an hour leave room in the host's sixty. */
export function promptTimes({ instructionsMs }: Pick<TimeLimits, 'instructionsMs'>): PromptTimes {
  return {
    fetchMs: instructionsMs,
    freshMs: 15 * 60_000,
    retryMs: 60_000,
    keepMs: 60 * 24 * 3_600_000,
    lookMs: 100,
  };
}
