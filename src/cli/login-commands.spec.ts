import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpError } from '../../test/simulator/faults';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { LoginFiles } from '../auth/login-files';
import { accountsCommand } from './accounts.command';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';
import { CapturedOutput } from '../../test/support/captured-output';

let simulator: Simulator;
let folder: string;
let path: string;
let printed: () => void = () => undefined;

const said = new CapturedOutput(() => {
  printed();
});

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-commands-'));
  path = join(folder, 'codex', 'auth.json');
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
    CODEX_HOME: join(folder, 'codex'),
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: simulator.tokenUrl,
    STATE_DIR: join(folder, 'state'),
    LITELLM_MASTER_KEY: 'sk-test-master-key-0001',
    ...env,
  },
});
const secretsOf = (file: string) => /rt_[\w-]+|eyJ[\w.-]+/g[Symbol.match](readFileSync(file, 'utf8')) ?? [];

/** Runs login and approves the code that it prints. */
async function approved(argv: readonly string[], env: Record<string, string> = {}): Promise<number> {
  printed = () => {
    const code = /[0-9A-F]{4}-[0-9A-F]{4}/.exec(said.out)?.[0];
    if (code !== undefined) simulator.devices.decide(code);
  };
  try {
    return await loginCommand(conditions(argv, env));
  } finally {
    printed = () => undefined;
  }
}

it.each([
  ['login', loginCommand],
  ['logout', logoutCommand],
])('%s at a running gateway is refused, and nothing is changed here', async (word, command) => {
  expect(await approved([])).toBe(0);
  const before = readFileSync(path, 'utf8');
  for (const flags of [
    ['--url', 'http://127.0.0.1:4000'],
    ['--key', 'sk-pasted-key'],
  ]) {
    said.err = '';
    expect(await command(conditions(flags))).toBe(1);
    expect(said.err).toContain(`${word} works on the login of this machine`);
    expect(said.err).not.toContain('sk-pasted');
  }
  expect(readFileSync(path, 'utf8')).toBe(before);
});

describe('login', () => {
  it('shows address and code, writes the default login file and prints no token', async () => {
    expect(await approved([])).toBe(0);
    expect(said.out).toContain(`${simulator.url}/codex/device`);
    expect(said.out).toContain(`The login is in ${path} (mode 0600).`);
    expect(said.out).toContain('plan plus');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { accessToken, accountId } = await new LoginFiles().read(path);
    expect(simulator.tokens.judge(accessToken ?? '')).toMatchObject({ kind: 'valid', accountId });
    for (const secret of secretsOf(path)) expect(said.out + said.err).not.toContain(secret);
  });

  it('writes the file of a named credential, and speaks JSON for programs', async () => {
    const file = join(folder, 'alice', 'auth.json');
    writeFileSync(
      join(folder, 'config.yaml'),
      `credential_list:\n  - credential_name: alice\n    credential_values: {auth_file: ${file}}\nmodel_list:\n  - model_name: m\n    litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: alice}\n`,
    );
    expect(await approved(['--name', 'alice', '--json'])).toBe(0);
    const [asked, done] = said.out.trim().split('\n').map((line) => JSON.parse(line) as unknown); // prettier-ignore
    expect(asked).toMatchObject({ verification_url: `${simulator.url}/codex/device`, expires_in_seconds: 900 });
    expect(done).toMatchObject({ name: 'alice', auth_file: file, plan: 'plus', in_redis: false });
    expect(existsSync(file)).toBe(true);
  });

  it('takes a file by its path, relative to where it is called', async () => {
    expect(await approved(['--auth-file', 'mine.json'])).toBe(0);
    expect((await new LoginFiles().read(join(folder, 'mine.json'))).refreshToken).toMatch(/^rt_/);
  });

  it.each([
    [['--name', 'nobody'], /No deployment uses a credential named 'nobody'.*--auth-file/],
    [['--password=top-secret'], /^Known words: (?!.*top-secret)/],
    [['top-secret'], /^Known words: (?!.*top-secret)/],
  ])('refuses %j with a sentence that quotes no secret', async (argv, words) => {
    expect(await loginCommand(conditions(argv))).toBe(1);
    expect(said.err).toMatch(words);
    expect(simulator.seen).toHaveLength(0);
  });

  it('says that an access token in the settings is no login', async () => {
    expect(await loginCommand(conditions([], { CODEX_ACCESS_TOKEN: 'at-secret-token' }))).toBe(1);
    expect(said.err).toMatch(/is an access token in the settings/);
    expect(said.err).not.toContain('at-secret');
  });

  it('asks nobody to approve a login that could not be saved', async () => {
    writeFileSync(join(folder, 'codex'), '');
    expect(await loginCommand(conditions([]))).toBe(1);
    expect(said.err).toMatch(/codex cannot be written by this user/);
    expect(simulator.seen).toHaveLength(0);
  });

  it('keeps the old login when the new one is declined', async () => {
    const { login } = simulator.makeAuthFile(join(folder, 'codex'));
    printed = () => {
      simulator.devices.decide(/[0-9A-F]{4}-[0-9A-F]{4}/.exec(said.out)?.[0] ?? '', 'refused');
    };
    expect(await loginCommand(conditions([]))).toBe(1);
    printed = () => undefined;
    expect(said.err).toMatch(/declined/);
    expect((await new LoginFiles().read(path)).refreshToken).toBe(login.refreshToken);
  });
});

