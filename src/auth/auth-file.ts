import {
  type Fields,
  fieldsAt,
  momentOf,
  parseDocument,
  stringOf,
  tokenPlaceOf,
  UnreadableLogin,
} from './login-document';
import { tokenClaims } from './token-claims';

export { UnreadableLogin } from './login-document';

/** A login as some tool keeps it on disk. Holds secrets: never logged, never part of a message. */
export interface StoredLogin {
  /** Bearer of a ChatGPT login; undefined in an API-key file. */
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  readonly apiKey: string | undefined;
  /** An `at-…` token, whose account only the login server knows. */
  readonly personalToken: string | undefined;
  readonly accountId: string | undefined;
  /** Unix milliseconds; undefined when nothing tells. */
  readonly expiresAtMs: number | undefined;
  readonly isFedramp: boolean;
}

/**
 * Reads every shape of `auth.json` (protocol 2.1 and 2.2): the CLI's own, old ones without `auth_mode`, API-key files,
 * and the nested or flat files of related tools.
 *
 * @throws {UnreadableLogin} when it is torn or holds no credential; says nothing of the content.
 */
export function readAuthFile(text: string): StoredLogin {
  return loginOf(parseDocument(text));
}

/** The login in a parsed document. @throws {UnreadableLogin} when it holds none. */
export function loginOf(document: Fields): StoredLogin {
  const apiKey = stringOf(document, 'OPENAI_API_KEY');
  const place = tokenPlaceOf(document);
  const prefersKey = document['auth_mode'] === 'apikey' || document['auth_mode'] === undefined;
  if (apiKey !== undefined && (prefersKey || place === undefined)) return { ...empty, apiKey };
  if (place !== undefined) return tokenLogin(fieldsAt(document, place));
  const personalToken = stringOf(document, 'personal_access_token');
  if (personalToken !== undefined) return { ...empty, personalToken };
  throw new UnreadableLogin('holds no access token and no API key', 'empty');
}

const empty: StoredLogin = {
  accessToken: undefined,
  refreshToken: undefined,
  idToken: undefined,
  apiKey: undefined,
  personalToken: undefined,
  accountId: undefined,
  expiresAtMs: undefined,
  isFedramp: false,
};

function tokenLogin(tokens: Fields): StoredLogin {
  const accessToken = stringOf(tokens, 'access_token');
  const idToken = stringOf(tokens, 'id_token');
  const access = tokenClaims(accessToken);
  const id = tokenClaims(idToken);
  return {
    ...empty,
    accessToken,
    idToken,
    refreshToken: stringOf(tokens, 'refresh_token'),
    accountId: stringOf(tokens, 'account_id') ?? id.accountId ?? access.accountId,
    expiresAtMs: access.expiresAtMs ?? momentOf(tokens['expires_at']) ?? momentOf(tokens['expired']),
    isFedramp: id.isFedramp || access.isFedramp,
  };
}
