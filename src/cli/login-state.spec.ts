import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LoginWorld } from '../../test/support/command-world';
import { describeWithRedis } from '../../test/support/redis-server';
import { settingsFor } from '../../test/support/settings-for';
import { LoginFiles } from '../auth/login-files';
import { SystemClock } from '../config/system-clock';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { accountsCommand } from './accounts.command';
import { LoginState } from './login-state';
import { loginCommand } from './login.command';
import { logoutCommand } from './logout.command';

let path: string;
const world = new LoginWorld('login-state', (folder) => ({ CODEX_AUTH_FILE: join(folder, 'auth.json') }));
const { conditions } = world;

beforeEach(() => {
  path = join(world.folder, 'auth.json');
  world.heard = () => {
    world.simulator.devices.decide(world.codeIn(world.out) ?? '');
  };
});

describeWithRedis('with Redis', () => {
  const redis = world.withRedis();

  it('login hands the new login to all replicas, accounts says who rotated it, logout takes it back', async () => {
    expect(await loginCommand(conditions([], redis.env))).toBe(0);
    expect(world.out).toContain('and in Redis for all replicas');
    world.out = '';
    expect(await accountsCommand(conditions(['--json'], redis.env))).toBe(0);
    expect(JSON.parse(world.out)).toMatchObject({
      accounts: [{ state: 'ok', rotated_by: 'login', generation: 1, plan: 'plus' }],
    });
    world.out = '';
    expect(await logoutCommand(conditions([], redis.env))).toBe(0);
    expect(existsSync(path)).toBe(false);
    world.out = '';
    expect(await accountsCommand(conditions(['--json'], redis.env))).toBe(1);
    expect(JSON.parse(world.out)).toMatchObject({ accounts: [{ state: 'unusable', expires_at: null }] });
  });

  it('a second login replaces the first', async () => {
    await loginCommand(conditions([], redis.env));
    world.out = '';
    await loginCommand(conditions([], redis.env));
    world.out = '';
    await accountsCommand(conditions(['--json'], redis.env));
    expect(JSON.parse(world.out)).toMatchObject({ accounts: [{ state: 'ok', rotated_by: 'login', generation: 2 }] });
  });

  it('a login is saved in the file even while Redis is away, and logout then refuses to do half of its work', async () => {
    await redis.server.kill();
    try {
      expect(await loginCommand(conditions([], redis.env))).toBe(0);
      expect(world.err).toContain('Redis could not be reached');
      expect((await new LoginFiles().read(path)).refreshToken).toMatch(/^rt_/);
      expect(await logoutCommand(conditions([], redis.env))).toBe(1);
      expect(world.err).toContain('Nothing was removed');
      expect(existsSync(path)).toBe(true);
    } finally {
      await redis.server.resume();
    }
  });
});

describe('with the journal of a state folder', () => {
  it('logout leaves everything as it is while a gateway holds the journal, and works after that', async () => {
    world.simulator.makeAuthFile(world.folder);
    const stateDir = join(world.folder, 'state');
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, 'credentials.journal'), '');
    const settings = settingsFor(world.simulator.url, { rest: { stateDir } });
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
    expect(world.err).toContain('A running gateway holds it: stop that first');
    expect(existsSync(path)).toBe(true);
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(existsSync(path)).toBe(false);
    const after = await LoginState.open(settings);
    expect((await after?.view({ kind: 'auth_file', path }))?.record).toMatchObject({ sealed: '' });
    await after?.close();
  });

  it('no command makes a journal where no gateway has made one', async () => {
    world.simulator.makeAuthFile(world.folder);
    expect(await accountsCommand(conditions([]))).toBe(0);
    expect(await logoutCommand(conditions([]))).toBe(0);
    expect(existsSync(join(world.folder, 'state'))).toBe(false);
  });
});
