import { type Fields, fieldsAt, momentOf, stringOf, type TokenPlace } from './login-document';
import { tokenClaims } from './token-claims';

/** What the token endpoint gave: an absent refresh or id token keeps the stored one. Secrets: never logged. */
export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
}

/** A rotation to put into a document. */
export interface Rotation {
  readonly pair: TokenPair;
  /** Becomes `last_refresh`. */
  readonly nowMs: number;
  /** End of the access token where the server said it; else its own `exp` counts. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * The document's text with the new tokens where the old ones stand. Every other member, at every level, stays as it is,
 * known to us or not; an account id that was missing is filled in from the tokens (the CLI refuses files without it).
 */
export function mergedText(document: Fields, place: TokenPlace, rotation: Rotation): string {
  const tokens = mergedTokens(fieldsAt(document, place), rotation);
  const lastRefresh = { last_refresh: new Date(rotation.nowMs).toISOString() };
  const merged = place === 'top' ? { ...tokens, ...lastRefresh } : { ...document, [place]: tokens, ...lastRefresh };
  return `${JSON.stringify(merged, null, 2)}\n`;
}

/** A document in the shape that the Codex CLI writes (protocol 2.1). */
export function newText(rotation: Rotation): string {
  return mergedText({ auth_mode: 'chatgpt', OPENAI_API_KEY: null }, 'tokens', rotation);
}

function mergedTokens(stored: Fields, { pair, expiresAtMs }: Rotation): Fields {
  const refreshToken = pair.refreshToken ?? stringOf(stored, 'refresh_token');
  const idToken = usableIdToken(pair.idToken) ?? stringOf(stored, 'id_token');
  const access = tokenClaims(pair.accessToken);
  const accountId = stringOf(stored, 'account_id') ?? tokenClaims(idToken).accountId ?? access.accountId;
  return {
    ...stored,
    ...(idToken === undefined ? {} : { id_token: idToken }),
    access_token: pair.accessToken,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(accountId === undefined ? {} : { account_id: accountId }),
    ...movedExpiry(stored, expiresAtMs ?? access.expiresAtMs),
  };
}

/** The CLI refuses a whole file whose id token is not a JWT of three parts: the stored one then serves it better. */
function usableIdToken(idToken: string | undefined): string | undefined {
  return idToken?.split('.').length === 3 ? idToken : undefined;
}

/**
 * Files of other tools say when the access token ends. The member keeps its spelling (seconds, milliseconds, text), and
 * becomes null when nobody knows the new end: the old one would declare a fresh token dead.
 */
function movedExpiry(stored: Fields, expiresAtMs: number | undefined): Fields {
  const moved: Record<string, unknown> = {};
  for (const name of ['expires_at', 'expired']) {
    if (stored[name] !== undefined)
      moved[name] = expiresAtMs === undefined ? null : likewise(stored[name], expiresAtMs);
  }
  return moved;
}

function likewise(old: unknown, momentMs: number): unknown {
  const oldMs = momentOf(old);
  if (oldMs === undefined) return Math.floor(momentMs / 1000);
  if (typeof old === 'string' && Number.isNaN(Number(old))) return new Date(momentMs).toISOString();
  const number = Number(old) < 1e11 ? Math.floor(momentMs / 1000) : momentMs;
  return typeof old === 'string' ? String(number) : number;
}