describe('logout', () => {
  it('removes our copy and leaves the login alive for others', async () => {
    const { login } = simulator.makeAuthFile(join(folder, 'codex'));
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(existsSync(path)).toBe(false);
    expect(simulator.seen).toHaveLength(0);
    expect(simulator.tokens.refresh(login.refreshToken).kind).toBe('rotated');
  });

  it('ends the login everywhere with --revoke', async () => {
    const { login } = simulator.makeAuthFile(join(folder, 'codex'));
    expect(await logoutCommand(conditions(['--revoke', '--json']))).toBe(0);
    expect(JSON.parse(said.out)).toEqual({ name: 'default', auth_file: path, removed: true, revoked: true });
    expect(simulator.tokens.refresh(login.refreshToken).kind).toBe('invalidated');
    expect(existsSync(path)).toBe(false);
  });

  it('says when there is no login, and that nothing was removed', async () => {
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(said.out).toBe(`There is no login in ${path}: nothing was removed.\n`);
    said.out = '';
    expect(await logoutCommand(conditions(['--json']))).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({ auth_file: path, removed: false, revoked: false });
  });

  it('keeps the file when the server did not confirm, so that it can be tried again', async () => {
    const { login } = simulator.makeAuthFile(join(folder, 'codex'));
    simulator.scripts.revoke.next(httpError(503, {}));
    expect(await logoutCommand(conditions(['--revoke']))).toBe(1);
    expect((await new LoginFiles().read(path)).refreshToken).toBe(login.refreshToken);
    expect(said.err).not.toContain(login.refreshToken);
  });
});

describe('accounts', () => {
  it('shows plan, expiry and last refresh of every login, and what kind it is', async () => {
    const { login } = simulator.makeAuthFile(join(folder, 'codex'), {
      plan: 'team',
      lastRefresh: '2026-11-20T20:33:44Z',
    });
    writeFileSync(
      join(folder, 'config.yaml'),
      `credential_list:\n  - credential_name: ws\n    credential_values: {access_token: at-secret-token}\nmodel_list:\n  - model_name: m\n    litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: ws}\n`,
    );
    expect(await accountsCommand(conditions(['--json']))).toBe(0);
    const { accounts } = JSON.parse(said.out) as { accounts: unknown[] };
    expect(accounts).toEqual([
      expect.objectContaining({
        name: 'default',
        kind: 'chatgpt',
        state: 'ok',
        plan: 'team',
        expires_at: new Date(login.expiresAt * 1000).toISOString(),
        last_refresh: '2026-11-20T20:33:44.000Z',
        advice: null,
      }),
      expect.objectContaining({ name: 'ws', kind: 'access_token', state: 'not_checked', plan: null }),
    ]);
    said.out = '';
    await accountsCommand(conditions([]));
    expect(said.out.split('\n')[0]).toMatch(/^NAME +KIND +STATE +PLAN +EXPIRES +LAST REFRESH +ROTATED BY$/);
    expect(said.out).not.toMatch(/at-secret|rt_|eyJ/);
  });

  it.each([
    [200, 'expiring'],
    [-5, 'expired'],
    [3_600, 'ok'],
  ])('calls a login with %d seconds left %s', async (expiresInSeconds, state) => {
    simulator.makeAuthFile(join(folder, 'codex'), { expiresInSeconds });
    await accountsCommand(conditions(['--json']));
    expect(JSON.parse(said.out)).toMatchObject({ accounts: [{ state }] });
  });

  it('ends with status 1 and the reason when a login is missing', async () => {
    expect(await accountsCommand(conditions([]))).toBe(1);
    expect(said.out).toMatch(/default +chatgpt +unusable/);
    expect(said.out).toContain(`default: ${path} does not exist. Sign in with \`node dist/main.js login\``);
  });
});
