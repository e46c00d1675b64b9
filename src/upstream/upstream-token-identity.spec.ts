import { silence } from '../../test/simulator/answer';
import { htmlPage, httpError } from '../../test/simulator/faults';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { settingsFor } from '../../test/support/settings-for';
import { SystemClock } from '../config/system-clock';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { UpstreamTokenIdentity } from './upstream-token-identity';

let simulator: Simulator;
let outbound: UndiciOutbound;
let identity: UpstreamTokenIdentity;

beforeAll(async () => {
  simulator = await startSimulator();
  const settings = settingsFor(simulator.url, { times: { tokenEndpointMs: 2_000 } });
  outbound = new UndiciOutbound(settings);
  identity = new UpstreamTokenIdentity(settings, outbound, new SystemClock());
});
afterEach(() => {
  simulator.reset();
});
afterAll(async () => {
  await outbound.close();
  await simulator.close();
});

describe('whose an access token is', () => {
  it.each([true, false])('is told by whoami, with FedRAMP %s', async (isFedramp) => {
    const { token, login } = simulator.tokens.mintPersonal({ isFedramp });
    expect(await identity.identify(token)).toEqual({ accountId: login.accountId, isFedramp });
    expect(simulator.seen.at(-1)?.headers['authorization']).toBe(`Bearer ${token}`);
  });

  it('stays unknown for a token that was refused', async () => {
    await expect(identity.identify('at-unknown')).rejects.toMatchObject({ kind: 'unauthorized' });
  });

  it.each([
    ['an outage', () => httpError(500, { detail: 'no' }), 'server_error'],
    ['too many questions', () => httpError(429, { detail: 'no' }), 'rate_limited'],
    ['no answer', () => silence(), 'timeout'],
    ['a page of a proxy', () => htmlPage(200), 'server_error'],
    ['an answer without an account', () => httpError(200, { email: 'a@b.test' }), 'server_error'],
  ])('stays unknown for now after %s', async (_, answer, kind) => {
    const { token } = simulator.tokens.mintPersonal();
    simulator.scripts.whoami.next(answer());
    const failing = identity.identify(token);
    await expect(failing).rejects.toMatchObject({ kind });
    await expect(failing).rejects.not.toThrow(new RegExp(token));
    expect(await identity.identify(token)).toHaveProperty('accountId');
  });
});
