import './cli/early';
import 'reflect-metadata';
import { homedir } from 'node:os';
import { ConfigFault } from './config/config-fault';
import { runCommand } from './cli/commands';

/** One program: serves by default, else runs the command named first. */
async function main(): Promise<void> {
  const conditions = { env: process.env, argv: process.argv.slice(2), cwd: process.cwd(), homeDir: homedir() };
  try {
    process.exitCode = await runCommand(conditions);
  } catch (error) {
    const shown = error instanceof ConfigFault ? error.message : `Codex Gateway cannot start: ${reasonOf(error)}`;
    process.exitCode = 1;
    // A gateway that was half built may hold connections open, which would keep the process alive for nothing.
    process.stderr.write(`${shown}\n`, () => process.exit());
  }
}

/** Our own errors and those of the system (a busy port, a missing right) say what is wrong; a bug shows its stack. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error || error.name === 'Error' ? error.message : (error.stack ?? error.message);
}

void main();
