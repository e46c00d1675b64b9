import { parseArgs } from 'node:util';
import { type StartConditions } from '../config/load-settings';
import { gatewayVersion } from '../upstream/gateway-version';

/** Prints the version; with `--json` that of Node beside it. @returns 0, or 2 for words that are not understood. */
export function versionCommand({ argv }: Pick<StartConditions, 'argv'>): number {
  const json = wantsJson(argv);
  if (json === undefined) {
    process.stderr.write('version: a word is not understood.\n');
    return 2;
  }
  const version = gatewayVersion();
  const shown = json ? JSON.stringify({ version, node: process.versions.node }, null, 2) : `codex-gateway ${version}`;
  process.stdout.write(`${shown}\n`);
  return 0;
}

/** Undefined for unknown words, which are not quoted: a secret may be among them. */
function wantsJson(argv: readonly string[]): boolean | undefined {
  try {
    return parseArgs({ args: [...argv], options: { json: { type: 'boolean', default: false } }, strict: true }).values
      .json;
  } catch {
    return undefined;
  }
}
