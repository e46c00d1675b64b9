import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandWorld } from '../../test/support/command-world';
import { digestOf } from '../keys/secrets';
import { importLiteLlmCommand } from './import-litellm.command';
import { keysCommand } from './keys.command';

const world = new CommandWorld('key-commands');
const keys = (...argv: readonly string[]) => keysCommand(world.conditions(argv));

it('makes a key and prints it alone, lists it without it, blocks and opens it', async () => {
  expect(
    await keys('create', '--alias', 'ci', '--max-budget', '2.5', '--budget-duration', '7d', '--models', 'a, b'),
  ).toBe(0);
  const key = world.out.trim();
  expect(key).toMatch(/^sk-[\w-]{43}$/);
  expect(world.err).toContain('shown this once');
  world.out = '';
  expect(await keys('list')).toBe(0);
  expect(world.out).toMatch(
    /^ALIAS +KEY +TEAM +USER +BUDGET +EXPIRES +STATE +ID\nci +sk-\.\.\..{4} +- +- +2\.5 USD in 7d +- +open +[0-9a-f]{64}\n$/,
  );
  expect(world.out).not.toContain(key);
  world.out = '';
  expect(await keys('block', key)).toBe(0);
  expect(world.out).toBe('ci is blocked.\n');
  world.out = '';
  expect(await keys('unblock', digestOf(key), '--json')).toBe(0);
  expect(JSON.parse(world.out)).toMatchObject({ key_alias: 'ci', blocked: false, models: ['a', 'b'] });
});

it('says nothing of what a key spent, which only a running gateway knows', async () => {
  expect(await keys('create', '--alias', 'ci', '--max-budget', '2.5', '--budget-duration', '7d')).toBe(0);
  world.out = '';
  expect(await keys('list', '--json')).toBe(0);
  expect(JSON.parse(world.out)).toMatchObject({
    keys: [{ key_alias: 'ci', spend: null, total_spend: null, budget_reset_at: null }],
  });
});

it('reads a dump as JSON, as JSON lines and as an object, and ends with what became of it', async () => {
  const row = (secret: string) => ({ token: digestOf(secret), models: [] });
  const files = {
    'rows.json': JSON.stringify([row('sk-1'), row('sk-2')]),
    'rows.jsonl': `${JSON.stringify(row('sk-3'))}\n\n${JSON.stringify(row('sk-1'))}\n`,
    'one.jsonl': `\uFEFF${JSON.stringify(row('sk-4'))}\n`,
    'all.json': JSON.stringify({ teams: [{ team_id: 't' }], users: [{ user_id: 'u' }], budgets: [{ budget_id: 'b' }] }),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(world.folder, name), text);
    expect(await importLiteLlmCommand(world.conditions(['--file', name]))).toBe(0);
  }
  expect(world.out.split('\n').filter((line) => line.startsWith('Taken'))).toEqual([
    'Taken: 0 budgets, 0 teams, 0 users, 2 keys. Skipped: 0.',
    'Taken: 0 budgets, 0 teams, 0 users, 1 keys. Skipped: 1.',
    'Taken: 0 budgets, 0 teams, 0 users, 1 keys. Skipped: 0.',
    'Taken: 1 budgets, 1 teams, 1 users, 0 keys. Skipped: 0.',
  ]);
  expect(world.out).toContain(`skipped key ${digestOf('sk-1')}: already here`);
});

it.each([
  [[], 'keys create'],
  [['make'], 'keys create'],
  [['block'], 'Name the key'],
  [['block', 'sk-nobody-has-this-one'], 'No such key'],
  [['create', '--max-budget', 'much'], "'max_budget' must be"],
  [['create', '--secret', 'sk-pasted-into-the-wrong-place'], 'Known words'],
  [['create', 'alias', 'ci', 'max-budget', '5'], 'Known words: --alias A'],
  [['list', '--alias', 'ci'], 'Known words: --team T'],
  [['list', 'sk-pasted-behind-it'], 'Known words: --team T'],
  [['block', '--rpm', '5', 'sk-some-key'], 'Known words: one key'],
  [['block', 'sk-some-key', 'sk-pasted-as-second'], 'Known words: one key'],
  [['list', '--url', 'http://127.0.0.1:9'], 'cannot be reached'],
  [['list', '--url', 'ftp://127.0.0.1'], '--url must be'],
])('keys %j says what is wrong and gives 1', async (argv, words) => {
  expect(await keys(...argv)).toBe(1);
  expect(world.out).toBe('');
  expect(world.err).toContain(words);
  expect(world.err).not.toContain('sk-pasted');
});

it.each([
  [[], '', '--file F'],
  [['--file', 'f', 'g'], '[]', 'Known words: --file F'],
  [['--file', 'nowhere.json'], '', 'cannot be read'],
  [['--file', 'f'], '{"token": \n nonsense', 'f:1 is not JSON'],
  [['--file', 'f'], '', 'f is empty'],
  [['--file', 'f'], '\uFEFF \n', 'f is empty'],
  [['--file', 'f'], '[]', 'f has no row'],
  [['--file', 'f'], '{"keys": []}', 'f has no row'],
  [['--file', 'f'], '{"other": []}', 'Expected are rows of LiteLLM_VerificationToken'],
])('import-litellm %j of %j says what is wrong and gives 1', async (argv, text, words) => {
  writeFileSync(join(world.folder, 'f'), text);
  expect(await importLiteLlmCommand(world.conditions(argv))).toBe(1);
  expect(world.err).toContain(words);
  expect(world.err).not.toContain('nonsense');
});
