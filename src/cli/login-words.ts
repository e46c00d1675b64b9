import { access, constants, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { DeviceLoginFailed } from '../auth/device-login';
import { UnreadableLogin } from '../auth/auth-file';
import { UnwritableLogin } from '../auth/login-files';
import { type Credential } from '../config/deployment';
import { absolutePath } from '../config/file-paths';
import { loadSettings, type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { StateUnavailable } from '../state/state-unavailable';

/** A command that cannot do what was asked; the message is for the person who typed it. */
export class CommandRefused extends Error {}

/** What the words of a login command mean. */
export interface LoginWords {
  readonly settings: Settings;
  readonly json: boolean;
  readonly revoke: boolean;
  /** `--name` and `--auth-file` as given. */
  readonly name: string | undefined;
  readonly authFile: string | undefined;
  /** A running gateway to ask instead of files and state, and its key. */
  readonly url: string | undefined;
  readonly key: string | undefined;
}

/** One login file, under the name that the configuration gives it. */
export interface LoginPlace {
  readonly name: string;
  readonly path: string;
}

const options = {
  name: { type: 'string' },
  'auth-file': { type: 'string' },
  config: { type: 'string', short: 'c' },
  url: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
  revoke: { type: 'boolean', default: false },
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
    name: values.name,
    url: values.url,
    key: values.key,
    authFile: authFile === undefined ? undefined : absolutePath(authFile, cwd, homeDir),
  };
}

/** Every credential that some deployment uses, and the default one, each name once. */
export function credentialsOf({ defaultCredential, deployments }: Settings): readonly Credential[] {
  const all = [defaultCredential, ...deployments.map(({ credential }) => credential)];
  return [...new Map(all.map((credential) => [credential.name, credential])).values()];
}

/** The login file that a command is about. @throws {CommandRefused} when the words lead to none. */
export function placeOf({ settings, name = 'default', authFile }: LoginWords): LoginPlace {
  if (authFile !== undefined) return { name, path: authFile };
  const credential = credentialsOf(settings).find((each) => each.name === name);
  if (credential === undefined) {
    throw new CommandRefused(
      `No deployment uses a credential named '${name}'. Say where its login lives: --auth-file F`,
    );
  }
  if (credential.source.kind === 'auth_file') return { name, path: credential.source.path };
  const kind = credential.source.kind === 'api_key' ? 'an API key' : 'an access token';
  throw new CommandRefused(
    `The credential '${name}' is ${kind} in the settings, not a login. Name a file: --auth-file F`,
  );
}

/** Makes the folder of a new login. @throws {CommandRefused} when it cannot be written: better before a person approves. */
export async function ensureWritable({ path }: LoginPlace): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
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
export function aboutFile({ path }: LoginPlace, error: unknown): never {
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
      'Known words: --name N, --auth-file F, --config F, --json; logout also takes --revoke, accounts --url U and --key K.',
    );
  }
}
