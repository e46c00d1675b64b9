import { type GatewayError, upstreamAuthenticationFailed } from '../../kernel/errors';
import { type AdviceKind, type RotatedBy } from '../../state/credentials/credential-record';
import { type LoginHome, phraseOf, storeCommandOf } from './login-home';

/** What an operator may know of a login; holds no token and no address. Times are Unix milliseconds. */
export interface AccountState {
  /** Opaque, and the same on every replica. */
  readonly id: string;
  /** Names of the credentials that use this login. */
  readonly names: readonly string[];
  readonly kind: 'chatgpt' | 'file' | 'access_token' | 'api_key';
  readonly plan: string | undefined;
  /** Tells accounts apart and says nothing else. */
  readonly accountDigest: string | undefined;
  readonly expiresAtMs: number | undefined;
  readonly generation: number;
  readonly lastRefreshMs: number | undefined;
  readonly rotatedBy: RotatedBy;
  readonly rotatedById: string;
  readonly state: AccountCondition;
  /** What to do; undefined while all is well. */
  readonly advice: string | undefined;
}

/** `unusable`: there is no login at all, or it ended and cannot be renewed. */
export type AccountCondition =
  'ok' | 'refreshing' | 'expiring' | 'quarantined' | 'file_not_writable' | 'backing_off' | 'unusable';

/** How a person makes a new login, on the host of the gateway. */
export const loginCommands = '`node dist/main.js login` (or `npm start -- login`, or `codex login`)';

/** Sentences for the operator, by what happened to the refresh token (protocol 3.4). */
export function adviceFor(code: string, advice: AdviceKind, home: LoginHome): string {
  const { commands, again } = loginWords(home);
  if (advice === 'own_login' && home.kind === 'stored_login') {
    return `another program or gateway uses the same login and has already used up its refresh token. Sign in anew for this gateway alone: run ${commands}.`;
  }
  if (advice === 'own_login') {
    return 'another program (the Codex CLI, an editor, a second gateway) uses the same login and has already used up its refresh token. Give the gateway a login of its own: run `node dist/main.js login --auth-file F` with a file that nothing else uses (or `codex login` with such a CODEX_HOME) and point CODEX_AUTH_FILE (or the auth_file) there.';
  }
  if (code === 'refresh_uncertain') {
    return `its refresh token was sent twice and no answer came back, so nobody knows whether it is still good. ${again}`;
  }
  if (code === 'unsealable') {
    return `its stored tokens were sealed with another key. Set GATEWAY_SALT_KEY_PREVIOUS to the key of before, or run ${commands} again.`;
  }
  const reasons: Readonly<Record<string, string>> = {
    refresh_token_expired: 'its session is too old',
    refresh_token_invalidated: 'it was revoked (logout, changed password, or a refresh token used twice)',
  };
  return `${reasons[code] ?? 'the login server refuses it'}. ${again}`;
}

/** A named login can be made anew from anywhere that reaches the state. */
function loginWords(home: LoginHome): { readonly commands: string; readonly again: string } {
  if (home.kind === 'auth_file')
    return { commands: loginCommands, again: `Run ${loginCommands} again on the host of the gateway.` };
  const commands = `\`${storeCommandOf(home.name)}\``;
  return { commands, again: `Run ${commands} again.` };
}

/** 503: nothing but a person brings this login back. */
export function deadLogin(home: LoginHome, code: string, advice: AdviceKind): GatewayError {
  return upstreamAuthenticationFailed(
    `The ChatGPT login ${phraseOf(home)} cannot be used: ${adviceFor(code, advice, home)} (${code})`,
  );
}

/** 503 with `Retry-After`: the login is being renewed, or will be tried again. */
export function loginNotReady(home: LoginHome, retryAfterMs: number, code?: string): GatewayError {
  const why = code === undefined ? 'is being renewed' : `could not be renewed yet (${code})`;
  return upstreamAuthenticationFailed(
    `The ChatGPT login ${phraseOf(home)} ${why}. Try again shortly.`,
    Math.max(1_000, retryAfterMs),
  );
}

/** 503: a login that the gateway has no means to renew has ended. */
export function expiredLogin(fileName: string, expiresAtMs: number): GatewayError {
  const at = new Date(expiresAtMs).toISOString();
  return upstreamAuthenticationFailed(
    `The ChatGPT login in '${fileName}' expired at ${at} and holds no refresh token. The gateway's operator has to run ${loginCommands} on its host.`,
  );
}

/** 503: there is no login in the file; `reason` is the end of a sentence about it. */
export function unusableFile(fileName: string, reason: string): GatewayError {
  return upstreamAuthenticationFailed(
    `The Codex login file '${fileName}' ${reason}. The gateway's operator has to run ${loginCommands} on its host, or point CODEX_AUTH_FILE (or the deployment's auth_file) at the right file.`,
  );
}

/** 503: nobody has logged in under this name yet, or somebody logged out. */
export function noStoredLogin(name: string): GatewayError {
  return upstreamAuthenticationFailed(
    `There is no ChatGPT login named '${name}'. The gateway's operator has to run \`${storeCommandOf(name)}\`; it is used at once, without a restart.`,
  );
}
