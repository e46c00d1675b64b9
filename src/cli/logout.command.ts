import { DeviceLogin } from '../auth/device-login';
import { LoginFiles } from '../auth/login-files';
import { type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { StateUnavailable } from '../state/state-unavailable';
import { LoginState } from './login-state';
import { aboutFile, CommandRefused, type LoginPlace, placeOf, readWords, withPlainErrors } from './login-words';

/**
 * Removes the gateway's copy of a login: from the state of the gateways, then the file. With `--revoke` the login ends at
 * the login server as well, for every program that uses it; the file goes last, so that a failed step can be repeated.
 *
 * @returns 0, or 1 with a sentence on standard error.
 */
export function logoutCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = readWords(conditions);
    const place = placeOf(words);
    await forget(words.settings, place);
    const isRevoked = words.revoke && (await revoke(words.settings, place));
    await new LoginFiles().remove(place.path).catch((error: unknown) => aboutFile(place, error));
    const text = `The login in ${place.path} is removed${isRevoked ? ' and revoked' : ''}.`;
    const data = { name: place.name, auth_file: place.path, revoked: isRevoked };
    process.stdout.write(`${words.json ? JSON.stringify(data) : text}\n`);
    return 0;
  });
}

async function revoke(settings: Settings, place: LoginPlace): Promise<true> {
  const { refreshToken } = await new LoginFiles().read(place.path).catch((error: unknown) => aboutFile(place, error));
  if (refreshToken === undefined) throw new CommandRefused(`${place.path} holds no refresh token, so there is nothing to revoke.`); // prettier-ignore
  const outbound = new UndiciOutbound(settings);
  try {
    await new DeviceLogin(settings, outbound).revoke(refreshToken);
    return true;
  } finally {
    await outbound.close();
  }
}

async function forget(settings: Settings, { path }: LoginPlace): Promise<void> {
  const state = await LoginState.open(settings);
  try {
    await state?.forget(path);
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    const why =
      settings.redis === undefined ? 'A running gateway holds it: stop that first' : 'Redis could not be reached';
    throw new CommandRefused(`Nothing was removed, because the login is also in the gateway's state. ${why}.`, {
      cause: error,
    });
  } finally {
    await state?.close();
  }
}
