import { previousRelease } from '../support/previous-release';
import { eventually, LoginGateways } from '../support/login-gateways';
import { type Served } from '../support/program';
import { describeWithRedis } from '../support/redis-server';

jest.setTimeout(300_000);

const asked = process.env['TEST_LONG'] !== undefined;
const describeLong = asked ? describeWithRedis : describe.skip;

/** A rolling update runs two releases on one Redis; what one writes, the other reads. */
describeLong('this release and the one before it, side by side on one Redis', () => {
  let gateways: LoginGateways;
  let path: string;
  let program: string;

  beforeAll(async () => {
    const before = previousRelease();
    if (before === undefined) throw new Error('There is no commit before this one; set TEST_PREVIOUS.');
    program = before.program;
    gateways = await LoginGateways.start();
  });
  afterAll(() => gateways.close());
  beforeEach(async () => {
    await gateways.reset();
    path = gateways.newPath();
  });

  const patient = { refreshWaitMs: 60_000, tokenEndpointMs: 60_000 };
  const both = (): Promise<[Served, Served]> =>
    Promise.all([
      gateways.start({ authFile: path, times: patient, program }),
      gateways.start({ authFile: path, times: patient }),
    ]);

  it('refresh a login once for the requests of both', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    const releases = await both();
    const answers = await Promise.all(releases.flatMap((each) => Array.from({ length: 20 }, () => gateways.ask(each))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(gateways.simulator.counts).toMatchObject({ refreshAttempts: 1, refreshes: 1, unauthorized: 0 });
    await gateways.expectAgreement(path, login.accountId);
    for (const each of releases) {
      await eventually('both know generation 2', async () => (await gateways.accounts(each))[0]?.generation === 2);
    }
  });

  it.each([
    ['the old renews and the new uses it', 0],
    ['the new renews and the old uses it', 1],
  ])('%s, also after the one that renewed is gone', async (_, first) => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    const options = [
      { authFile: path, times: patient, program },
      { authFile: path, times: patient },
    ] as const;
    const renewing = await gateways.start(options[first]);
    await gateways.askUntilOk(renewing);
    renewing.signal('SIGTERM');
    expect((await renewing.finished).status).toBe(0);
    const using = await gateways.start(options[1 - first]);
    await gateways.askUntilOk(using);
    expect(gateways.simulator.counts).toMatchObject({ refreshAttempts: 1, refreshes: 1, unauthorized: 0 });
    expect((await gateways.accounts(using))[0]).toMatchObject({ state: 'ok', generation: 2 });
    await gateways.expectAgreement(path, login.accountId);
  });
});
