import { parseArgs } from 'node:util';
import { ConfigFault } from '../../config/config-fault';
import { loadSettings, type StartConditions } from '../../config/load-settings';
import { type Settings } from '../../config/settings';
import { readRules } from '../../keys/key-rules';
import { withPlainErrors } from '../login-words';
import { budgetFindings } from './budget-checks';
import { fault, type Finding, findingsText } from './finding';
import { gatewayFindings } from './gateway-checks';
import { loginFindings } from './login-checks';
import { redisFindings } from './redis-checks';
import { folderFindings, settingsFindings } from './settings-checks';
import { upstreamFindings } from './upstream-checks';

const options = {
  config: { type: 'string', short: 'c' },
  url: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

interface Words {
  readonly config: string | undefined;
  readonly url: string | undefined;
  readonly json: boolean;
}

/**
 * Looks at everything that a gateway with these settings needs, and at the replicas that share its Redis: one line each,
 * with a way out.
 *
 * @returns 1 when something does not work, 2 when the words of the command are not understood.
 */
export function doctorCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = wordsOf(conditions.argv);
    if (words === undefined) {
      process.stderr.write('doctor: a word is not understood.\n');
      return 2;
    }
    const findings = await examine(conditions, words);
    const isFaulty = findings.some(({ verdict }) => verdict === 'fault');
    const shown = words.json ? JSON.stringify({ ok: !isFaulty, findings }, null, 2) : findingsText(findings);
    process.stdout.write(`${shown}\n`);
    return isFaulty ? 1 : 0;
  });
}

async function examine(conditions: StartConditions, { config, url }: Words): Promise<readonly Finding[]> {
  const argv = config === undefined ? [] : ['--config', config];
  const settings = settingsOr(() => {
    const read = loadSettings({ ...conditions, argv });
    readRules(read.keys, read.keyPlaces);
    return read;
  });
  if (Array.isArray(settings)) return settings;
  const parts = [
    folderFindings(settings),
    redisFindings(settings),
    loginFindings(settings),
    budgetFindings(settings),
    upstreamFindings(settings),
    ...(url === undefined ? [] : [gatewayFindings(settings, url)]),
  ];
  return [...settingsFindings(settings), ...(await Promise.all(parts)).flat()];
}

/** Faults of the settings end the look: nobody knows what to look at. */
function settingsOr(read: () => Settings): Settings | Finding[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    const advice = 'a start is refused until this is put right';
    return error.faults.map(({ place, message }) => fault('configuration', `${place}: ${message}`, advice));
  }
}

/** Undefined for unknown words, which are not quoted: a secret may be among them. */
function wordsOf(argv: readonly string[]): Words | undefined {
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return { config: values.config, url: values.url, json: values.json };
  } catch {
    return undefined;
  }
}
