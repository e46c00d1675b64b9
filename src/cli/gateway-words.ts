import { parseArgs } from 'node:util';
import { loadSettings, type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { type GatewayAddress } from './gateway-call';
import { CommandRefused } from './login-words';

/** What the words of a command that talks to a running gateway mean. */
export interface GatewayWords {
  readonly settings: Settings;
  readonly address: GatewayAddress;
  readonly json: boolean;
  /** Look, and change nothing. */
  readonly dryRun: boolean;
}

const options = {
  url: { type: 'string' },
  key: { type: 'string' },
  config: { type: 'string', short: 'c' },
  json: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
} as const;

/** Reads flags and settings. @throws {CommandRefused} for unknown words, {ConfigFault} for settings that cannot be used. */
export function gatewayWords({ argv, env, cwd, homeDir }: StartConditions): GatewayWords {
  const values = parsedWords(argv);
  const configWords = values.config === undefined ? [] : ['--config', values.config];
  const settings = loadSettings({ argv: configWords, env, cwd, homeDir });
  return {
    settings,
    address: { url: values.url ?? ownAddress(settings), key: values.key },
    json: values.json,
    dryRun: values['dry-run'],
  };
}

/** Where a gateway of these settings listens for the routes of these commands, as seen from this machine. */
function ownAddress({ listen: { host, port: usual }, observability: { adminPort = 0 } }: Settings): string {
  // A port that the system chose is told in the log only.
  const port = adminPort === 0 ? usual : adminPort;
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function parsedWords(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch {
    // Node's own sentence quotes the word, and people paste keys into the wrong place.
    throw new CommandRefused('Known words: --url U, --key K, --config F, --json; reconcile also takes --dry-run.');
  }
}
