import { loginCommands } from '../auth/refresh/account-state';
import { isLoginHome, type LoginHome, storeCommandOf } from '../auth/refresh/login-home';
import { type RefreshedAccessTokens } from '../auth/refreshed-access-tokens';
import { usedCredentials } from '../config/credentials';
import { type Settings } from '../config/settings';

/** What an operator should know of the logins at start: which cannot be used. Looks at the state too. */
export async function loginWarnings(
  tokens: Pick<RefreshedAccessTokens, 'lookNow' | 'isStateUnavailable'>,
  settings: Pick<Settings, 'deployments' | 'defaultCredential'>,
): Promise<readonly string[]> {
  const states = await tokens.lookNow();
  const without = new Set(states.flatMap(({ state, names }) => (state === 'unusable' ? names : [])));
  // Nobody knows what a state holds that cannot be asked, and that has been told already.
  const isHidden = ({ kind }: LoginHome): boolean => kind === 'stored_login' && tokens.isStateUnavailable;
  return usedCredentials(settings).flatMap(({ name, source }) =>
    isLoginHome(source) && without.has(name) && !isHidden(source) ? [warningOf(name, source)] : [],
  );
}

function warningOf(name: string, home: LoginHome): string {
  const refused = `so requests for credential '${name}' are refused`;
  return home.kind === 'auth_file'
    ? `No login: ${home.path} holds none that can be used, ${refused}. Sign in with ${loginCommands}, or set CODEX_ACCESS_TOKEN.`
    : `No login: there is none named ${home.name} in the state, ${refused}. Sign in with \`${storeCommandOf(home.name)}\`.`;
}
