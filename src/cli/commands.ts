import { type StartConditions } from '../config/load-settings';
import { errorCode } from '../kernel/error-code';
import { accountsCommand } from './accounts.command';
import { checkConfigCommand } from './check-config.command';
import { doctorCommand } from './doctor/doctor.command';
import { importLiteLlmCommand } from './import-litellm.command';
import { keysCommand } from './keys.command';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';
import { reconcileCommand } from './reconcile.command';
import { serve } from './serve';
import { usageCommand } from './usage.command';
import { versionCommand } from './version.command';

/** One command of the program. */
interface Command {
  readonly name: string;
  /** What `--help` prints; begins with the line to type. */
  readonly help: string;
  /** Words behind the command are its `argv`. @returns the exit status; 2 when it did not understand a word, which it has said. */
  readonly run: (conditions: StartConditions) => Promise<number>;
}

/** Every command, in the order of `--help`. Each is also a line in the README and in docs/operations.md. */
const commands: readonly Command[] = [
  {
    name: 'serve',
    help: `  node dist/main.js [--config FILE] [--port N] [--host H]
      Serves. Without a file and flags: port 4000, the login of ~/.codex/auth.json, every model of its account.`,
    run: serve,
  },
  {
    name: 'check-config',
    help: `  node dist/main.js check-config --config FILE [--json] [--probe]
      Says for every key of the file whether it is honoured, mapped or ignored, and why. Status 1 on a fault. With --probe
      the hosts of openai/ deployments are asked whether they have the Responses API; nothing is generated.`,
    run: checkConfigCommand,
  },
  {
    name: 'doctor',
    help: `  node dist/main.js doctor [--config FILE] [--url GATEWAY] [--json]
      Looks at settings, folders, logins, Redis (persistence, eviction, latency, rights, TLS), the clock, the upstream hosts
      and the replicas that share the Redis: one line each, with a way out. Costs no quota. Status 1 on a fault.
      With --url also at a running gateway.`,
    run: doctorCommand,
  },
  {
    name: 'login',
    help: `  node dist/main.js login [--name N] [--auth-file F | --store] [--config FILE] [--json]
      Signs in to ChatGPT with a code typed into any browser, and writes the login file (mode 0600). With --store there is
      no file: the gateway's state keeps the login under its name, for deployments with api_key: oauth:N.`,
    run: loginCommand,
  },
  {
    name: 'logout',
    help: `  node dist/main.js logout [--name N] [--auth-file F | --store] [--config FILE] [--revoke] [--json]
      Removes the gateway's copy of a login; with --revoke it ends at the login server for every program.`,
    run: logoutCommand,
  },
  {
    name: 'accounts',
    help: `  node dist/main.js accounts [--config FILE] [--url GATEWAY [--key MASTER_KEY]] [--json]
      Every login: state, plan, expiry, last refresh, who rotated it last. Status 1 when one needs a person.
      With --url a running gateway is asked; without --key the master key of the settings is sent.`,
    run: accountsCommand,
  },
  {
    name: 'keys',
    help: `  node dist/main.js keys create [--alias A] [--max-budget USD] [--budget-duration 30d] [--models m1,m2] [--rpm N]
                                 [--tpm N] [--max-parallel N] [--team T] [--user U] [--duration 90d]
  node dist/main.js keys list [--team T] [--user U]
  node dist/main.js keys block ID, keys unblock ID
      Keys that the gateway gives out, in its own state; all with [--config FILE] [--json]. While a gateway runs without
      Redis it has the state for itself: ask it with --url GATEWAY [--key MASTER_KEY].`,
    run: keysCommand,
  },
  {
    name: 'import-litellm',
    help: `  node dist/main.js import-litellm --file F [--config FILE] [--url GATEWAY [--key MASTER_KEY]] [--json]
      Takes over keys, teams, users and budgets of LiteLLM Proxy: rows of LiteLLM_VerificationToken, or an object with
      keys, teams, users and budgets, as JSON or JSON lines. Existing keys go on working. May be repeated.`,
    run: importLiteLlmCommand,
  },
  {
    name: 'usage',
    help: `  node dist/main.js usage [--url GATEWAY] [--key KEY] [--config FILE] [--json]
      What a key spent and what it is held to; with an admin's key also what all keys spent, which a gateway with an
      ADMIN_PORT tells there only. Asks a running gateway, by default the one of these settings on this machine, with the
      master key.`,
    run: usageCommand,
  },
  {
    name: 'reconcile',
    help: `  node dist/main.js reconcile [--dry-run] [--url GATEWAY] [--key ADMIN_KEY] [--config FILE] [--json]
      Has a running gateway compare ledger, counters, daily sums and holds, and put them right. Status 1 when something
      differs and was not put right.`,
    run: reconcileCommand,
  },
  {
    name: 'version',
    help: '  node dist/main.js version [--json]',
    run: (conditions) => Promise.resolve(versionCommand(conditions)),
  },
  { name: 'help', help: '  node dist/main.js help', run: () => Promise.resolve(print(helpText())) },
];

const general = `Codex Gateway: an OpenAI-compatible gateway in front of the ChatGPT Codex backend.`;
const more = `Environment variables and the keys of config.yaml: docs/configuration.md`;

/**
 * Runs the command that the first word names; without one it serves.
 *
 * @returns the exit status, 2 for a word that is no command. @throws {ConfigFault} for settings that cannot be used.
 */
export async function runCommand(conditions: StartConditions): Promise<number> {
  const [typed = 'serve', ...rest] = conditions.argv;
  const first = typed === '--version' ? 'version' : typed;
  const wantsHelp = [typed, ...rest].some((word) => word === '--help' || word === '-h');
  const command = commands.find(({ name }) => name === first);
  // The log of a gateway may be lost without ending it.
  const serves = !wantsHelp && (first.startsWith('-') || command?.run === serve);
  if (!serves) endWithoutOutput();
  if (first.startsWith('-')) return wantsHelp ? print(helpText()) : serve(conditions);
  if (command === undefined) return complain(`Unknown command: ${first.slice(0, 40)}\n\n${helpText()}`);
  if (wantsHelp) return print(helpFor(command));
  const status = await command.run({ ...conditions, argv: rest });
  return status === 2 ? complain(`\n${helpFor(command)}`) : status;
}

function helpText(): string {
  return [general, ...commands.map(({ help }) => help), more].join('\n\n');
}

function helpFor({ help }: Command): string {
  return `${help}\n\n${more}`;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Ends the process where its output is lost. A program may run several commands one after another. */
function endWithoutOutput(): void {
  process.stdout.off('error', outputLost).once('error', outputLost);
}

/** A reader that has seen enough (`| head`) is no fault; an output that is lost, as on a full disk, is one. */
function outputLost(error: unknown): void {
  if (errorCode(error) === 'EPIPE') process.exit();
  process.stderr.write(`The output cannot be written (${errorCode(error) ?? 'unknown'}).\n`);
  process.exit(1);
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return 2;
}
