import { decodeJwt, type JWTPayload } from 'jose';

const authClaim = 'https://api.openai.com/auth';

/** What we read of a login's JWT; read only, never verified: the upstream does that. */
export interface TokenClaims {
  /** Unix milliseconds of `exp`. */
  readonly expiresAtMs: number | undefined;
  readonly accountId: string | undefined;
  readonly isFedramp: boolean;
}

const noClaims: TokenClaims = { expiresAtMs: undefined, accountId: undefined, isFedramp: false };

/** Claims of an access or id token (protocol 2.3). A token that is no JWT has none. */
export function tokenClaims(token: string | undefined): TokenClaims {
  const payload = token === undefined ? undefined : payloadOf(token);
  if (payload === undefined) return noClaims;
  const auth = payload[authClaim];
  const fields = typeof auth === 'object' && auth !== null ? (auth as Readonly<Record<string, unknown>>) : {};
  const accountId = fields['chatgpt_account_id'];
  return {
    expiresAtMs: typeof payload.exp === 'number' ? payload.exp * 1000 : undefined,
    accountId: typeof accountId === 'string' && accountId !== '' ? accountId : undefined,
    isFedramp: fields['chatgpt_account_is_fedramp'] === true,
  };
}

function payloadOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
