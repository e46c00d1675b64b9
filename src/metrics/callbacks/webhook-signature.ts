import { createHmac } from 'node:crypto';

/** Name of the header that carries the signature. */
export const signatureHeader = 'x-codex-gateway-signature';

/**
 * Proves to a receiver that a body is ours and fresh: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. The receiver
 * makes the same over what it received and refuses old times.
 */
export function signatureOf(body: string, secret: string, unixSeconds: number): string {
  const digest = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${digest}`;
}
