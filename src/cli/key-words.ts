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

/** What a command takes beside the words that all of them take. */
export interface OwnWords {
  /** Names of its flags, each with a value. */
  readonly flags: readonly string[];
  /** How many words without a flag it takes at most. */
  readonly mostPositionals: 0 | 1;
  /** Tells a person all of it. */
  readonly usage: string;
}

/** @throws {CommandRefused} for a word that the command does not take; it is not quoted. {ConfigFault} */
export function readKeyWords({ argv, env, cwd, homeDir }: StartConditions, own: OwnWords): KeyWords {
  const { values, positionals } = parsed(argv, own);
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  const config = text('config');
  const settings = loadSettings({ argv: config === undefined ? [] : ['--config', config], env, cwd, homeDir });
  const flags = new Map(own.flags.flatMap((name) => (text(name) === undefined ? [] : [[name, text(name) ?? '']])));
  return { settings, json: values['json'] === true, url: text('url'), key: text('key'), flags, positionals };
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

function parsed(argv: readonly string[], { flags, mostPositionals, usage }: OwnWords): Parsed {
  const own: Options = Object.fromEntries(flags.map((name) => [name, { type: 'string' as const }]));
  // Node's own sentence quotes the word, and people paste keys into the wrong place.
  const refused = new CommandRefused(`Known words: ${usage}, --config F, --url U, --key K, --json.`);
  let words: Parsed;
  try {
    words = parseArgs({ args: [...argv], options: { ...own, ...common }, strict: true, allowPositionals: true });
  } catch {
    throw refused;
  }
  // "max-budget 5" without its dashes would make a key without a budget.
  if (words.positionals.length > mostPositionals) throw refused;
  return words;
}
