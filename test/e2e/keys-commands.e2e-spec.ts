import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../src/keys/secrets';
import { chatBody, post } from '../support/calls';
import { testKey } from '../support/gateway';
import { look } from '../support/holders';
import { type Finished, ProgramBench } from '../support/program';

jest.setTimeout(180_000);

let program: ProgramBench;
beforeAll(async () => {
  program = await ProgramBench.start();
});
afterAll(() => program.close());

const json = ({ status, stdout, stderr }: Finished): Record<string, unknown> => {
  if (status !== 0) throw new Error(`status ${status ?? ''}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
};
const ask = (url: string, key: string) => post({ url, key }, '/v1/chat/completions', chatBody());

it('keys made at the command line work in the gateway that starts then, and the other way round', async () => {
  const made = await program.run([
    'keys',
    'create',
    '--alias',
    'ci',
    '--max-budget',
    '2.5',
    '--budget-duration',
    '7d',
    '--models',
    'gpt-5.5, gpt-5.4',
    '--rpm',
    '60',
    '--tpm',
    '1000',
    '--duration',
    '30d',
  ]);
  expect([made.status, made.stderr]).toEqual([0, expect.stringContaining('shown this once')]);
  const key = made.stdout.trim();
  expect(key).toMatch(/^sk-[\w-]{43}$/);
  const gateway = await program.serve();
  expect((await ask(gateway.url, key)).status).toBe(200);
  expect(await look({ url: gateway.url, key: testKey }, `/key/info?key=${digestOf(key)}`)).toMatchObject({
    info: {
      key_alias: 'ci',
      max_budget: 2.5,
      budget_duration: '7d',
      models: ['gpt-5.5', 'gpt-5.4'],
      rpm_limit: 60,
      tpm_limit: 1000,
      created_by: 'command',
    },
  });
  // While it runs it has the state for itself.
  const refused = await program.run(['keys', 'list']);
  expect([refused.status, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('--url');
  const remote = ['--url', gateway.url, '--key', testKey];
  const second = json(await program.run(['keys', 'create', '--alias', 'second', ...remote, '--json']));
  expect((await ask(gateway.url, String(second['key']))).status).toBe(200);
  const table = await program.run(['keys', 'list', ...remote]);
  expect(
    table.stdout
      .split('\n')
      .slice(1, 3)
      .map((line) => line.split(/\s{2,}/)[0]),
  ).toEqual(['second', 'ci']);
  const blocked = json(await program.run(['keys', 'block', digestOf(key), ...remote, '--json']));
  expect(blocked).toMatchObject({ key_alias: 'ci', blocked: true });
  expect((await ask(gateway.url, key)).status).toBe(401);
  gateway.signal('SIGTERM');
  await gateway.finished;
  const listed = json(await program.run(['keys', 'list', '--json']))['keys'] as {
    key_alias: string;
    blocked: boolean;
  }[];
  expect(listed.map(({ key_alias, blocked: is }) => [key_alias, is])).toEqual([
    ['second', false],
    ['ci', true],
  ]);
  expect((await program.run(['keys', 'unblock', key])).stdout).toContain('ci is open');
});

it('a restart keeps keys, and the state folder never holds one', async () => {
  const first = await program.serve();
  const door = { url: first.url, key: testKey };
  const made = (await post(door, '/key/generate', { key_alias: 'kept' })).json as { key: string };
  const gone = (await post(door, '/key/generate', { key_alias: 'gone' })).json as { key: string };
  await post(door, '/key/delete', { keys: [gone.key] });
  // Killed, not stopped: what was answered is on disk.
  first.signal('SIGKILL');
  await first.finished;
  const second = await program.serve();
  expect([(await ask(second.url, made.key)).status, (await ask(second.url, gone.key)).status]).toEqual([200, 401]);
  const { records } = (await look({ url: second.url, key: testKey }, '/audit')) as { records: { action: string }[] };
  expect(records.slice(0, 3).map(({ action }) => action)).toEqual(['key.delete', 'key.create', 'key.create']);
  second.signal('SIGTERM');
  await second.finished;
  const folder = join(program.folder, 'state');
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.journal'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const secret of [made.key, gone.key, testKey]) expect(text).not.toContain(secret);
  }
});

it('import-litellm hands a dump to a running gateway, again and again', async () => {
  const gateway = await program.serve();
  const row = (secret: string, more: object = {}) => ({ token: digestOf(secret), models: [], spend: 0, ...more });
  const dump = {
    teams: [{ team_id: 'imported', max_budget: 5 }],
    keys: [row('sk-from-litellm-00001', { team_id: 'imported' }), row('sk-from-litellm-00002')],
  };
  const file = program.write('dump.json', JSON.stringify(dump));
  const remote = ['import-litellm', '--file', file, '--url', gateway.url, '--json'];
  expect(json(await program.run(remote))).toEqual({
    taken: { budgets: 0, teams: 1, users: 0, keys: 2 },
    skipped: [],
    notes: [],
  });
  expect(json(await program.run(remote))['taken']).toEqual({ budgets: 0, teams: 0, users: 0, keys: 0 });
  for (const secret of ['sk-from-litellm-00001', 'sk-from-litellm-00002'])
    expect((await ask(gateway.url, secret)).status).toBe(200);
  gateway.signal('SIGTERM');
  await gateway.finished;
});

it('import-litellm takes no key at a running gateway whose team, user or budget was skipped', async () => {
  const gateway = await program.serve();
  const row = (secret: string, more: object) => ({ token: digestOf(secret), models: [], spend: 0, ...more });
  const dump = {
    budgets: [{ budget_id: 'b9', max_budget: -1 }],
    teams: [{ team_id: 't9', max_budget: 1, budget_duration: '1y' }],
    users: [{ user_id: 'u9', max_budget: -1 }],
    keys: [
      row('sk-of-team-skipped-00', { team_id: 't9' }),
      row('sk-of-user-skipped-00', { user_id: 'u9' }),
      row('sk-of-budget-skipped0', { budget_id: 'b9' }),
    ],
  };
  const file = program.write('skipped.json', JSON.stringify(dump));
  const report = json(await program.run(['import-litellm', '--file', file, '--url', gateway.url, '--json']));
  expect([report['taken'], report['notes']]).toEqual([{ budgets: 0, teams: 0, users: 0, keys: 0 }, []]);
  const skipped = report['skipped'] as readonly { kind: string; why: string }[];
  expect(skipped.map(({ kind }) => kind)).toEqual(['budgets', 'teams', 'users', 'keys', 'keys', 'keys']);
  expect(new Set(skipped.slice(3).map(({ why }) => why))).toEqual(
    new Set(["team 't9'", "user 'u9'", "budget 'b9'"].map((whose) => `its ${whose} is in the dump and was not taken`)),
  );
  gateway.signal('SIGTERM');
  await gateway.finished;
});
