import { createHash } from 'node:crypto';
import { z } from 'zod';
import { jsonIn } from '../../kernel/json-text';
import { type RotatedBy } from '../../state/credentials/credential-record';
import { type AccessToken } from '../access-tokens';
import { type FileLogin, type TokenPair } from '../login-files';
import { tokenClaims } from '../token-claims';
import { type RenewedTokens } from './refresh-outcome';

/** A login that can be refreshed, as this process holds it. Secrets: never logged. */
export interface HeldLogin {
  /** 0 while the shared state has not seen it. */
  readonly generation: number;
  /** SHA-256 hex of the refresh token. */
  readonly fingerprint: string;
  /** SHA-256 hex of the access token. */
  readonly access: string;
  readonly pair: TokenPair & { readonly refreshToken: string };
  /** What calls carry; the same object as long as the access token is the same. */
  readonly token: AccessToken;
  /** Unix milliseconds; undefined when nothing tells. */
  readonly expiresAtMs: number | undefined;
  /** When it was issued as far as is known, Unix milliseconds; 0 otherwise. */
  readonly rotatedAtMs: number;
  readonly rotatedBy: RotatedBy;
  readonly rotatedById: string;
}

const contentSchema = z.object({
  accessToken: z.string().min(1),
  refreshToken: z.string().min(1),
  idToken: z.string().optional(),
  accountId: z.string().optional(),
  isFedramp: z.boolean(),
});

/** What a login that is not refreshed sends. */
export function bearerOf({ accessToken, apiKey, personalToken }: FileLogin): string | undefined {
  return accessToken ?? apiKey ?? personalToken;
}

/** Undefined for a login without a refresh token: such a one is used until it ends. */
export function loginOfFile(file: FileLogin): HeldLogin | undefined {
  const { accessToken, refreshToken, idToken } = file;
  if (accessToken === undefined || refreshToken === undefined) return undefined;
  return {
    generation: 0,
    fingerprint: sha256(refreshToken),
    access: sha256(accessToken),
    pair: { accessToken, refreshToken, idToken },
    token: { bearer: accessToken, accountId: file.accountId, isFedramp: file.isFedramp },
    expiresAtMs: file.expiresAtMs,
    rotatedAtMs: file.lastRefreshMs ?? 0,
    rotatedBy: 'file',
    rotatedById: '',
  };
}

/** A login that a person just made; undefined without a refresh token. @param nowMs by the time of the state, so that it is the youngest. */
export function loginOfPair(pair: TokenPair, nowMs: number): HeldLogin | undefined {
  const { accessToken, refreshToken, idToken } = pair;
  if (refreshToken === undefined) return undefined;
  const [access, id] = [tokenClaims(accessToken), tokenClaims(idToken)];
  return {
    generation: 0,
    fingerprint: sha256(refreshToken),
    access: sha256(accessToken),
    pair: { accessToken, refreshToken, idToken },
    token: {
      bearer: accessToken,
      accountId: id.accountId ?? access.accountId,
      isFedramp: id.isFedramp || access.isFedramp,
    },
    expiresAtMs: access.expiresAtMs,
    rotatedAtMs: nowMs,
    rotatedBy: 'login',
    rotatedById: '',
  };
}

/** The login after a successful token call: what the answer left out stays. */
export function renewedLogin(held: HeldLogin, tokens: RenewedTokens, by: { id: string; nowMs: number }): HeldLogin {
  const accessToken = tokens.accessToken ?? held.pair.accessToken;
  const refreshToken = tokens.refreshToken ?? held.pair.refreshToken;
  const idToken = tokens.idToken ?? held.pair.idToken;
  const [access, id] = [tokenClaims(accessToken), tokenClaims(idToken)];
  const accountId = held.token.accountId ?? id.accountId ?? access.accountId;
  // Counted from the receipt, so that a wrong clock of ours does not matter.
  const endsAtMs = tokens.lifetimeMs === undefined ? access.expiresAtMs : by.nowMs + tokens.lifetimeMs;
  return {
    generation: held.generation + 1,
    fingerprint: sha256(refreshToken),
    access: sha256(accessToken),
    pair: { accessToken, refreshToken, idToken },
    token: { bearer: accessToken, accountId, isFedramp: id.isFedramp || access.isFedramp || held.token.isFedramp },
    expiresAtMs: tokens.accessToken === undefined ? held.expiresAtMs : endsAtMs,
    rotatedAtMs: by.nowMs,
    rotatedBy: 'gateway',
    rotatedById: by.id,
  };
}

/** What is sealed of a login. */
export function contentOf({ pair, token }: HeldLogin): string {
  return JSON.stringify({ ...pair, accountId: token.accountId, isFedramp: token.isFedramp });
}

/** Reads `contentOf`; undefined when it is something else. */
export function loginOfContent(
  text: string,
  known: Omit<HeldLogin, 'pair' | 'token' | 'fingerprint' | 'access'>,
): HeldLogin | undefined {
  const read = contentSchema.safeParse(jsonIn(text));
  if (!read.success) return undefined;
  const { accessToken, refreshToken, idToken, accountId, isFedramp } = read.data;
  return {
    ...known,
    fingerprint: sha256(refreshToken),
    access: sha256(accessToken),
    pair: { accessToken, refreshToken, idToken },
    token: { bearer: accessToken, accountId, isFedramp },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
