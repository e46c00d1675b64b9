import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Accounts, type Login, type LoginOptions } from './accounts';
import { type JsonObject } from './json';

/**
 * Shapes of login files found in the wild: `current` and `old` (no `auth_mode`, no account id) are the CLI's,
 * `without-account` is a current file that lacks the account id, `nested` and `flat` are the seed project's,
 * `litellm` and `cliproxy` those of two proxies, `apikey` and `personal` hold no rotating login.
 */
export type AuthFileShape =
  'current' | 'old' | 'without-account' | 'nested' | 'flat' | 'litellm' | 'cliproxy' | 'apikey' | 'personal';

/** How to write a login file. */
export interface AuthFileOptions extends LoginOptions {
  readonly shape?: AuthFileShape;
  /** ISO time of the last refresh; default now. */
  readonly lastRefresh?: string;
  /** Keys to add at the top level, to see whether they survive. */
  readonly extra?: JsonObject;
  /** Default `auth.json`. */
  readonly fileName?: string;
}

/** A written login file and what it holds. */
export interface WrittenAuthFile {
  readonly path: string;
  readonly login: Login;
  /** The bearer that the file leads to: access token, personal token or API key. */
  readonly bearer: string;
}

/** Mints a login and writes it, mode 0600, into the folder. */
export function makeAuthFile(accounts: Accounts, folder: string, options: AuthFileOptions = {}): WrittenAuthFile {
  const shape = options.shape ?? 'current';
  const minted = accounts.mintPersonal(options);
  const { login } = minted;
  const bearer = shape === 'personal' ? minted.token : shape === 'apikey' ? 'sk-simulated-key' : login.accessToken;
  const path = join(folder, options.fileName ?? 'auth.json');
  const lastRefresh = options.lastRefresh ?? new Date().toISOString();
  const content = { ...contentOf(shape, login, { bearer, lastRefresh }), ...options.extra };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return { path, login, bearer };
}

function contentOf(
  shape: AuthFileShape,
  login: Login,
  { bearer, lastRefresh }: { readonly bearer: string; readonly lastRefresh: string },
): JsonObject {
  const bare = { id_token: login.idToken, access_token: login.accessToken, refresh_token: login.refreshToken };
  const withAccount = { ...bare, account_id: login.accountId };
  switch (shape) {
    case 'current':
      return { auth_mode: 'chatgpt', OPENAI_API_KEY: null, tokens: withAccount, last_refresh: lastRefresh };
    case 'without-account':
      return { auth_mode: 'chatgpt', OPENAI_API_KEY: null, tokens: bare, last_refresh: lastRefresh };
    case 'old':
      return { OPENAI_API_KEY: null, tokens: bare, last_refresh: lastRefresh };
    case 'nested':
      return { chatgpt: { ...bare, expires_at: login.expiresAt } };
    case 'flat':
      return { access_token: login.accessToken, refresh_token: login.refreshToken, expires_at: login.expiresAt };
    case 'litellm':
      return { ...withAccount, expires_at: login.expiresAt };
    case 'cliproxy':
      return {
        ...withAccount,
        type: 'codex',
        email: login.email,
        expired: new Date(login.expiresAt * 1000).toISOString(),
        last_refresh: lastRefresh,
      };
    case 'apikey':
      return { auth_mode: 'apikey', OPENAI_API_KEY: bearer };
    case 'personal':
      return { auth_mode: 'personalAccessToken', OPENAI_API_KEY: null, personal_access_token: bearer };
  }
}
