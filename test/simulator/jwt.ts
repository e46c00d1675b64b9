import { randomBytes } from 'node:crypto';
import { isJsonObject, type JsonObject, parseJson } from './json';

/** The claim under which ChatGPT tokens carry account, user and plan. */
export const authClaim = 'https://api.openai.com/auth';

/** @returns an unsigned token of three parts; every one is different, as a real signature would make it. */
export function mintJwt(claims: JsonObject): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [encode({ alg: 'none', typ: 'JWT' }), encode(claims), randomBytes(16).toString('base64url')].join('.');
}

/** @returns the claims without verification, or undefined when the text is not a three-part JWT. */
export function readClaims(token: string): JsonObject | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const claims = parseJson(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
  return isJsonObject(claims) ? claims : undefined;
}
