import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { digestOf } from '../../src/keys/secrets';
import { post, send } from '../support/calls';
import { type Block, blocksOf, inlineCodeOf, pages, placeOf, root } from '../support/docs';
import { testKey } from '../support/gateway';
import { ProgramBench, type Served } from '../support/program';

jest.setTimeout(120_000);

/** Where the documentation has its gateway. */
const written = 'http://localhost:4000';

let bench: ProgramBench;
let gateway: Served;
let env: Record<string, string | undefined>;

const blocks = pages().flatMap(blocksOf);
const running = blocks.filter(({ run }) => run !== undefined);
const inLanguage = (...languages: readonly string[]): readonly Block[] =>
  running.filter(({ language }) => languages.includes(language));

/** The gateway of the README: its own file, its own variables. */
beforeAll(async () => {
  bench = await ProgramBench.start();
  bench.write('config.yaml', blocks.find(({ run }) => run === 'serve')?.code ?? '');
  const dump = {
    teams: [{ team_id: 'old' }],
    keys: [{ token: digestOf('sk-of-litellm-0123'), team_id: 'old', spend: 1.5 }],
  };
  writeFileSync(join(bench.folder, 'dump.json'), JSON.stringify(dump));
  symlinkSync(join(root, 'dist'), join(bench.folder, 'dist'));
  gateway = await bench.serve([], { LITELLM_MASTER_KEY: testKey, GATEWAY_MASTER_KEY: undefined });
  const made = await post({ url: gateway.url, key: testKey }, '/key/generate', { key_alias: 'reader' });
  const { key } = made.json as { key: string };
  const CODEX_WHOAMI_URL = `${bench.simulator.url}/whoami`;
  env = {
    ...bench.environment(),
    ...{ GATEWAY_MASTER_KEY: undefined, CODEX_WHOAMI_URL, LITELLM_MASTER_KEY: testKey, GATEWAY_API_KEY: key },
  };
});
afterAll(async () => {
  gateway.signal('SIGTERM');
  expect((await gateway.finished).status).toBe(0);
  await bench.close();
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the folder of the gateway, the address of the documentation replaced by the real one. */
async function ran(command: string, args: readonly string[], code: string, cwd = bench.folder): Promise<Ran> {
  const child = spawn(command, [...args, code.replaceAll(written, gateway.url)], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (part: string) => (told[name] += part));
  await once(child, 'close');
  return { status: child.exitCode, ...told };
}

/** A refusal ends the script, as it does not by itself. */
const prelude = 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body "$@"; echo; }\n';

/** What the blocks of a page are expected to print, in order. */
const expected: Readonly<Record<string, readonly (readonly RegExp[])[]>> = {
  'README.md': [
    [
      /"object":"chat\.completion"/,
      /"content":"\S+/,
      /^me: \$0\.00\d+ spent/m,
      /^key\.max_budget +me .*\$20\.00 .*30d/m,
    ],
    [
      /"key":"sk-[\w-]{43}"/,
      /"max_parallel_requests":4/,
      /^ci .* 5 USD in 7d .*open/m,
      /"blocked":true/,
      /^me is open\.$/m,
    ],
  ],
  'docs/clients.md': [[/"object":"response"/, /"status":"completed"/]],
  'docs/keys.md': [
    [],
    [/"key":"sk-/, /"total_count":1/, /"user_role":"proxy_admin"/],
    [/^nightly +sk-\.\.\./m, /^nightly is blocked\.$/m, /^nightly is open\.$/m],
  ],
  'docs/migration.md': [
    [/^No faults: the gateway will start with this file\.$/m],
    [/^Taken: 0 budgets, 1 teams, 0 users, 1 keys\. Skipped: 0\.$/m],
  ],
  'docs/operations.md': [[/^No faults, \d+ warnings\.$/m]],
  'docs/routing.md': [[/"cleared":\[\]/]],
};

describe('the documented commands', () => {
  it('are those that are expected here', () => {
    const counts = Object.fromEntries(Object.entries(expected).map(([page, all]) => [page, all.length]));
    const found: Record<string, number> = {};
    for (const { page } of inLanguage('bash', 'sh')) found[page] = (found[page] ?? 0) + 1;
    expect(found).toEqual(counts);
  });

  it.each(Object.keys(expected))('of %s do what it says', async (page) => {
    const own = inLanguage('bash', 'sh').filter((block) => block.page === page);
    const script = own.map(({ code }, at) => `echo "== ${at}"\n${code}`).join('\n');
    const { status, stdout, stderr } = await ran('bash', ['-c'], prelude + script);
    if (status !== 0) throw new Error(`${page} ended with ${status ?? 'a signal'}:\n${stdout}\n${stderr}`);
    const parts = stdout.split(/^== \d+\n/m).slice(1);
    expect(parts).toHaveLength(own.length);
    for (const [at, words] of (expected[page] ?? []).entries())
      for (const word of words) expect(parts[at]).toMatch(word);
  });

  it('would be found out', async () => {
    expect(
      (await ran('bash', ['-c'], `${prelude}curl ${written}/v1/models -H 'Authorization: Bearer sk-wrong'`)).status,
    ).not.toBe(0);
    expect(
      (await ran('bash', ['-c'], `${prelude}node dist/main.js keys create --alais x --url ${written}`)).status,
    ).not.toBe(0);
  });
});

it.each(inLanguage('ts').map((block) => [placeOf(block), block] as const))(
  'the program of %s runs',
  async (_, block) => {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const code = ts.transpile(block.code, options);
    const { status, stdout, stderr } = await ran(process.execPath, ['--input-type=module', '-e'], code, root);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Hello from the simulator/);
  },
);

describe('the documented bodies', () => {
  const bodies = running.filter(({ run = '' }) => run.startsWith('POST '));
  // What others point to comes first.
  const order = ['/team/new', '/user/new', '/customer/new', '/budget/new', '/key/generate'];
  const sorted = order.flatMap((route) => bodies.filter(({ run }) => run === `POST ${route}`));

  it('are all tried', () => {
    expect(sorted).toHaveLength(bodies.length);
    expect(sorted.length).toBeGreaterThanOrEqual(5);
  });

  it.each(sorted.map((block) => [`${block.run ?? ''} of ${placeOf(block)}`, block] as const))(
    '%s',
    async (__, block) => {
      const body = JSON.parse(block.code) as Record<string, unknown>;
      const answer = await post({ url: gateway.url, key: testKey }, block.run?.slice(5) ?? '', body);
      // What it only asks for is not shown again.
      delete body['auto_create_key'];
      expect([answer.status, answer.json]).toEqual([200, expect.anything()]);
      const { litellm_budget_table: table, ...own } = answer.json as Record<string, object | null>;
      expect({ ...table, ...own }).toMatchObject(body);
    },
  );
});

it('every documented route is served', async () => {
  const { paths } = (await send({ url: gateway.url, key: testKey }, '/openapi.json')).json as {
    paths: Record<string, Record<string, unknown>>;
  };
  // The description of the routes does not describe itself.
  const described = ['/openapi.json', '/docs'];
  for (const path of described) expect((await send({ url: gateway.url, key: testKey }, path)).status).toBe(200);
  const plain = (path: string): string => path.replace(/\{[^}]*\}/g, '{}').replace(/\/$/, '');
  const served = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${plain(path)}`),
    ),
  );
  const told = pages()
    .filter(({ name }) => name === 'README.md' || name.startsWith('docs/'))
    .flatMap((page) => inlineCodeOf(page).map((code) => ({ page: page.name, code })))
    .flatMap(({ page, code }) => {
      const [, method = '', path = ''] = /^(GET|POST) (\/[\w/{}.-]+)(?:\?\S*)?$/.exec(code) ?? [];
      return method === '' ? [] : [{ page, route: `${method} ${plain(path)}` }];
    });
  expect(told.length).toBeGreaterThan(40);
  const missing = told.filter(({ route }) => !served.has(route) && !described.includes(route.slice(4)));
  expect([...new Set(missing.map(({ page, route }) => `${page}: ${route}`))]).toEqual([]);
});
