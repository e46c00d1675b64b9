import { lstat } from 'node:fs/promises';
import { DeviceLogin } from '../auth/device-login';
import { LoginFiles } from '../auth/login-files';
import { type LoginHome } from '../auth/refresh/login-home';
import { type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { errorCode } from '../kernel/error-code';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { StateUnavailable } from '../state/state-unavailable';
import { LoginState } from './login-state';
import {
  aboutFile,
  CommandRefused,
  type LoginWords,
  placeOf,
  readWords,
  refuseGateway,
  type StoredHome,
  withPlainErrors,
} from './login-words';

/**
 * Removes the gateway's copy of a login: from the state of the gateways, then the file if it has one. With `--revoke` the
 * login ends at the login server as well, for every program that uses it; what holds the refresh token goes last, so that a
 * failed step can be repeated.
 *
 * @returns 0, or 1 with a sentence on standard error.
 */
export function logoutCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = readWords(conditions);
    refuseGateway(words, 'logout');
    const { name, home } = placeOf(words);
    const { place, auth_file, ...done } =
      home.kind === 'auth_file' ? await removeFile(words, home) : await removeStored(words, home);
    const text = done.removed
      ? `The login ${place} is removed${done.revoked ? ' and revoked' : ''}.`
      : `There is no login ${place}: nothing was removed.`;
    process.stdout.write(`${words.json ? JSON.stringify({ name, auth_file, ...done }) : text}\n`);
    return 0;
  });
}

/** What became of a login; `place` for people. */
interface Removal {
  readonly place: string;
  readonly auth_file: string | null;
  readonly removed: boolean;
  readonly revoked: boolean;
}

async function removeFile(words: LoginWords, home: Extract<LoginHome, { kind: 'auth_file' }>): Promise<Removal> {
  const { path } = home;
  const wasKept = await withState(words.settings, async (state) => (await state?.forget(home)) ?? false);
  const isThere = await existsFile(path);
  const revoked = words.revoke && (await revoke(words.settings, await refreshTokenIn(path), path));
  await new LoginFiles().remove(path).catch((error: unknown) => aboutFile(path, error));
  return { place: `in ${path}`, auth_file: path, removed: wasKept || isThere, revoked };
}

/** The state goes last: it has the only refresh token, and a revocation that failed needs it again. */
async function removeStored({ settings, revoke: isRevoking }: LoginWords, home: StoredHome): Promise<Removal> {
  const place = `named '${home.name}'`;
  return withState(settings, async (state) => {
    const view = await state?.view(home);
    const isThere = view !== undefined && view.record.sealed !== '';
    const revoked =
      isRevoking && isThere && (await revoke(settings, view.login?.pair.refreshToken, `The login ${place}`));
    await state?.forget(home);
    return { place, auth_file: null, removed: isThere, revoked };
  });
}

async function refreshTokenIn(path: string): Promise<string | undefined> {
  return (await new LoginFiles().read(path).catch((error: unknown) => aboutFile(path, error))).refreshToken;
}

async function revoke(settings: Settings, refreshToken: string | undefined, owner: string): Promise<true> {
  if (refreshToken === undefined)
    throw new CommandRefused(`${owner} holds no refresh token that could be read, so there is nothing to revoke.`);
  const outbound = new UndiciOutbound(settings);
  try {
    await new DeviceLogin(settings, outbound).revoke(refreshToken);
    return true;
  } finally {
    await outbound.close();
  }
}

/** Whatever it holds: what cannot be read is removed all the same. */
async function existsFile(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR',
  );
}

/** Does the work on the state of the gateways, if there is one. @throws {CommandRefused} when it cannot be used now. */
async function withState<T>(settings: Settings, work: (state: LoginState | undefined) => Promise<T>): Promise<T> {
  const state = await LoginState.open(settings);
  try {
    return await work(state);
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    const why =
      settings.redis === undefined ? 'A running gateway holds it: stop that first' : 'Redis could not be reached';
    throw new CommandRefused(`Nothing was removed, because the login is in the gateway's state. ${why}.`, {
      cause: error,
    });
  } finally {
    await state?.close();
  }
}
