import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checkConfig, formatCheck } from '../config/check-config';
import { type StartConditions } from '../config/load-settings';

/** Explains a `config.yaml` key by key. @returns 1 when the file has a fault or cannot be read. */
export async function checkConfigCommand({ argv, env, cwd, homeDir }: StartConditions): Promise<number> {
  const json = argv.includes('--json');
  const file = fileIn(argv) ?? env['CONFIG_FILE_PATH'] ?? 'config.yaml';
  const text = await readFile(resolve(cwd, file), 'utf8').catch(() => undefined);
  if (text === undefined) {
    process.stderr.write(`${file} cannot be read: is the path right and the file readable for this user?\n`);
    return 1;
  }
  const check = checkConfig({ text, path: file, env, cwd, homeDir });
  process.stdout.write(`${json ? JSON.stringify(check, null, 2) : formatCheck(check)}\n`);
  return check.faults.length > 0 ? 1 : 0;
}

function fileIn(argv: readonly string[]): string | undefined {
  const inline = argv.find((word) => word.startsWith('--config='))?.slice('--config='.length);
  const flag = argv.findIndex((word) => word === '--config' || word === '-c');
  return inline ?? (flag === -1 ? argv.find((word) => !word.startsWith('-')) : argv[flag + 1]);
}
