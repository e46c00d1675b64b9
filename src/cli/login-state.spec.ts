import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { settingsFor } from '../../test/support/settings-for';
import { LoginFiles } from '../auth/login-files';
import { SystemClock } from '../config/system-clock';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { accountsCommand } from './accounts.command';
import { LoginState } from './login-state';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';
import { CapturedOutput } from '../../test/support/captured-output';

let simulator: Simulator;
let folder: string;
let path: string;

const said = new CapturedOutput((piece) => {
  simulator.devices.decide(/[0-9A-F]{4}-[0-9A-F]{4}/.exec(piece)?.[0] ?? '');
});

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-state-'));
  path = join(folder, 'auth.json');
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
    CODEX_AUTH_FILE: path,
    CODEX_REFRESH_TOKEN_URL_OVERRIDE: simulator.tokenUrl,
    STATE_DIR: join(folder, 'state'),
    LITELLM_MASTER_KEY: 'sk-test-master-key-0001',
    ...env,
  },
});

describeWithRedis('with Redis', () => {
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

  it('login hands the new login to all replicas, accounts says who rotated it, logout takes it back', async () => {
    expect(await loginCommand(conditions([], env))).toBe(0);
    expect(said.out).toContain('and in Redis for all replicas');
    said.out = '';
    expect(await accountsCommand(conditions(['--json'], env))).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject({
      accounts: [{ state: 'ok', rotated_by: 'login', generation: 1, plan: 'plus' }],
    });
    said.out = '';
    expect(await logoutCommand(conditions([], env))).toBe(0);
    expect(existsSync(path)).toBe(false);
    said.out = '';
    expect(await accountsCommand(conditions(['--json'], env))).toBe(1);
    expect(JSON.parse(said.out)).toMatchObject({ accounts: [{ state: 'unusable', expires_at: null }] });
  });

  it('a second login replaces the first', async () => {
    await loginCommand(conditions([], env));
    said.out = '';
    await loginCommand(conditions([], env));
    said.out = '';
    await accountsCommand(conditions(['--json'], env));
    expect(JSON.parse(said.out)).toMatchObject({ accounts: [{ state: 'ok', rotated_by: 'login', generation: 2 }] });
  });

  it('a login is saved in the file even while Redis is away, and logout then refuses to do half of its work', async () => {
    await server.kill();
    try {
      expect(await loginCommand(conditions([], env))).toBe(0);
      expect(said.err).toContain('Redis could not be reached');
      expect((await new LoginFiles().read(path)).refreshToken).toMatch(/^rt_/);
      expect(await logoutCommand(conditions([], env))).toBe(1);
      expect(said.err).toContain('Nothing was removed');
      expect(existsSync(path)).toBe(true);
    } finally {
      await server.resume();
    }
  });
});

describe('with the journal of a state folder', () => {
  it('logout leaves everything as it is while a gateway holds the journal, and works after that', async () => {
    simulator.makeAuthFile(folder);
    const stateDir = join(folder, 'state');
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, 'credentials.journal'), '');
    const settings = settingsFor(simulator.url, { rest: { stateDir } });
    const gateway = await LoginState.open(settings);
    await gateway?.offer(path);
    const { generation } = (await gateway?.view({ kind: 'auth_file', path }))?.record ?? {};
    expect(generation).toBe(1);
    await gateway?.close();
    const holder = new JournalCredentialStore(stateDir, new SystemClock());
    await holder.run({ name: 'read', account: 'any', lane: 'any' });
    try {
      expect(await logoutCommand(conditions([]))).toBe(1);
    } finally {
      await holder.close();
    }
    expect(said.err).toContain('A running gateway holds it: stop that first');
    expect(existsSync(path)).toBe(true);
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(existsSync(path)).toBe(false);
    const after = await LoginState.open(settings);
    expect((await after?.view({ kind: 'auth_file', path }))?.record).toMatchObject({ sealed: '' });
    await after?.close();
  });

  it('no command makes a journal where no gateway has made one', async () => {
    simulator.makeAuthFile(folder);
    expect(await accountsCommand(conditions([]))).toBe(0);
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });
});
