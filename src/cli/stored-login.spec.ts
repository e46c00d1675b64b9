import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Login } from '../../test/simulator/accounts';
import { httpError } from '../../test/simulator/faults';
import { LoginWorld } from '../../test/support/command-world';
import { describeWithRedis } from '../../test/support/redis-server';
import { SystemClock } from '../config/system-clock';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { accountsCommand } from './accounts.command';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';

let beforeApproval: () => Promise<void>;
const world = new LoginWorld('stored-login', (folder) => ({ CODEX_AUTH_FILE: join(folder, 'auth.json') }));
const { conditions } = world;

beforeEach(() => {
  beforeApproval = () => Promise.resolve();
  world.heard = (part) => {
    const code = world.codeIn(part);
    if (code !== undefined)
      void beforeApproval().then(() => {
        world.simulator.devices.decide(code);
      });
  };
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
  writeFileSync(join(world.folder, 'config.yaml'), text);
}

async function rowOf(name: string, env: Record<string, string> = {}): Promise<unknown> {
  world.out = '';
  await accountsCommand(conditions(['--json'], env));
  const { accounts } = JSON.parse(world.out) as { accounts: { name: string }[] };
  return accounts.find((each) => each.name === name);
}

describeWithRedis('a named login in Redis', () => {
  const redis = world.withRedis();

  /** Everything that Redis holds. */
  async function contents(): Promise<string> {
    const found = await redis.server.everywhere(async (commands) => {
      const keys = await commands.keys(`${redis.env['REDIS_KEY_PREFIX'] ?? ''}*`);
      return Promise.all(keys.map((key) => commands.hgetall(key)));
    });
    return JSON.stringify(found.flat());
  }

  it('is made, shown and forgotten without a file, and no token is printed or lies open', async () => {
    const mint = jest.spyOn(world.simulator.tokens, 'mint');
    configure();
    expect(await rowOf('work', redis.env)).toMatchObject({
      kind: 'chatgpt',
      state: 'unusable',
      auth_file: null,
      advice: expect.stringContaining('node dist/main.js login --name work --store') as string,
    });
    world.out = '';
    expect(await loginCommand(conditions(['--name', 'work', '--store'], redis.env))).toBe(0);
    expect(world.out).toContain("The login 'work' is sealed in Redis, and all replicas use it.");
    expect(world.out).toContain('plan plus');
    expect(await contents()).toContain('sealed');
    const [everywhere, secrets] = [(await contents()) + world.out + world.err, secretsOf(mint)];
    for (const secret of secrets) expect(everywhere).not.toContain(secret);
    expect(await rowOf('work', redis.env)).toMatchObject({
      state: 'ok',
      plan: 'plus',
      rotated_by: 'login',
      generation: 1,
      advice: null,
    });
    world.out = '';
    expect(await logoutCommand(conditions(['--name', 'work'], redis.env))).toBe(0);
    expect(world.out).toBe("The login named 'work' is removed.\n");
    expect(await rowOf('work', redis.env)).toMatchObject({ state: 'unusable', expires_at: null });
    expect(readdirSync(world.folder)).toEqual(['config.yaml']);
  });

  it('needs no word about the state when the configuration says where it lives, and speaks JSON for programs', async () => {
    configure('litellm_credential_name: team', '{credential_name: team, credential_values: {login: work}}');
    expect(await loginCommand(conditions(['--name', 'team', '--json'], redis.env))).toBe(0);
    const done: unknown = JSON.parse(world.out.trim().split('\n')[1] ?? '');
    expect(done).toMatchObject({ name: 'team', login: 'work', auth_file: null, in_redis: true, plan: 'plus' });
    expect(await rowOf('team', redis.env)).toMatchObject({ state: 'ok', generation: 1 });
    world.out = '';
    await loginCommand(conditions(['--name', 'work', '--store'], redis.env));
    expect(await rowOf('team', redis.env)).toMatchObject({ state: 'ok', generation: 2 });
  });

  it('ends everywhere with --revoke, and stays when the server did not confirm', async () => {
    let issued = '';
    jest.spyOn(world.simulator.tokens, 'revoke').mockImplementation((token) => void (issued = token));
    await loginCommand(conditions(['--name', 'work', '--store'], redis.env));
    const logout = () => logoutCommand(conditions(['--name', 'work', '--store', '--revoke'], redis.env));
    world.simulator.scripts.revoke.next(httpError(503, {}));
    expect(await logout()).toBe(1);
    world.out = '';
    expect(await logout()).toBe(0);
    expect(issued).toMatch(/^rt_/);
    expect(world.out).toBe("The login named 'work' is removed and revoked.\n");
    world.out = '';
    expect(await logout()).toBe(0);
    expect(world.out).toBe("There is no login named 'work': nothing was removed.\n");
  });

  it('is not begun while Redis is away', async () => {
    await redis.server.kill();
    try {
      expect(await loginCommand(conditions(['--name', 'work', '--store'], redis.env))).toBe(1);
      expect(world.err).toMatch(/not kept\. Redis could not be reached/);
      expect(world.simulator.seen).toHaveLength(0);
    } finally {
      await redis.server.resume();
    }
  });

  it('is kept even when Redis goes away for a moment just before it would be stored', async () => {
    configure();
    beforeApproval = () => redis.server.kill();
    const resumed = world.simulator
      .waitForRequest(({ path }) => path === '/oauth/token')
      .then(() => redis.server.resume());
    expect(await loginCommand(conditions(['--name', 'work', '--store'], redis.env))).toBe(0);
    await resumed;
    expect(await rowOf('work', redis.env)).toMatchObject({ state: 'ok' });
  });
});

describe('a named login without Redis', () => {
  it('is sealed into the journal, which it makes, and forgotten there', async () => {
    const mint = jest.spyOn(world.simulator.tokens, 'mint');
    configure();
    expect(await loginCommand(conditions(['--name', 'work', '--store']))).toBe(0);
    expect(world.out).toContain(`is sealed in ${join(world.folder, 'state')}, for the gateway that starts there`);
    const journal = readFileSync(join(world.folder, 'state', 'credentials.journal'), 'utf8');
    expect(journal).toContain('"sealed":"v1.');
    for (const secret of secretsOf(mint)) expect(journal).not.toContain(secret);
    expect(existsSync(join(world.folder, 'auth.json'))).toBe(false);
    expect(await rowOf('work')).toMatchObject({ state: 'ok', plan: 'plus' });
    expect(await logoutCommand(conditions(['--name', 'work']))).toBe(0);
    expect(await rowOf('work')).toMatchObject({ state: 'unusable' });
  });

  it('is refused before anybody approves it while a running gateway holds the journal', async () => {
    configure();
    const gateway = new JournalCredentialStore(join(world.folder, 'state'), new SystemClock());
    await gateway.run({ name: 'read', account: 'any', lane: 'any' });
    try {
      expect(await loginCommand(conditions(['--name', 'work', '--store']))).toBe(1);
      expect(world.err).toMatch(/A running gateway holds the state.*Stop it first.*REDIS_URL.*--auth-file/);
      expect(world.simulator.seen).toHaveLength(0);
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
    expect(world.err).toMatch(words);
    expect(world.simulator.seen).toHaveLength(0);
  });
});
