import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { httpError } from '../../test/simulator/faults';
import { LoginWorld } from '../../test/support/command-world';
import { LoginFiles } from '../auth/login-files';
import { accountsCommand } from './accounts.command';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';

let path: string;
const world = new LoginWorld('login-commands', (folder) => ({ CODEX_HOME: join(folder, 'codex') }));
const { conditions } = world;

beforeEach(() => {
  path = join(world.folder, 'codex', 'auth.json');
});

const secretsOf = (file: string) => /rt_[\w-]+|eyJ[\w.-]+/g[Symbol.match](readFileSync(file, 'utf8')) ?? [];

/** Runs login and approves the code that it prints. */
async function approved(argv: readonly string[], env: Record<string, string> = {}): Promise<number> {
  world.heard = () => {
    const code = world.codeIn(world.out);
    if (code !== undefined) world.simulator.devices.decide(code);
  };
  try {
    return await loginCommand(conditions(argv, env));
  } finally {
    world.heard = () => undefined;
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
    world.err = '';
    expect(await command(conditions(flags))).toBe(1);
    expect(world.err).toContain(`${word} works on the login of this machine`);
    expect(world.err).not.toContain('sk-pasted');
  }
  expect(readFileSync(path, 'utf8')).toBe(before);
});

describe('login', () => {
  it('shows address and code, writes the default login file and prints no token', async () => {
    expect(await approved([])).toBe(0);
    expect(world.out).toContain(`${world.simulator.url}/codex/device`);
    expect(world.out).toContain(`The login is in ${path} (mode 0600).`);
    expect(world.out).toContain('plan plus');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { accessToken, accountId } = await new LoginFiles().read(path);
    expect(world.simulator.tokens.judge(accessToken ?? '')).toMatchObject({ kind: 'valid', accountId });
    for (const secret of secretsOf(path)) expect(world.out + world.err).not.toContain(secret);
  });

  it('writes the file of a named credential, and speaks JSON for programs', async () => {
    const file = join(world.folder, 'alice', 'auth.json');
    writeFileSync(
      join(world.folder, 'config.yaml'),
      `credential_list:\n  - credential_name: alice\n    credential_values: {auth_file: ${file}}\nmodel_list:\n  - model_name: m\n    litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: alice}\n`,
    );
    expect(await approved(['--name', 'alice', '--json'])).toBe(0);
    const [asked, done] = world.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(asked).toMatchObject({ verification_url: `${world.simulator.url}/codex/device`, expires_in_seconds: 900 });
    expect(done).toMatchObject({ name: 'alice', auth_file: file, plan: 'plus', in_redis: false });
    expect(existsSync(file)).toBe(true);
  });

  it('takes a file by its path, relative to where it is called', async () => {
    expect(await approved(['--auth-file', 'mine.json'])).toBe(0);
    expect((await new LoginFiles().read(join(world.folder, 'mine.json'))).refreshToken).toMatch(/^rt_/);
  });

  it.each([
    [['--name', 'nobody'], /No deployment uses a credential named 'nobody'.*--auth-file/],
    [['--password=top-secret'], /^Known words: (?!.*top-secret)/],
    [['top-secret'], /^Known words: (?!.*top-secret)/],
  ])('refuses %j with a sentence that quotes no secret', async (argv, words) => {
    expect(await loginCommand(conditions(argv))).toBe(1);
    expect(world.err).toMatch(words);
    expect(world.simulator.seen).toHaveLength(0);
  });

  it('says that an access token in the settings is no login', async () => {
    expect(await loginCommand(conditions([], { CODEX_ACCESS_TOKEN: 'at-secret-token' }))).toBe(1);
    expect(world.err).toMatch(/is an access token in the settings/);
    expect(world.err).not.toContain('at-secret');
  });

  it('asks nobody to approve a login that could not be saved', async () => {
    writeFileSync(join(world.folder, 'codex'), '');
    expect(await loginCommand(conditions([]))).toBe(1);
    expect(world.err).toMatch(/codex cannot be written by this user/);
    expect(world.simulator.seen).toHaveLength(0);
  });

  it('keeps the old login when the new one is declined', async () => {
    const { login } = world.simulator.makeAuthFile(join(world.folder, 'codex'));
    world.heard = () => {
      world.simulator.devices.decide(world.codeIn(world.out) ?? '', 'refused');
    };
    expect(await loginCommand(conditions([]))).toBe(1);
    expect(world.err).toMatch(/declined/);
    expect((await new LoginFiles().read(path)).refreshToken).toBe(login.refreshToken);
  });
});

