import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { testKey } from '../support/gateway';
import { send } from '../support/calls';
import { eventually, type GatewayOptions, LoginGateways } from '../support/login-gateways';
import { type Served } from '../support/program';

jest.setTimeout(120_000);

let gateways: LoginGateways;
let path: string;

beforeAll(async () => {
  gateways = await LoginGateways.start();
});
afterAll(() => gateways.close());
beforeEach(async () => {
  await gateways.reset();
  path = gateways.newPath();
});

const started = (options: GatewayOptions = {}): Promise<Served> => gateways.start({ authFile: path, ...options });

async function ended(gateway: Served): Promise<void> {
  gateway.signal('SIGTERM');
  expect((await gateway.finished).status).toBe(0);
}

const counts = () => gateways.simulator.counts;
const patient = { refreshWaitMs: 60_000, tokenEndpointMs: 60_000 };
const isRoot = process.getuid?.() === 0;
/** Root may write everywhere, so it starts its gateways as somebody who may not. */
const nobody = 65_534;

describe('a restart', () => {
  it('with an old read-only seed and a newer pair in Redis uses the newer one and never sends the seed', async () => {
    const seed = gateways.login(path, { expiresInSeconds: -10 });
    const folder = dirname(path);
    if (isRoot) for (const each of [gateways.folder, path]) chmodSync(each, each === path ? 0o444 : 0o755);
    chmodSync(folder, 0o555);
    const seedText = readFileSync(path, 'utf8');
    const state = join(gateways.folder, 'state-of-nobody');
    mkdirSync(state);
    chmodSync(state, 0o777);
    const options = {
      times: patient,
      env: { STATE_DIR: state, CODEX_CACHE_DIR: '/nonexistent' },
      ...(isRoot ? { user: nobody } : {}),
    };
    try {
      const first = await started(options);
      expect((await gateways.ask(first)).status).toBe(200);
      expect((await gateways.accounts(first))[0]).toMatchObject({ state: 'file_not_writable', generation: 2 });
      expect((await gateways.accounts(first))[0]?.advice).not.toContain(folder);
      await ended(first);
      const second = await started(options);
      expect((await gateways.ask(second)).status).toBe(200);
      const renewed = gateways.simulator.tokens.current(seed.accountId);
      expect(new Set(gateways.bearers())).toEqual(new Set([renewed?.accessToken]));
      expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
      expect(readFileSync(path, 'utf8')).toBe(seedText);
      expect((await gateways.stored(path)).record.generation).toBe(2);
    } finally {
      chmodSync(folder, 0o755);
    }
  });

  it('with an old seed that is put back before every start goes on with the newest pair', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    copyFileSync(path, `${path}.seed`);
    const first = await started({ times: patient });
    expect((await gateways.ask(first)).status).toBe(200);
    await ended(first);
    copyFileSync(`${path}.seed`, path);
    const second = await started({ times: patient });
    expect((await gateways.ask(second)).status).toBe(200);
    expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    await gateways.expectAgreement(path, login.accountId);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('with an older pair in Redis and a newer file takes the file and sends nothing', async () => {
    const login = gateways.login(path);
    const first = await started();
    expect((await gateways.ask(first)).status).toBe(200);
    await ended(first);
    const rotated = gateways.simulator.tokens.refresh(login.refreshToken);
    if (rotated.kind !== 'rotated') throw new Error(rotated.kind);
    gateways.writeLogin(path, rotated.login);
    const second = await started();
    expect((await gateways.ask(second)).status).toBe(200);
    expect(gateways.bearers()).toEqual([login.accessToken, rotated.login.accessToken]);
    expect(counts().refreshAttempts).toBe(0);
    await gateways.expectAgreement(path, login.accountId);
  });
});

describe('a new login by an operator', () => {
  it('is used by all processes without a restart, and the old one is never spent', async () => {
    gateways.login(path);
    const two = await Promise.all([started(), started()]);
    for (const each of two) expect((await gateways.ask(each)).status).toBe(200);
    const fresh = gateways.login(path);
    for (const each of two) {
      await eventually('the new login is used', async () => {
        expect((await gateways.ask(each)).status).toBe(200);
        return gateways.bearers().at(-1) === fresh.accessToken;
      });
    }
    expect(counts().refreshAttempts).toBe(0);
    await gateways.expectAgreement(path, fresh.accountId);
  });
});

describe('twenty logins', () => {
  const config = (paths: readonly string[]): string =>
    [
      'credential_list:',
      ...paths.map((each, at) => `  - {credential_name: login-${at}, credential_values: {auth_file: ${each}}}`),
      'model_list:',
      ...paths.flatMap((_, at) => [
        `  - {model_name: model-${at}, litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: login-${at}}}`,
        `  - {model_name: any, litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: login-${at}}}`,
      ]),
      '',
    ].join('\n');
  const names = Array.from({ length: 20 }, (_, at) => `model-${at}`);

  /** Files with logins, and the arguments of a process that serves them. */
  function twenty(expiresInSeconds: number) {
    const paths = names.map(() => gateways.newPath());
    const logins = paths.map((each) => gateways.login(each, { expiresInSeconds }));
    return { paths, logins, args: ['--config', gateways.program.write('twenty.yaml', config(paths))] };
  }

  it('that end together are renewed one token call at a time, by two processes', async () => {
    const { paths, args } = twenty(60);
    let open = 0;
    let most = 0;
    void gateways.simulator.waitForRequest((seen) => {
      if (seen.path !== '/oauth/token') return false;
      open += 1;
      most = Math.max(most, open);
      void seen.ended.then(() => (open -= 1));
      return false;
    });
    gateways.simulator.scripts.oauth.always({ kind: 'usual', preface: [{ kind: 'wait', ms: 60 }] });
    const two = await Promise.all([started({ args, times: patient }), started({ args, times: patient })]);
    const asked = two.flatMap((each) => names.map((name) => gateways.ask(each, name)));
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]));
    await eventually('all are renewed', () => counts().refreshes === 20);
    expect(counts()).toMatchObject({ refreshAttempts: 20, reusedTokens: 0, unauthorized: 0 });
    expect(most).toBe(1);
    for (const each of paths) expect((await gateways.stored(each)).record.generation).toBe(2);
  });

  it('that are all dead: answers within 50 ms that say so, and nothing goes upstream', async () => {
    const { logins, args } = twenty(-10);
    for (const { accountId } of logins) gateways.simulator.tokens.kill(accountId);
    const gateway = await started({ args, times: patient });
    await eventually('every login is known to be dead', async () => {
      const accounts = await gateways.accounts(gateway);
      return accounts.length === 20 && accounts.every(({ state }) => state === 'quarantined');
    });
    expect(counts().refreshAttempts).toBe(20);
    const spent = () => gateways.simulator.seen.length;
    const before = spent();
    const took: number[] = [];
    for (const name of [...names, ...names.map(() => 'any')]) {
      const startedMs = performance.now();
      const { status, text } = await gateways.ask(gateway, name);
      took.push(performance.now() - startedMs);
      expect(status).toBe(503);
      expect(text).toContain('upstream_authentication_error');
      expect(text).toContain('codex login');
    }
    // The middle one: a machine that does something else for a moment says nothing about us.
    expect(took.sort((one, other) => one - other)[took.length / 2]).toBeLessThan(50);
    expect(spent()).toBe(before);
  });
});

