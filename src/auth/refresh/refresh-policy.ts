import { type HeldLogin } from './held-login';

const minuteMs = 60_000;
/** A refresh begins at a random moment between these two before the end. */
const earliestMs = 15 * minuteMs;
const latestMs = 10 * minuteMs;
/** So close to its end a token counts as over, unless it cannot be refreshed now. */
const closeMs = 5 * minuteMs;
/** Short-lived tokens are refreshed after most of their life instead. */
const earlyShare = 0.25;
const closeShare = 0.1;

const firstBackoffMs = 5_000;
const longestBackoffMs = 5 * minuteMs;
const longestRetryAfterMs = 15 * minuteMs;

/** The moments in the life of an access token, Unix milliseconds. */
export interface Moments {
  readonly refreshAtMs: number;
  readonly closeAtMs: number;
  readonly endsAtMs: number;
}

/** @param random 0..1, drawn once for each token and process, so that replicas and accounts do not start together. */
export function momentsOf({ expiresAtMs, rotatedAtMs, rotatedBy }: HeldLogin, random: number): Moments {
  const endsAtMs = expiresAtMs ?? Number.POSITIVE_INFINITY;
  const isLifeKnown = rotatedBy === 'gateway' && rotatedAtMs > 0;
  const lifeMs = isLifeKnown ? Math.max(0, endsAtMs - rotatedAtMs) : Number.POSITIVE_INFINITY;
  const early = Math.min(latestMs + random * (earliestMs - latestMs), lifeMs * earlyShare);
  return { refreshAtMs: endsAtMs - early, closeAtMs: endsAtMs - Math.min(closeMs, lifeMs * closeShare), endsAtMs };
}

/** Pause after a failure that may pass: doubles from 5 s to 5 min, spread by a half either way; a server's wish counts more. */
export function backoffMs(count: number, random: number, retryAfterMs = 0): number {
  const steady = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(count, 10));
  return Math.round(Math.max(steady * (0.5 + random), Math.min(retryAfterMs, longestRetryAfterMs)));
}
