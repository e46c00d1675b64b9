import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { checkConfig, type ConfigCheck, formatCheck } from '../config/check-config';
import { ConfigFault } from '../config/config-fault';
import { absolutePath } from '../config/file-paths';
import { loadSettings, namedFile, type StartConditions } from '../config/load-settings';
import { type Settings } from '../config/settings';
import { readRules } from '../keys/key-rules';
import { hostFaults } from './host-probe';

const options = {
  config: { type: 'string', short: 'c' },
  json: { type: 'boolean', default: false },
  probe: { type: 'boolean', default: false },
} as const;

/**
 * Explains a `config.yaml` key by key.
 *
 * @returns 1 when the file has a fault or cannot be read, 2 when the words of the command are not understood.
 */
export async function checkConfigCommand(start: StartConditions): Promise<number> {
  const { argv, env, cwd, homeDir } = start;
  const words = wordsOf(argv);
  if (words === undefined) {
    process.stderr.write('check-config: a word is not understood.\n');
    return 2;
  }
  const file = words.file ?? namedFile(env) ?? 'config.yaml';
  const text = await readFile(absolutePath(file, cwd, homeDir), 'utf8').catch(() => undefined);
  if (text === undefined) {
    process.stderr.write(`${file} cannot be read: is the path right and the file readable for this user?\n`);
    return 1;
  }
  const read = checkConfig({ text, path: file, env, cwd, homeDir });
  const known = withRules(read, { ...start, argv: ['--config', file] });
  const check = words.probe ? await probed(known, { ...start, argv: ['--config', file] }) : known;
  process.stdout.write(`${words.json ? JSON.stringify(check, null, 2) : formatCheck(check)}\n`);
  return check.faults.length > 0 ? 1 : 0;
}

interface Words {
  readonly file: string | undefined;
  readonly json: boolean;
  readonly probe: boolean;
}

/** Adds what the room of keys says of its settings, which the file only hands on. */
function withRules(check: ConfigCheck, start: StartConditions): ConfigCheck {
  const settings = check.faults.length > 0 ? undefined : usable(start);
  if (settings === undefined) return check;
  try {
    readRules(settings.keys, settings.keyPlaces);
    return check;
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    return { ...check, faults: error.faults };
  }
}

/** Undefined when this environment has faults: a file may be checked where it is not used. */
function usable(start: StartConditions): Settings | undefined {
  try {
    return loadSettings(start);
  } catch (error) {
    if (error instanceof ConfigFault) return undefined;
    throw error;
  }
}

/** Adds what the hosts say themselves; a file with faults names none that could be asked. */
async function probed(check: ConfigCheck, start: StartConditions): Promise<ConfigCheck> {
  if (check.faults.length > 0) return check;
  return { ...check, faults: await hostFaults(loadSettings(start)) };
}

/** The file may stand alone as well. Undefined for unknown words, which are not quoted: a secret may be among them. */
function wordsOf(argv: readonly string[]): Words | undefined {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
    const files = values.config === undefined ? positionals : [values.config, ...positionals];
    return files.length > 1 ? undefined : { file: files[0], json: values.json, probe: values.probe };
  } catch {
    return undefined;
  }
}
