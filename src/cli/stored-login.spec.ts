import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Login } from '../../test/simulator/accounts';
import { httpError } from '../../test/simulator/faults';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { SystemClock } from '../config/system-clock';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { accountsCommand } from './accounts.command';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';
import { CapturedOutput } from '../../test/support/captured-output';

let simulator: Simulator;
let folder: string;
let beforeApproval: () => Promise<void>;

const said = new CapturedOutput((piece) => {
  const code = /[0-9A-F]{4}-[0-9A-F]{4}/.exec(piece)?.[0];
  if (code !== undefined)
    void beforeApproval().then(() => {
      simulator.devices.decide(code);
    });
});

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stored-login-'));
  beforeApproval = () => Promise.resolve();
});
afterEach(() => {
  simulator.reset();
  rmSync(folder, { recursive: true });
});

const conditions = (argv: readonly string[], env: Record<string, string> = {}) => ({
  argv,
  cwd: folder,
  homeDir: folder,
  env: {
    CODEX_AUTH_FILE: join(folder, 'auth.json'),
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: simulator.tokenUrl,
    STATE_DIR: join(folder, 'state'),
    LITELLM_MASTER_KEY: 'sk-test-master-key-0001',
    ...env,
  },
});

/** The tokens of the one login that was made. */
function secretsOf(mint: jest.SpyInstance<Login>): readonly string[] {
  expect(mint).toHaveBeenCalledTimes(1);
  const made = mint.mock.results.map(({ value }): unknown => value);
  return made.flatMap((each) => {
    const { accessToken, refreshToken, idToken } = each as Login;
    return [accessToken, refreshToken, idToken];
  });
}

function configure(params = 'api_key: "oauth:work"', credentials = ''): void {
  const list = credentials === '' ? '' : `credential_list:\n  - ${credentials}\n`;
  const text = `${list}model_list:\n  - model_name: m\n    litellm_params: {model: codex-oauth/gpt-5.5, ${params}}\n`;
  writeFileSync(join(folder, 'config.yaml'), text);
}

async function rowOf(name: string, env: Record<string, string> = {}): Promise<unknown> {
  said.out = '';
  await accountsCommand(conditions(['--json'], env));
  const { accounts } = JSON.parse(said.out) as { accounts: { name: string }[] };
  return accounts.find((each) => each.name === name);
}

