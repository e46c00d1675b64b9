import { type StartConditions } from '../config/load-settings';
import { accountsCommand } from './accounts.command';
import { checkConfigCommand } from './check-config.command';
import { helpFor, helpText } from './help';
import { importLiteLlmCommand } from './import-litellm.command';
import { keysCommand } from './keys.command';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';
import { serve } from './serve';
import { gatewayVersion } from '../upstream/gateway-version';

type Command = (conditions: StartConditions) => Promise<number>;

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['serve', serve],
  ['check-config', checkConfigCommand],
  ['login', loginCommand],
  ['logout', logoutCommand],
  ['accounts', accountsCommand],
  ['keys', keysCommand],
  ['import-litellm', importLiteLlmCommand],
  ['help', () => Promise.resolve(print(helpText))],
  ['version', () => Promise.resolve(print(`codex-gateway ${gatewayVersion()}`))],
]);

/**
 * Runs the command that the first word names; without one it serves.
 *
 * @returns the exit status, 2 for a word that is no command. @throws {ConfigFault} for settings that cannot be used.
 */
export async function runCommand(conditions: StartConditions): Promise<number> {
  const [first = 'serve', ...rest] = conditions.argv;
  if (first === '-h' || first === '--help') return print(helpText);
  if (first === '--version') return print(`codex-gateway ${gatewayVersion()}`);
  const wantsHelp = rest.some((word) => word === '--help' || word === '-h');
  if (first.startsWith('-')) return wantsHelp ? print(helpText) : serve(conditions);
  const command = commands.get(first);
  if (command === undefined) {
    process.stderr.write(`Unknown command: ${first.slice(0, 40)}\n\n${helpText}\n`);
    return 2;
  }
  if (wantsHelp) return print(helpFor(first));
  return command({ ...conditions, argv: conditions.argv.length === 0 ? [] : rest });
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