describe('GET /account/list', () => {
  it('tells the master key everything about a login but its secrets, and nobody else anything', async () => {
    const login = gateways.login(path);
    const gateway = await started();
    await gateways.ask(gateway);
    const { status, text, json } = await send({ url: gateway.url, key: testKey }, '/account/list');
    expect(status).toBe(200);
    expect(json).toEqual({
      accounts: [
        {
          id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          name: 'default',
          names: ['default'],
          kind: 'chatgpt',
          account: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
          plan: 'plus',
          state: 'ok',
          expires_at: new Date(login.expiresAt * 1_000).toISOString(),
          last_refresh: expect.stringMatching(/^\d{4}-/) as string,
          rotated_by: 'file',
          rotated_by_id: expect.any(String) as string,
          generation: 1,
          advice: null,
          routing: expect.objectContaining({ plan: 'plus', in_flight: 0, cooldowns: [] }) as object,
          plan_share: expect.objectContaining({ week: expect.objectContaining({ samples: 0 }) as object }) as object,
        },
      ],
    });
    const hidden = [login.accessToken, login.refreshToken, login.idToken, login.accountId, login.email, path];
    for (const secret of [...hidden, gateways.folder]) expect(text).not.toContain(secret);
    expect((await send({ url: gateway.url, key: 'sk-not-the-master-key' }, '/account/list')).status).toBe(401);
    expect((await send({ url: gateway.url, key: testKey }, '/openapi.json')).text).toContain('/account/list');
  });

  it('is what `accounts --url` prints, with status 1 when a login needs a person', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    gateways.simulator.tokens.kill(login.accountId);
    const gateway = await started({ times: patient });
    await gateways.ask(gateway);
    const asked = await gateways.program.run(['accounts', '--url', gateway.url, '--key', testKey]);
    expect(asked.status).toBe(1);
    expect(asked.stdout).toMatch(/default +chatgpt +quarantined +plus/);
    expect(asked.stdout).toContain('it was revoked');
    const json = await gateways.program.run(['accounts', '--url', gateway.url, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ accounts: [{ name: 'default', state: 'quarantined' }] });
    const wrong = await gateways.program.run(['accounts', '--url', gateway.url, '--key', 'sk-wrong-key-0000000000']);
    expect(wrong).toMatchObject({ status: 1, stdout: '' });
    expect(wrong.stderr).toContain('401');
    const nobodyThere = await gateways.program.run(['accounts', '--url', 'http://127.0.0.1:1', '--key', testKey]);
    expect(nobodyThere.status).toBe(1);
    expect(nobodyThere.stderr + nobodyThere.stdout).not.toContain(testKey);
  });
});
