import { type DeviceCode, DeviceLogin } from '../auth/device-login';
import { LoginFiles, type TokenPair } from '../auth/login-files';
import { tokenClaims } from '../auth/token-claims';
import { type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { StateUnavailable } from '../state/state-unavailable';
import { LoginState } from './login-state';
import {
  aboutFile,
  CommandRefused,
  ensureWritable,
  type LoginWords,
  placeOf,
  readWords,
  refuseGateway,
  type StoredHome,
  withPlainErrors,
} from './login-words';

/**
 * Signs in with a device code and writes the login file, mode 0600; with Redis every replica uses it from then on. A login
 * that lives in the state goes there alone.
 *
 * @returns 0, or 1 with a sentence on standard error.
 */
export function loginCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = readWords(conditions);
    refuseGateway(words, 'login');
    const { name, home } = placeOf(words);
    if (home.kind === 'auth_file') await loginToFile(words, name, home.path);
    else await loginToState(words, name, home);
    return 0;
  });
}

async function loginToFile(words: LoginWords, name: string, path: string): Promise<void> {
  await ensureWritable(path);
  const pair = await signIn(words);
  await new LoginFiles().install(path, pair, Date.now()).catch((error: unknown) => aboutFile(path, error));
  const isShared = await share(words, path);
  const inRedis = isShared ? ', and in Redis for all replicas' : '';
  const where = `The login is in ${path} (mode 0600)${inRedis}.`;
  report(words, pair, where, { name, auth_file: path, in_redis: isShared });
}

/** The state is asked first and kept open: nobody should approve a login that has no place to go. */
async function loginToState(words: LoginWords, name: string, home: StoredHome): Promise<void> {
  const { settings } = words;
  const state = await LoginState.openOrMake(settings);
  try {
    await state.ready(home).catch((error: unknown) => aboutState(settings, error));
    const pair = await signIn(words);
    const isKept = await state.keep(home, pair).catch((error: unknown) => aboutState(settings, error));
    if (!isKept) throw new CommandRefused('The new login was not kept, because it cannot be renewed. Try again.');
    const isShared = settings.redis !== undefined;
    const place = isShared
      ? 'in Redis, and all replicas use it'
      : `in ${settings.stateDir}, for the gateway that starts there`;
    const where = `The login '${home.name}' is sealed ${place}. Deployments name it with api_key: oauth:${home.name}`;
    report(words, pair, where, { name, login: home.name, auth_file: null, in_redis: isShared });
  } finally {
    await state.close();
  }
}

async function signIn(words: LoginWords): Promise<TokenPair> {
  const outbound = new UndiciOutbound(words.settings);
  try {
    const login = new DeviceLogin(words.settings, outbound);
    const code = await login.begin();
    print(words, codeText(code), codeJson(code));
    return await login.finish(code);
  } finally {
    await outbound.close();
  }
}

/** Why a login cannot be kept in the state. */
function aboutState({ redis, stateDir }: Settings, error: unknown): never {
  if (!(error instanceof StateUnavailable)) throw error;
  const why =
    redis !== undefined
      ? 'Redis could not be reached. Try again when it can.'
      : error.trouble === 'offline'
        ? `A running gateway holds the state in ${stateDir}. Stop it first, or set REDIS_URL so that both can write, or keep the login in a file: --auth-file F.`
        : `The state folder ${stateDir} cannot be used by this user.`;
  throw new CommandRefused(`The login is not kept. ${why}`, { cause: error });
}

/** The file is what counts; a gateway that was not reached finds the new login in it. */
async function share({ settings }: LoginWords, path: string): Promise<boolean> {
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

function report(words: LoginWords, pair: TokenPair, where: string, data: object): void {
  const { plan, expiresAtMs } = { ...tokenClaims(pair.accessToken), plan: tokenClaims(pair.idToken).plan };
  const until = expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString();
  print(words, `Signed in (plan ${plan ?? 'unknown'}). ${where}`, { ...data, plan, expires_at: until });
}

function print({ json }: LoginWords, text: string, data: object): void {
  process.stdout.write(`${json ? JSON.stringify(data) : text}\n`);
}
