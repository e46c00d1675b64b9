import { tokenClaims } from './token-claims';

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

/** Why a file cannot be used; a sentence's end that fits after the file's name. */
export class UnreadableLogin extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads every shape of `auth.json` (protocol 2.1 and 2.2): the CLI's own, old ones without `auth_mode`, API-key files,
 * and the nested or flat files of related tools. Tokens are looked for under `chatgpt`, `tokens`, then at the top.
 *
 * @throws {UnreadableLogin} when it is torn or holds no credential; says nothing of the content.
 */
export function readAuthFile(text: string): StoredLogin {
  const file = parsedObject(text);
  const apiKey = stringOf(file, 'OPENAI_API_KEY');
  const tokens = [fieldsOf(file, 'chatgpt'), fieldsOf(file, 'tokens'), file].find(
    (candidate) => candidate !== undefined && stringOf(candidate, 'access_token') !== undefined,
  );
  const prefersKey = file['auth_mode'] === 'apikey' || file['auth_mode'] === undefined;
  if (apiKey !== undefined && (prefersKey || tokens === undefined)) return { ...empty, apiKey };
  if (tokens !== undefined) return tokenLogin(tokens);
  const personalToken = stringOf(file, 'personal_access_token');
  if (personalToken !== undefined) return { ...empty, personalToken };
  throw new UnreadableLogin('holds no access token and no API key');
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

/** Unix milliseconds of a number in seconds or milliseconds, or of a date in text. */
function momentOf(value: unknown): number | undefined {
  if (typeof value === 'number' && value > 0) return value < 1e11 ? Math.round(value * 1000) : value;
  if (typeof value !== 'string' || value === '') return undefined;
  const parsed = Number.isNaN(Number(value)) ? Date.parse(value) : momentOf(Number(value));
  return parsed === undefined || Number.isNaN(parsed) ? undefined : parsed;
}

function parsedObject(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which is full of secrets.
    throw new UnreadableLogin('is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new UnreadableLogin('is not a JSON object');
  return parsed as Fields;
}

function fieldsOf(fields: Fields, name: string): Fields | undefined {
  const value = fields[name];
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function stringOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