describe('logout', () => {
  it('removes our copy and leaves the login alive for others', async () => {
    const { login } = world.simulator.makeAuthFile(join(world.folder, 'codex'));
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(existsSync(path)).toBe(false);
    expect(world.simulator.seen).toHaveLength(0);
    expect(world.simulator.tokens.refresh(login.refreshToken).kind).toBe('rotated');
  });

  it('ends the login everywhere with --revoke', async () => {
    const { login } = world.simulator.makeAuthFile(join(world.folder, 'codex'));
    expect(await logoutCommand(conditions(['--revoke', '--json']))).toBe(0);
    expect(JSON.parse(world.out)).toEqual({ name: 'default', auth_file: path, removed: true, revoked: true });
    expect(world.simulator.tokens.refresh(login.refreshToken).kind).toBe('invalidated');
    expect(existsSync(path)).toBe(false);
  });

  it('says when there is no login, and that nothing was removed', async () => {
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(world.out).toBe(`There is no login in ${path}: nothing was removed.\n`);
    world.out = '';
    expect(await logoutCommand(conditions(['--json']))).toBe(0);
    expect(JSON.parse(world.out)).toMatchObject({ auth_file: path, removed: false, revoked: false });
  });

  it('keeps the file when the server did not confirm, so that it can be tried again', async () => {
    const { login } = world.simulator.makeAuthFile(join(world.folder, 'codex'));
    world.simulator.scripts.revoke.next(httpError(503, {}));
    expect(await logoutCommand(conditions(['--revoke']))).toBe(1);
    expect((await new LoginFiles().read(path)).refreshToken).toBe(login.refreshToken);
    expect(world.err).not.toContain(login.refreshToken);
  });
});

describe('accounts', () => {
  it('shows plan, expiry and last refresh of every login, and what kind it is', async () => {
    const { login } = world.simulator.makeAuthFile(join(world.folder, 'codex'), {
      plan: 'team',
      lastRefresh: '2026-11-20T20:33:44Z',
    });
    writeFileSync(
      join(world.folder, 'config.yaml'),
      `credential_list:\n  - credential_name: ws\n    credential_values: {access_token: at-secret-token}\nmodel_list:\n  - model_name: m\n    litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: ws}\n`,
    );
    expect(await accountsCommand(conditions(['--json']))).toBe(0);
    const { accounts } = JSON.parse(world.out) as { accounts: unknown[] };
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
    world.out = '';
    await accountsCommand(conditions([]));
    expect(world.out.split('\n')[0]).toMatch(/^NAME +KIND +STATE +PLAN +EXPIRES +LAST REFRESH +ROTATED BY$/);
    expect(world.out).not.toMatch(/at-secret|rt_|eyJ/);
  });

  it.each([
    [200, 'expiring'],
    [-5, 'expired'],
    [3_600, 'ok'],
  ])('calls a login with %d seconds left %s', async (expiresInSeconds, state) => {
    world.simulator.makeAuthFile(join(world.folder, 'codex'), { expiresInSeconds });
    await accountsCommand(conditions(['--json']));
    expect(JSON.parse(world.out)).toMatchObject({ accounts: [{ state }] });
  });

  it('ends with status 1 and the reason when a login is missing', async () => {
    expect(await accountsCommand(conditions([]))).toBe(1);
    expect(world.out).toMatch(/default +chatgpt +unusable/);
    expect(world.out).toContain(`default: ${path} does not exist. Sign in with \`node dist/main.js login\``);
  });
});
