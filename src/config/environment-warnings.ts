import { type Environment } from './env.schema';
import { isLoopback } from './master-key';

/** What an operator should know of variables that are accepted as they are; no value is shown. */
export function environmentWarnings(environment: Environment): readonly string[] {
  return [...plainHttpWarnings(environment), ...accessTokenWarnings(environment)];
}

function plainHttpWarnings(environment: Environment): readonly string[] {
  const names = ['CODEX_BASE_URL', 'CHATGPT_API_BASE', 'CODEX_REFRESH_TOKEN_URL_OVERRIDE', 'CODEX_WHOAMI_URL'] as const;
  return names
    .filter((name) => isOpenHttp(environment[name]))
    .map((name) => `environment ${name}: sends login tokens over plain http to another machine`);
}

function isOpenHttp(value: string | undefined): boolean {
  if (value === undefined) return false;
  const url = new URL(value);
  return url.protocol === 'http:' && !isLoopback(url.hostname);
}

function accessTokenWarnings({ CODEX_ACCESS_TOKEN: token }: Environment): readonly string[] {
  if (token === undefined) return [];
  // An example with its ellipsis: it cannot even be sent.
  if (!/^[\x21-\x7e]*$/.test(token.trim()))
    return ['environment CODEX_ACCESS_TOKEN: has characters that no token has; was an example copied as it stands?'];
  if (token.trim().startsWith('at-')) return [];
  return [
    'environment CODEX_ACCESS_TOKEN: does not begin with "at-", as the access tokens of a workspace do. A ChatGPT login belongs into CODEX_AUTH_FILE, an API key into an openai/ deployment.',
  ];
}
