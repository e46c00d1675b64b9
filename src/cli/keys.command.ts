import { type StartConditions } from '../config/load-settings';
import { type KeyDoor, keyDoor, type ShownKey } from './key-door';
import { type KeyWords, type OwnWords, readKeyWords } from './key-words';
import { CommandRefused, withPlainErrors } from './login-words';

const oneKey: OwnWords = { flags: [], mostPositionals: 1, usage: 'one key or its digest' };
const actions: Readonly<Record<string, OwnWords>> = {
  create: {
    flags: [
      'alias',
      'max-budget',
      'budget-duration',
      'models',
      'rpm',
      'tpm',
      'max-parallel',
      'team',
      'user',
      'duration',
    ],
    mostPositionals: 0,
    usage:
      '--alias A, --max-budget USD, --budget-duration 30d, --models m1,m2, --rpm N, --tpm N, --max-parallel N, --team T, --user U, --duration 90d',
  },
  list: { flags: ['team', 'user'], mostPositionals: 0, usage: '--team T, --user U' },
  block: oneKey,
  unblock: oneKey,
};

/** `keys create`, `keys list`, `keys block ID` and `keys unblock ID`. @returns 0, or 1 when it was refused. */
export function keysCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const [action = '', ...argv] = conditions.argv;
    const own = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (own === undefined)
      throw new CommandRefused('Say what to do: keys create, keys list, keys block ID or keys unblock ID.');
    const words = readKeyWords({ ...conditions, argv }, own);
    const door = await keyDoor(words.settings, words);
    try {
      await act(action, words, door);
      return 0;
    } finally {
      await door.close();
    }
  });
}

async function act(action: string, words: KeyWords, door: KeyDoor): Promise<void> {
  if (action === 'create') {
    const made = await door.create(bodyOf(words.flags));
    // The key alone on standard output, so that a script can take it.
    if (!words.json) process.stderr.write(`Key ${made.key_alias ?? made.token}; it is shown this once:\n`);
    print(words, made, made.key);
  } else if (action === 'list') {
    const keys = await door.list({ team: words.flags.get('team'), user: words.flags.get('user') });
    print(words, { keys }, tableOf(keys));
  } else {
    const [named] = words.positionals;
    if (named === undefined) throw new CommandRefused(`Name the key: keys ${action} ID, the key itself or its digest.`);
    const key = await door.block(named, action === 'block');
    print(words, key, `${key.key_alias ?? key.token} is ${key.blocked === true ? 'blocked' : 'open'}.`);
  }
}

function bodyOf(flags: ReadonlyMap<string, string>): Record<string, unknown> {
  const names: readonly (readonly [string, string])[] = [
    ['alias', 'key_alias'],
    ['max-budget', 'max_budget'],
    ['budget-duration', 'budget_duration'],
    ['rpm', 'rpm_limit'],
    ['tpm', 'tpm_limit'],
    ['max-parallel', 'max_parallel_requests'],
    ['team', 'team_id'],
    ['user', 'user_id'],
    ['duration', 'duration'],
  ];
  const body: Record<string, unknown> = {};
  for (const [flag, field] of names) if (flags.has(flag)) body[field] = flags.get(flag);
  const models = flags.get('models');
  if (models !== undefined) body['models'] = models.split(',').map((model) => model.trim());
  return body;
}

const columns: readonly (readonly [string, (key: ShownKey) => string])[] = [
  ['ALIAS', ({ key_alias }) => key_alias ?? '-'],
  ['KEY', ({ key_name }) => key_name ?? '-'],
  ['TEAM', ({ team_id }) => team_id ?? '-'],
  ['USER', ({ user_id }) => user_id ?? '-'],
  ['BUDGET', ({ max_budget, budget_duration }) => (max_budget == null ? '-' : `${max_budget} USD${budget_duration == null ? '' : ` in ${budget_duration}`}`)],
  ['EXPIRES', ({ expires }) => expires ?? '-'],
  ['STATE', ({ blocked }) => (blocked === true ? 'blocked' : 'open')],
  ['ID', ({ token }) => token],
]; // prettier-ignore

function tableOf(keys: readonly ShownKey[]): string {
  const cells = [columns.map(([title]) => title), ...keys.map((key) => columns.map(([, of]) => of(key)))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function print({ json }: KeyWords, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
}
