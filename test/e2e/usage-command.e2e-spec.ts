import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { runCommand } from '../../src/cli/commands';
import { StateDir } from '../../src/state/state-dir';
import { post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

let bench: TestBench;
let holder: string;
beforeAll(async () => {
  bench = await startBench({
    config: 'model_list:\n  - { model_name: m, litellm_params: { model: codex-oauth/gpt-5.5 } }\n',
  });
  const made = await fetch(`${bench.url}/key/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key_alias: 'ci-bot', max_budget: 12, budget_duration: '30d', rpm_limit: 60 }),
  });
  holder = ((await made.json()) as { key: string }).key;
  const client = new OpenAI({ baseURL: `${bench.url}/v1`, apiKey: holder, maxRetries: 0 });
  await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Ping!' }] });
});
afterAll(async () => {
  await bench.close();
});

/** What a command printed, and its status. */
function run(...argv: readonly string[]): Promise<Told> {
  return runWith({ GATEWAY_MASTER_KEY: bench.key, PORT: new URL(bench.url).port }, ...argv);
}

interface Told {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function runWith(env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<Told> {
  const told = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    jest.spyOn(process[`std${name}`], 'write').mockImplementation((text) => {
      told[name] += String(text);
      return true;
    }),
  );
  try {
    const status = await runCommand({ argv, env, cwd: bench.folder, homeDir: bench.folder });
    return { status, ...told };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

describe('the command usage', () => {
  it('shows a holder its spend and limits, and nothing of others', async () => {
    const { status, out } = await run('usage', '--url', bench.url, '--key', holder);

    expect(status).toBe(0);
    expect(out).toMatch(/^ci-bot: \$0\.00\d+ spent in all, \$0\.00 set aside by 0 running requests\n/);
    expect(out).toMatch(/\nkey\.rpm_limit +ci-bot +- +1 +60 +59 +window +20/);
    expect(out).toMatch(/\nkey\.max_budget +ci-bot +- +\$0\.00\d+ +\$12\.00 +\$11\.99\d+ +30d +20/);
    expect(out).not.toContain('All keys');
  });

  it('shows an admin what all keys spent, and finds the gateway of these settings by itself', async () => {
    const { status, out } = await run('usage');

    expect(status).toBe(0);
    expect(out).toMatch(/All keys: \$0\.00\d+\n/);
    expect(out).toMatch(/\nci-bot +[0-9a-f]{12} +\$0\.00\d+/);
  });

  it('prints JSON for programs', async () => {
    const { usage, gateway } = JSON.parse((await run('usage', '--json')).out) as Record<
      string,
      Record<string, unknown>
    >;

    expect(usage).toMatchObject({ running_requests: 0, limits: [] });
    expect(gateway?.['keys']).toEqual([expect.objectContaining({ key_alias: 'ci-bot' })]);
  });

  it('says what is wrong without the key', async () => {
    const wrong = await run('usage', '--key', 'sk-a-key-that-nobody-has-1234');
    expect(wrong).toMatchObject({ status: 1, err: expect.stringMatching(/^The gateway answers 401/) as string });
    const away = await run('usage', '--url', 'http://127.0.0.1:1');
    expect(away.err).toMatch(/^The gateway cannot be reached \(upstream_unreachable\)\.\n$/);
    expect((await run('usage', '--colour')).err).toContain('Known words: --url U, --key K');
    expect((await run('usage', '--url', 'gateway')).err).toContain('--url must be an http or https address');
  });
});

describe('a command that asks a running gateway', () => {
  let asked: string[];
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((request, answer) => {
      asked.push(`${request.url ?? ''} ${request.headers.authorization ?? ''}`);
      answer.writeHead(401, { 'content-type': 'application/json' });
      answer.end('{"error":{"message":"That key is not known."}}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(() => server.close());

  it('sends the master key that a start made, when nobody says one', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'usage-command-'));
    const none = await runWith({ STATE_DIR: stateDir, PORT: String(port) }, 'usage');
    expect(none).toMatchObject({ status: 1, err: expect.stringContaining('Say the master key') as string });
    const { key } = await new StateDir(stateDir).obtainMasterKey();
    const { err } = await runWith({ STATE_DIR: stateDir, PORT: String(port) }, 'usage');
    expect(asked).toEqual([`/v1/usage Bearer ${key}`]);
    expect(err).toBe('The gateway answers 401: That key is not known.\n');
    rmSync(stateDir, { recursive: true });
  });

  it('goes to the port of the management routes, where they have one', async () => {
    await runWith({ GATEWAY_MASTER_KEY: 'sk-of-the-suite-1234567', PORT: '1', ADMIN_PORT: String(port) }, 'reconcile');
    expect(asked).toEqual(['/spend/reconcile Bearer sk-of-the-suite-1234567']);
  });
});

describe('a command that asks the port of the clients, where management has another', () => {
  let split: TestBench;
  let key: string;
  beforeAll(async () => {
    split = await startBench({ env: { ADMIN_PORT: '0' } });
    const admin = { url: split.gateway.adminUrl ?? '', key: split.key };
    key = ((await post(admin, '/key/generate', { key_alias: 'of-a-holder' })).json as { key: string }).key;
  });
  afterAll(() => split.close());
  const elsewhere =
    /^The gateway answers 404: .*Management routes, reports and \/metrics are served on the other one \(ADMIN_PORT\)\.\n$/;

  it('is told that there is another', async () => {
    const { status, err } = await run('reconcile', '--url', split.url, '--key', split.key);
    expect([status, err]).toEqual([1, expect.stringMatching(elsewhere)]);
  });

  it('says what it was told, and that the rest is there: usage', async () => {
    const env = { GATEWAY_MASTER_KEY: split.key };
    for (const words of [[], ['--key', split.key]]) {
      const { status, out, err } = await runWith(env, 'usage', '--url', split.url, ...words);
      expect([status, out]).toEqual([1, expect.stringContaining(' spent in all, ')]);
      expect(err).toMatch(/^What all keys spent is not shown\. The gateway answers 404: .*\(ADMIN_PORT\)\.\n$/);
    }
    const right = await runWith(env, 'usage', '--url', split.gateway.adminUrl ?? '');
    expect(right).toMatchObject({ status: 0, out: expect.stringContaining('All keys: ') as string, err: '' });
  });

  it('is no failure to a holder, who has the own usage on either port', async () => {
    const { status, out, err } = await run('usage', '--url', split.url, '--key', key, '--json');
    expect([status, JSON.parse(out)]).toEqual([0, { usage: expect.objectContaining({ spend: 0 }) as unknown }]);
    expect(err).toContain('(ADMIN_PORT)');
    const right = await run('usage', '--url', split.gateway.adminUrl ?? '', '--key', key);
    expect(right).toMatchObject({ status: 0, err: '' });
  });
});

describe('the command reconcile', () => {
  it('says that the books agree', async () => {
    const { status, out } = await run('reconcile', '--url', bench.url);

    expect(status).toBe(0);
    expect(out).toMatch(/^\d+ figures compared in \d+ ms: 0 differ, 0 were put right\.\n$/);
    expect(JSON.parse((await run('reconcile', '--dry-run', '--json')).out)).toMatchObject({
      mismatches: [],
      repaired: 0,
    });
  });

  it('is for admins', async () => {
    expect(await run('reconcile', '--key', holder)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^The gateway answers 403: /) as string,
    });
  });
});
