import { type DeviceCode, DeviceLogin } from '../auth/device-login';
import { LoginFiles, type TokenPair } from '../auth/login-files';
import { tokenClaims } from '../auth/token-claims';
import { type StartConditions } from '../config/load-settings';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { StateUnavailable } from '../state/state-unavailable';
import { LoginState } from './login-state';
import { aboutFile, ensureWritable, type LoginPlace, type LoginWords, placeOf, readWords, withPlainErrors } from './login-words'; // prettier-ignore

/**
 * Signs in with a device code and writes the login file, mode 0600; with Redis every replica uses it from then on.
 *
 * @returns 0, or 1 with a sentence on standard error.
 */
export function loginCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = readWords(conditions);
    const place = placeOf(words);
    await ensureWritable(place);
    const outbound = new UndiciOutbound(words.settings);
    try {
      const login = new DeviceLogin(words.settings, outbound);
      const code = await login.begin();
      print(words, codeText(code), codeJson(code));
      const pair = await login.finish(code);
      await new LoginFiles().install(place.path, pair, Date.now()).catch((error: unknown) => aboutFile(place, error));
      const isShared = await share(words, place);
      report(words, place, pair, isShared);
      return 0;
    } finally {
      await outbound.close();
    }
  });
}

/** The file is what counts; a gateway that was not reached finds the new login in it. */
async function share({ settings }: LoginWords, { path }: LoginPlace): Promise<boolean> {
  if (settings.redis === undefined) return false;
  const state = await LoginState.open(settings);
  try {
    await state?.offer(path);
    return true;
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    process.stderr.write('Redis could not be reached: replicas use the new login once they see the file.\n');
    return false;
  } finally {
    await state?.close();
  }
}

function codeText({ verificationUrl, userCode }: DeviceCode): string {
  return [
    'Open this address in any browser and sign in to ChatGPT:',
    `  ${verificationUrl}`,
    'Enter this code (valid for 15 minutes; give it to nobody):',
    `  ${userCode}`,
    'Waiting for your approval…',
  ].join('\n');
}

function codeJson({ verificationUrl, userCode }: DeviceCode): object {
  return { verification_url: verificationUrl, user_code: userCode, expires_in_seconds: 900 };
}

function report(words: LoginWords, { name, path }: LoginPlace, pair: TokenPair, isShared: boolean): void {
  const { plan, expiresAtMs } = { ...tokenClaims(pair.accessToken), plan: tokenClaims(pair.idToken).plan };
  const until = expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString();
  const inRedis = isShared ? ', and in Redis for all replicas' : '';
  const text = `Signed in (plan ${plan ?? 'unknown'}). The login is in ${path} (mode 0600)${inRedis}.`;
  print(words, text, { name, auth_file: path, plan, expires_at: until, in_redis: isShared });
}

function print({ json }: LoginWords, text: string, data: object): void {
  process.stdout.write(`${json ? JSON.stringify(data) : text}\n`);
}
