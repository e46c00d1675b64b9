import { hash, randomBytes } from 'node:crypto';

/** No key of ours is longer; what is longer is not worth hashing. */
const longestKey = 512;
const shortestOwnKey = 16;
const keyForm = /^sk-[\x21-\x7e]+$/;

/** SHA-256 in lower-case hex: how a key is stored, and how it is called everywhere else. As in LiteLLM. */
export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** Whether a text can be a key at all; the rest is refused without looking anywhere. */
export function looksLikeKey(text: string): boolean {
  return text.length <= longestKey && keyForm.test(text);
}

/** What is wrong with a value that somebody chose for a key; undefined when nothing is. */
export function mistakeInOwnKey(secret: string): string | undefined {
  if (!looksLikeKey(secret)) return `must begin with 'sk-' and be visible ASCII, at most ${longestKey} characters`;
  return secret.length < shortestOwnKey ? `must have at least ${shortestOwnKey} characters` : undefined;
}

/** A new key: `sk-` and 256 random bits. */
export function newSecret(): string {
  return `sk-${randomBytes(32).toString('base64url')}`;
}

/** Enough of a key for a person to tell it from others. */
export function maskedSecret(secret: string): string {
  return `sk-...${secret.slice(-4)}`;
}

/** Whether a text is the digest of a key. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Name under which the store finds the key that a secret opens. */
export function secretName(digest: string): string {
  return `secret:${digest}`;
}
