import { parseArgs, type ParseArgsConfig } from 'node:util';
import { loadSettings, type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { CommandRefused } from './login-words';

const common = {
  config: { type: 'string', short: 'c' },
  url: { type: 'string' },
  key: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

type Options = NonNullable<ParseArgsConfig['options']>;

/** What the words of a command say. */
export interface KeyWords {
  readonly settings: Settings;
  readonly json: boolean;
  /** A running gateway to ask instead of the state. */
  readonly url: string | undefined;
  readonly key: string | undefined;
  /** The command's own flags, as given. */
  readonly flags: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

/** @param names of the command's own flags, each with a value. @throws {CommandRefused} {ConfigFault} */
export function readKeyWords({ argv, env, cwd, homeDir }: StartConditions, names: readonly string[], usage: string): KeyWords {
  const own: Options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values, positionals } = parsed(argv, { ...own, ...common }, usage);
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  const config = text('config');
  const settings = loadSettings({ argv: config === undefined ? [] : ['--config', config], env, cwd, homeDir });
  const flags = new Map(names.flatMap((name) => (text(name) === undefined ? [] : [[name, text(name) ?? '']])));
  return { settings, json: values['json'] === true, url: text('url'), key: text('key'), flags, positionals };
} // prettier-ignore

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function parsed(argv: readonly string[], options: Options, usage: string): Parsed {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch {
    // Node's own sentence quotes the word, and people paste keys into the wrong place.
    throw new CommandRefused(`Known words: ${usage}, --config F, --url U, --key K, --json.`);
  }
}
