import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type CredentialSource } from '../../config/deployment';

/** Where a login that can be renewed lives: in a file with a copy in the state, or under a name in the state alone. */
export type LoginHome = Extract<CredentialSource, { readonly kind: 'auth_file' | 'stored_login' }>;

/** Whether a credential is a login, and no token or key of the settings. */
export function isLoginHome(source: CredentialSource): source is LoginHome {
  return source.kind === 'auth_file' || source.kind === 'stored_login';
}

/** The same text for the same login in this process; a name holds no slash, so it is never taken for a path. */
export function homeKeyOf(home: LoginHome): string {
  return home.kind === 'auth_file' ? home.path : home.name;
}

/** Opaque id of the account in the state: the same on all replicas, for a file as long as it is mounted at one place. */
export function accountIdOf(home: LoginHome): string {
  // No path begins with a word and NUL, so that no file can pass for a named login.
  const identity = home.kind === 'auth_file' ? home.path : `stored_login\0${home.name}`;
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** `auth.json`, without its folders, which clients need not know; or the name of the login. */
export function homeNameOf(home: LoginHome): string {
  return home.kind === 'auth_file' ? basename(home.path) : home.name;
}

/** How sentences speak of the login, after "The ChatGPT login". */
export function phraseOf(home: LoginHome): string {
  return home.kind === 'auth_file' ? `in '${homeNameOf(home)}'` : `named '${home.name}'`;
}

/** The command that makes a named login, or makes it anew. */
export function storeCommandOf(name: string): string {
  return `node dist/main.js login --name ${name} --store`;
}