describeWithRedis('a named login in Redis', () => {
  let server: RedisServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    const { keyPrefix } = server.settings();
    env = { ...server.env, REDIS_KEY_PREFIX: keyPrefix, GATEWAY_SALT_KEY: 'salt-for-tests-000001' };
  });

  /** Everything that Redis holds. */
  async function contents(): Promise<string> {
    const found = await server.everywhere(async (commands) => {
      const keys = await commands.keys(`${env['REDIS_KEY_PREFIX'] ?? ''}*`);
      return Promise.all(keys.map((key) => commands.hgetall(key)));
    });
    return JSON.stringify(found.flat());
  }

  it('is made, shown and forgotten without a file, and no token is printed or lies open', async () => {
    const mint = jest.spyOn(simulator.tokens, 'mint');
    configure();
    expect(await rowOf('work', env)).toMatchObject({
      kind: 'chatgpt',
      state: 'unusable',
      auth_file: null,
      advice: expect.stringContaining('node dist/main.js login --name work --store') as string,
    });
    said.out = '';
    expect(await loginCommand(conditions(['--name', 'work', '--store'], env))).toBe(0);
    expect(said.out).toContain("The login 'work' is sealed in Redis, and all replicas use it.");
    expect(said.out).toContain('plan plus');
    expect(await contents()).toContain('sealed');
    const [everywhere, secrets] = [(await contents()) + said.out + said.err, secretsOf(mint)];
    for (const secret of secrets) expect(everywhere).not.toContain(secret);
    expect(await rowOf('work', env)).toMatchObject({ state: 'ok', plan: 'plus', rotated_by: 'login', generation: 1, advice: null }); // prettier-ignore
    said.out = '';
    expect(await logoutCommand(conditions(['--name', 'work'], env))).toBe(0);
    expect(said.out).toBe("The login named 'work' is removed.\n");
    expect(await rowOf('work', env)).toMatchObject({ state: 'unusable', expires_at: null });
    expect(readdirSync(folder)).toEqual(['config.yaml']);
  });

  it('needs no word about the state when the configuration says where it lives, and speaks JSON for programs', async () => {
    configure('litellm_credential_name: team', '{credential_name: team, credential_values: {login: work}}');
    expect(await loginCommand(conditions(['--name', 'team', '--json'], env))).toBe(0);
    const done: unknown = JSON.parse(said.out.trim().split('\n')[1] ?? '');
    expect(done).toMatchObject({ name: 'team', login: 'work', auth_file: null, in_redis: true, plan: 'plus' });
    expect(await rowOf('team', env)).toMatchObject({ state: 'ok', generation: 1 });
    said.out = '';
    await loginCommand(conditions(['--name', 'work', '--store'], env));
    expect(await rowOf('team', env)).toMatchObject({ state: 'ok', generation: 2 });
  });

  it('ends everywhere with --revoke, and stays when the server did not confirm', async () => {
    let issued = '';
    jest.spyOn(simulator.tokens, 'revoke').mockImplementation((token) => void (issued = token));
    await loginCommand(conditions(['--name', 'work', '--store'], env));
    const logout = () => logoutCommand(conditions(['--name', 'work', '--store', '--revoke'], env));
    simulator.scripts.revoke.next(httpError(503, {}));
    expect(await logout()).toBe(1);
    said.out = '';
    expect(await logout()).toBe(0);
    expect(issued).toMatch(/^rt_/);
    expect(said.out).toBe("The login named 'work' is removed and revoked.\n");
    said.out = '';
    expect(await logout()).toBe(0);
    expect(said.out).toBe("There is no login named 'work': nothing was removed.\n");
  });

  it('is not begun while Redis is away', async () => {
    await server.kill();
    try {
      expect(await loginCommand(conditions(['--name', 'work', '--store'], env))).toBe(1);
      expect(said.err).toMatch(/not kept\. Redis could not be reached/);
      expect(simulator.seen).toHaveLength(0);
    } finally {
      await server.resume();
    }
  });

  it('is kept even when Redis goes away for a moment just before it would be stored', async () => {
    configure();
    beforeApproval = () => server.kill();
    const resumed = simulator.waitForRequest(({ path }) => path === '/oauth/token').then(() => server.resume());
    expect(await loginCommand(conditions(['--name', 'work', '--store'], env))).toBe(0);
    await resumed;
    expect(await rowOf('work', env)).toMatchObject({ state: 'ok' });
  });
});

describe('a named login without Redis', () => {
  it('is sealed into the journal, which it makes, and forgotten there', async () => {
    const mint = jest.spyOn(simulator.tokens, 'mint');
    configure();
    expect(await loginCommand(conditions(['--name', 'work', '--store']))).toBe(0);
    expect(said.out).toContain(`is sealed in ${join(folder, 'state')}, for the gateway that starts there`);
    const journal = readFileSync(join(folder, 'state', 'credentials.journal'), 'utf8');
    expect(journal).toContain('"sealed":"v1.');
    for (const secret of secretsOf(mint)) expect(journal).not.toContain(secret);
    expect(existsSync(join(folder, 'auth.json'))).toBe(false);
    expect(await rowOf('work')).toMatchObject({ state: 'ok', plan: 'plus' });
    expect(await logoutCommand(conditions(['--name', 'work']))).toBe(0);
    expect(await rowOf('work')).toMatchObject({ state: 'unusable' });
  });

  it('is refused before anybody approves it while a running gateway holds the journal', async () => {
    configure();
    const gateway = new JournalCredentialStore(join(folder, 'state'), new SystemClock());
    await gateway.run({ name: 'read', account: 'any', lane: 'any' });
    try {
      expect(await loginCommand(conditions(['--name', 'work', '--store']))).toBe(1);
      expect(said.err).toMatch(/A running gateway holds the state.*Stop it first.*REDIS_URL.*--auth-file/);
      expect(simulator.seen).toHaveLength(0);
      expect(await rowOf('work')).toMatchObject({ state: 'not_checked', advice: null });
    } finally {
      await gateway.close();
    }
  });

  it.each([
    [['--store'], /needs a name/],
    [['--store', '--name', 'two words'], /1 to 64 letters/],
    [['--store', '--name', 'x', '--auth-file', 'a.json'], /exclude each other/],
    [['--store', '--name', 'alice'], /'alice' is kept elsewhere/],
  ])('is refused for %j', async (argv, words) => {
    configure('litellm_credential_name: alice', '{credential_name: alice, credential_values: {auth_file: a.json}}');
    expect(await loginCommand(conditions(argv))).toBe(1);
    expect(said.err).toMatch(words);
    expect(simulator.seen).toHaveLength(0);
  });
});
