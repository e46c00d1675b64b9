import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkConfig, formatCheck } from '../config/check-config';
import { type StartConditions } from '../config/load-settings';

const options = { config: { type: 'string', short: 'c' }, json: { type: 'boolean', default: false } } as const;

/**
 * Explains a `config.yaml` key by key.
 *
 * @returns 1 when the file has a fault or cannot be read, 2 when the words of the command are not understood.
 */
export async function checkConfigCommand({ argv, env, cwd, homeDir }: StartConditions): Promise<number> {
  const words = wordsOf(argv);
  if (words === undefined) {
    process.stderr.write('check-config: a word is not understood.\n');
    return 2;
  }
  const file = words.file ?? env['CONFIG_FILE_PATH'] ?? 'config.yaml';
  const text = await readFile(resolve(cwd, file), 'utf8').catch(() => undefined);
  if (text === undefined) {
    process.stderr.write(`${file} cannot be read: is the path right and the file readable for this user?\n`);
    return 1;
  }
  const check = checkConfig({ text, path: file, env, cwd, homeDir });
  process.stdout.write(`${words.json ? JSON.stringify(check, null, 2) : formatCheck(check)}\n`);
  return check.faults.length > 0 ? 1 : 0;
}

/** The file may stand alone as well. Undefined for unknown words, which are not quoted: a secret may be among them. */
function wordsOf(argv: readonly string[]): { readonly file: string | undefined; readonly json: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
    const files = values.config === undefined ? positionals : [values.config, ...positionals];
    return files.length > 1 ? undefined : { file: files[0], json: values.json };
  } catch {
    return undefined;
  }
}
