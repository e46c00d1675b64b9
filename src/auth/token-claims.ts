import { decodeJwt, type JWTPayload } from 'jose';
import { fieldsOf, stringOf, wholeMoment } from './login-document';

const authClaim = 'https://api.openai.com/auth';

/** What we read of a login's JWT; read only, never verified: the upstream does that. */
export interface TokenClaims {
  /** Unix milliseconds of `exp`, which may be a fraction of a second; undefined when it is no date. */
  readonly expiresAtMs: number | undefined;
  readonly accountId: string | undefined;
  readonly isFedramp: boolean;
  /** `plus`, `team`, `enterprise`, …: an open set. */
  readonly plan: string | undefined;
}

/** Claims of an access or id token (protocol 2.3). A token that is no JWT has none. */
export function tokenClaims(token: string | undefined): TokenClaims {
  const payload = token === undefined ? undefined : payloadOf(token);
  const auth = (payload && fieldsOf(payload, authClaim)) ?? {};
  return {
    expiresAtMs: typeof payload?.exp === 'number' ? wholeMoment(payload.exp * 1000) : undefined,
    accountId: stringOf(auth, 'chatgpt_account_id'),
    isFedramp: auth['chatgpt_account_is_fedramp'] === true,
    plan: stringOf(auth, 'chatgpt_plan_type'),
  };
}

function payloadOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
