import { silence } from '../../test/simulator/answer';
import { htmlPage, httpError } from '../../test/simulator/faults';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { settingsFor } from '../../test/support/settings-for';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { DeviceLogin, DeviceLoginFailed } from './device-login';

let simulator: Simulator;
let outbound: UndiciOutbound;
let login: DeviceLogin;

beforeAll(async () => {
  simulator = await startSimulator();
  // Awaited to its end where the server is silent; a busy machine answers later than one would think.
  const settings = settingsFor(simulator.url, { times: { tokenEndpointMs: 3_000 } });
  outbound = new UndiciOutbound(settings);
  login = new DeviceLogin(settings, outbound);
});
afterEach(() => {
  simulator.reset();
});
afterAll(async () => {
  await outbound.close();
  await simulator.close();
});

const seenAt = (path: string) => simulator.seen.filter((seen) => seen.path.endsWith(path));

describe('a login with a device code', () => {
  it('shows a code and an address, waits for approval and gives three tokens that work', async () => {
    const code = await login.begin();
    expect(code).toMatchObject({ verificationUrl: `${simulator.url}/codex/device`, intervalMs: 0 });
    expect(code.userCode).toMatch(/^[0-9A-F]{4}-[0-9A-F]{4}$/);
    const waiting = login.finish(code);
    await simulator.waitForRequest(({ path }) => path.endsWith('/deviceauth/token'));
    simulator.devices.decide(code.userCode);
    const pair = await waiting;
    expect(simulator.tokens.judge(pair.accessToken).kind).toBe('valid');
    expect(simulator.tokens.refresh(pair.refreshToken ?? '').kind).toBe('rotated');
    expect(pair.idToken?.split('.')).toHaveLength(3);
    const [exchange] = seenAt('/oauth/token');
    expect(exchange?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(exchange?.body).toMatchObject({
      grant_type: 'authorization_code',
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      redirect_uri: `${simulator.url}/deviceauth/callback`,
    });
  });

  it('survives a login server in trouble while the person types', async () => {
    const code = await login.begin();
    simulator.scripts.deviceToken.next(httpError(500, {}), htmlPage(502), httpError(429, {}), silence());
    simulator.devices.decide(code.userCode);
    expect(await login.finish(code)).toHaveProperty('accessToken');
    expect(seenAt('/deviceauth/token')).toHaveLength(5);
  });

  it('ends when the person declines, without asking for tokens', async () => {
    const code = await login.begin();
    simulator.devices.decide(code.userCode, 'refused');
    await expect(login.finish(code)).rejects.toThrow(/declined, or its code has run out/);
    expect(seenAt('/oauth/token')).toHaveLength(0);
  });

  it('stops asking when it is aborted', async () => {
    simulator.devices.intervalSeconds = '60';
    const code = await login.begin();
    const stop = new AbortController();
    const waiting = login.finish(code, stop.signal);
    await simulator.waitForRequest(({ path }) => path.endsWith('/deviceauth/token'));
    stop.abort();
    await expect(waiting).rejects.toHaveProperty('name', 'AbortError');
  });

  it('takes no authorization code twice: a failed exchange is an error, not another try', async () => {
    const code = await login.begin();
    simulator.devices.decide(code.userCode);
    simulator.scripts.oauth.next(httpError(500, {}));
    await expect(login.finish(code)).rejects.toThrow(DeviceLoginFailed);
    expect(seenAt('/oauth/token')).toHaveLength(1);
  });

  it.each([
    ['is not allowed to this client', 404, { detail: 'Not Found' }, /workspace admin/],
    ['is refused', 400, { error: 'no' }, /not understood \(status 400\)/],
    ['comes as a page', 200, '<html>', /not understood \(status 200\)/],
    ['lacks the code', 200, { device_auth_id: 'x' }, /not understood \(status 200\)/],
  ])('that %s says so', async (_, status, body, words) => {
    simulator.scripts.userCode.next(httpError(status, body));
    await expect(login.begin()).rejects.toThrow(words);
  });

  it('says that the server could not be reached', async () => {
    simulator.scripts.userCode.next(silence());
    await expect(login.begin()).rejects.toThrow(/^The login server could not be reached\./);
  });
});

describe('a revoked login', () => {
  it('is dead at the server, in the words of the CLI', async () => {
    const { refreshToken } = simulator.tokens.mint();
    await login.revoke(refreshToken);
    expect(simulator.tokens.refresh(refreshToken).kind).toBe('invalidated');
    expect(seenAt('/oauth/revoke')[0]?.body).toEqual({
      token: refreshToken,
      token_type_hint: 'refresh_token',
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
    });
  });

  it('that the server did not confirm is an error without the token', async () => {
    const { refreshToken } = simulator.tokens.mint();
    simulator.scripts.revoke.next(httpError(503, {}));
    const failing = login.revoke(refreshToken);
    await expect(failing).rejects.toThrow(DeviceLoginFailed);
    await expect(failing).rejects.not.toThrow(new RegExp(refreshToken));
  });
});
