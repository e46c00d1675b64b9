import { randomBytes } from 'node:crypto';

/** Tells processes apart; drawn once, so that an id costs a counter and no randomness. */
const processPrefix = randomBytes(8).toString('hex');
let issued = 0;

/** A fresh request id, for example `req_9f86d081884c7d65-1a`. Unique over processes; never taken from a client. */
export function nextRequestId(): string {
  issued += 1;
  return `req_${processPrefix}-${issued.toString(36)}`;
}

const harmless = /^[A-Za-z0-9._-]{1,128}$/;

/** The client's own id when it is short and safe to echo and log, else `ours`. */
export function callIdOf(headers: Readonly<Record<string, string | string[] | undefined>>, ours: string): string {
  const named = headers['x-litellm-call-id'] ?? headers['x-request-id'];
  return typeof named === 'string' && harmless.test(named) ? named : ours;
}
