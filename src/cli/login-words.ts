import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { DeviceLoginFailed } from '../auth/device-login';
import { UnreadableLogin } from '../auth/auth-file';
import { UnwritableLogin } from '../auth/login-files';
import { isLoginHome, type LoginHome } from '../auth/refresh/login-home';
import { type Credential, type CredentialSource } from '../config/deployment';
import { absolutePath } from '../config/file-paths';
import { loadSettings, type StartConditions } from '../config/load-settings';
import { loginNamePattern, loginNameRule } from '../config/login-name';
import { type Settings } from '../config/settings';
import { makeFolder } from '../state/make-folder';
import { StateUnavailable } from '../state/state-unavailable';

/** A command that cannot do what was asked; the message is for the person who typed it. */
export class CommandRefused extends Error {}

/** What the words of a login command mean. */
export interface LoginWords {
  readonly settings: Settings;
  readonly json: boolean;
  readonly revoke: boolean;
  /** The login has no file: it lives in the state under `name`. */
  readonly store: boolean;
  /** `--name` and `--auth-file` as given. */
  readonly name: string | undefined;
  readonly authFile: string | undefined;
  /** A running gateway to ask instead of files and state, and its key. */
  readonly url: string | undefined;
  readonly key: string | undefined;
}

/** A login, under the name that the configuration gives it. */
export interface LoginPlace {
  readonly name: string;
  readonly home: LoginHome;
}

/** A login without a file. */
export type StoredHome = Extract<LoginHome, { readonly kind: 'stored_login' }>;

const options = {
  name: { type: 'string' },
  'auth-file': { type: 'string' },
  config: { type: 'string', short: 'c' },
  url: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
  revoke: { type: 'boolean', default: false },
  store: { type: 'boolean', default: false },
} as const;

/** Reads flags and settings. @throws {CommandRefused} for unknown words, {ConfigFault} for settings that cannot be used. */
export function readWords({ argv, env, cwd, homeDir }: StartConditions): LoginWords {
  const values = parsedWords(argv);
  const configWords = values.config === undefined ? [] : ['--config', values.config];
  const settings = loadSettings({ argv: configWords, env, cwd, homeDir });
  const authFile = values['auth-file'];
  return {
    settings,
    json: values.json,
    revoke: values.revoke,
    store: values.store,
    name: values.name,
    url: values.url,
    key: values.key,
    authFile: authFile === undefined ? undefined : absolutePath(authFile, cwd, homeDir),
  };
}

/** `login` and `logout` would change another login than the gateway's. @throws {CommandRefused} with `--url` or `--key`. */
export function refuseGateway({ url, key }: LoginWords, command: 'login' | 'logout'): void {
  if (url === undefined && key === undefined) return;
  throw new CommandRefused(
    `${command} works on the login of this machine or of a shared Redis, not at a running gateway: type it where that gateway runs, without --url and --key.`,
  );
}

/** Every credential that some deployment uses, and the default one, each name once. */
export function credentialsOf({ defaultCredential, deployments }: Settings): readonly Credential[] {
  const all = [defaultCredential, ...deployments.map(({ credential }) => credential)];
  return [...new Map(all.map((credential) => [credential.name, credential])).values()];
}

/**
 * The login that a command is about: one that the configuration keeps in the state under this name, else the credential of
 * this name, else with `--store` a login that the configuration does not use yet.
 *
 * @throws {CommandRefused} when the words lead to none.
 */
export function placeOf(words: LoginWords): LoginPlace {
  const { name = 'default', authFile, store } = words;
  if (authFile !== undefined && store) throw new CommandRefused('--auth-file and --store exclude each other.');
  if (authFile !== undefined) return { name, home: { kind: 'auth_file', path: authFile } };
  return { name, home: store ? storedHome(words.settings, name) : knownHome(words.settings, name) };
}

function storedHome(settings: Settings, name: string): LoginHome {
  if (!loginNamePattern.test(name))
    throw new CommandRefused(`A login that is kept without a file needs a name: --name N, ${loginNameRule}.`);
  const source = sourceOf(settings, name) ?? { kind: 'stored_login', name };
  if (source.kind === 'stored_login') return source;
  throw new CommandRefused(
    `The credential '${name}' is kept elsewhere by the settings; with \`login: ${name}\` in its credential_values it would live in the state.`,
  );
}

function knownHome(settings: Settings, name: string): LoginHome {
  const source = sourceOf(settings, name);
  if (source === undefined) {
    throw new CommandRefused(
      `No deployment uses a credential named '${name}'. Say where its login lives: --auth-file F, or --store for the gateway's state`,
    );
  }
  if (isLoginHome(source)) return source;
  const kind = source.kind === 'api_key' ? 'an API key' : 'an access token';
  throw new CommandRefused(
    `The credential '${name}' is ${kind} in the settings, not a login. Name a file: --auth-file F`,
  );
}

/** Sentences for operators speak of the name in the state, so that name goes before a credential's own. */
function sourceOf(settings: Settings, name: string): CredentialSource | undefined {
  const all = credentialsOf(settings);
  const inState = all.find(({ source }) => source.kind === 'stored_login' && source.name === name);
  return (inState ?? all.find((each) => each.name === name))?.source;
}

/** Makes the folder of a new login. @throws {CommandRefused} when it cannot be written: better before a person approves. */
export async function ensureWritable(path: string): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch {
    throw new CommandRefused(`${dirname(path)} cannot be written by this user.`);
  }
}

/** Prints what is meant for the person and gives status 1; everything else flies on. */
export async function withPlainErrors(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!isForThePerson(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** The last word of a file's fault: `/path/auth.json is on a full file system`. */
export function aboutFile(path: string, error: unknown): never {
  if (error instanceof UnwritableLogin || error instanceof UnreadableLogin)
    throw new CommandRefused(`${path} ${error.message}.`, { cause: error });
  throw error;
}

function isForThePerson(error: unknown): error is Error {
  return [CommandRefused, DeviceLoginFailed, StateUnavailable].some((kind) => error instanceof kind);
}

function parsedWords(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch {
    // Node's own sentence quotes the word, and people paste secrets into the wrong place.
    throw new CommandRefused(
      'Known words: --name N, --auth-file F, --store, --config F, --json; logout also takes --revoke, accounts --url U and --key K.',
    );
  }
}
