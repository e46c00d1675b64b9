import { makeAuthFile } from '../../test/simulator/auth-file';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { type BenchProcess, RefreshBench } from '../../test/support/refresh-bench';
import { type Credential } from '../config/deployment';
import { UpstreamFailure } from '../kernel/upstream-failure';

let simulator: Simulator;
let bench: RefreshBench;
let gateway: BenchProcess;

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => {
  bench = new RefreshBench(simulator);
  gateway = bench.start();
});
afterEach(() => bench.close());

describe('a credential in the settings', () => {
  it('that is an API key is sent as it is', async () => {
    const token = await gateway.tokens.forCredential({ name: 'k', source: { kind: 'api_key', key: 'sk-1' } });
    expect(token).toEqual({ bearer: 'sk-1', accountId: undefined, isFedramp: false });
  });

  it('that is an access token is matched to its account once', async () => {
    const own: Credential = { name: 'ws', source: { kind: 'access_token', token: 'at-1' } };
    const { tokens, identity } = gateway;
    const [token] = await Promise.all([tokens.forCredential(own), tokens.forCredential(own)]);
    expect(token).toEqual({ bearer: 'at-1', accountId: 'account-of-token', isFedramp: true });
    await tokens.forCredential(own);
    expect(identity.asked).toBe(1);
    expect(await tokens.rejected(own, token)).toBe(false);
    await tokens.forCredential(own);
    expect(identity.asked).toBe(2);
  });

  it('that no account can be found for is a 503 naming the credential, not asked for again at once', async () => {
    const { tokens, identity } = gateway;
    identity.answer = new UpstreamFailure({ kind: 'unauthorized', message: 'The login was refused.' });
    const own: Credential = { name: 'ws', source: { kind: 'access_token', token: 'at-secret' } };
    const failing = tokens.forCredential(own);
    await expect(failing).rejects.toMatchObject({ status: 503, type: 'upstream_authentication_error' });
    await expect(failing).rejects.toThrow(/'ws'/);
    await expect(failing).rejects.not.toThrow(/at-secret/);
    await expect(tokens.forCredential(own)).rejects.toThrow();
    expect(identity.asked).toBe(1);
  });

  it('that is a personal token in a login file is matched to its account too', async () => {
    const { bearer } = makeAuthFile(simulator.tokens, bench.folder, { shape: 'personal' });
    expect(await gateway.tokens.forCredential(bench.credential)).toEqual({
      bearer,
      accountId: 'account-of-token',
      isFedramp: true,
    });
  });
});
