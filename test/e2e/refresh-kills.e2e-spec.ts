import { uncertainGraceMs } from '../../src/state/credentials/credential-record';
import { type Login } from '../simulator/accounts';
import { held, heldUsual, usualChanged } from '../simulator/answer';
import { eventually, type GatewayOptions, LoginGateways, stopped } from '../support/login-gateways';
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

const counts = () => gateways.simulator.counts;
const patient = { refreshWaitMs: 60_000, tokenEndpointMs: 60_000 };
/** Longer than any lease of these suites and the pause after it. */
const longMs = 3_600_000;
/** Between the time of Redis as a process reckons it and ours. */
const clockErrorMs = 250;

/** A login that is over appears while a process serves whose refresh ends it. @returns the login. */
async function killedAt(step: string): Promise<Login> {
  const gateway = await started({ times: patient, env: { CODEX_GATEWAY_FAIL_AT: step } });
  return killedBy(gateway);
}

async function killedBy(gateway: Served): Promise<Login> {
  const login = gateways.login(path, { expiresInSeconds: -10 });
  gateways.poke(gateway);
  await gateway.finished;
  return login;
}

describe('kill -9 of the process that refreshes', () => {
  it.each([
    ['after the claim', 'after-claim', 0],
    ['after the intent, before the token is sent', 'after-intent', 0],
    ['after the pair is in Redis, before the file', 'after-store', 1],
    ['after the file, before anybody is told', 'after-file', 1],
  ])('%s: nothing is sent twice, and a restart has a login', async (_, step, sent) => {
    const login = await killedAt(step);
    expect(counts().refreshAttempts).toBe(sent);
    if (sent === 0) await gateways.age(longMs);
    const restarted = await started({ times: patient });
    expect((await gateways.ask(restarted)).status).toBe(200);
    expect(counts()).toMatchObject({ refreshAttempts: 1, refreshes: 1, reusedTokens: 0 });
    await gateways.expectAgreement(path, login.accountId);
  });

  it('while its lease and the pause after it last, others say so and send nothing; then one does', async () => {
    const login = await killedAt('after-intent');
    const other = await started();
    const early = await gateways.ask(other);
    expect(early.status).toBe(503);
    expect(early.text).toContain('upstream_authentication_error');
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(counts().refreshAttempts).toBe(0);
    await gateways.age(longMs);
    // On a busy machine the lease may have been over before: then the other one keeps to the pause that it was told of.
    await gateways.askUntilOk(await started());
    expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    await gateways.expectAgreement(path, login.accountId);
  });

  it('with its call on the way that the login server never handled: sent once more, and the login lives', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    gateways.simulator.scripts.oauth.next(heldUsual());
    const first = await started({ times: patient });
    const { ended } = await gateways.tokenCall();
    first.signal('SIGKILL');
    expect(await ended).toBe('cancelled');
    await gateways.age(longMs);
    expect((await gateways.ask(await started({ times: patient }))).status).toBe(200);
    expect(counts()).toMatchObject({ refreshAttempts: 2, refreshes: 1, reusedTokens: 0 });
    await gateways.expectAgreement(path, login.accountId);
  });

  it.each([
    ['with its call handled and the answer on the way', 'answer'],
    ['with the answer in its hands, before anything is kept', 'after-reply'],
  ])('%s: sent once more at most, then the login is said to be dead, and a new one heals', async (_, step) => {
    if (step === 'after-reply') await killedAt(step);
    else await killedBeforeTheAnswer();
    await gateways.age(longMs);
    const restarted = await started({ times: patient });
    const refused = await gateways.ask(restarted);
    expect(refused.status).toBe(503);
    expect(refused.text).toContain('codex login');
    await gateways.ask(restarted);
    expect(counts()).toMatchObject({ refreshAttempts: 2, refreshes: 1, reusedTokens: 1 });
    const login = gateways.login(path);
    await gateways.askUntilOk(restarted);
    expect(counts().refreshAttempts).toBe(2);
    await gateways.expectAgreement(path, login.accountId);
  });

  async function killedBeforeTheAnswer(): Promise<void> {
    gateways.login(path, { expiresInSeconds: -10 });
    gateways.simulator.scripts.oauth.next(usualChanged(held));
    const first = await started({ times: patient });
    await eventually('the login server has handled the call', () => counts().refreshes === 1);
    first.signal('SIGKILL');
    await first.finished;
  }

  it.each(['after-store', 'after-file'])(
    '%s, without Redis: the journal has the pair, and the restart puts it into the file',
    async (step) => {
      const journal = { STATE_DIR: `${path}.state` };
      const env = { ...journal, CODEX_GATEWAY_FAIL_AT: step };
      const first = await gateways.startWithoutRedis({ authFile: path, times: patient, env });
      const login = await killedBy(first);
      const restarted = await gateways.startWithoutRedis({ authFile: path, times: patient, env: journal });
      expect((await gateways.ask(restarted)).status).toBe(200);
      expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
      const current = gateways.simulator.tokens.current(login.accountId);
      await eventually('the file has the pair', () => gateways.fileTokens(path).refresh === current?.refreshToken);
    },
  );
});

describe('the holder of the lease, stopped and continued', () => {
  /** A login that is over appears while a process serves whose refresh stops it. */
  async function stoppedAt(step: string, times = {}): Promise<{ readonly sleeper: Served; readonly login: Login }> {
    const env = { CODEX_GATEWAY_FAIL_AT: `${step}:SIGSTOP` };
    const sleeper = await started({ times: { ...patient, ...times }, env });
    const login = gateways.login(path, { expiresInSeconds: -10 });
    gateways.poke(sleeper);
    await stopped(sleeper);
    return { sleeper, login };
  }

  it('past its lease, before it sends: another one sends, the sleeper does not', async () => {
    const { sleeper, login } = await stoppedAt('after-intent', { tokenEndpointMs: 1_000, refreshLeaseMs: 3_000 });
    // The pause after the lease is a minute; here it ends with the lease.
    await gateways.age(uncertainGraceMs, ['intentUntilMs']);
    const leasedUntilMs = (await gateways.stored(path)).record.leaseUntilMs;
    const sentAtMs = gateways.tokenCall().then(() => Date.now());
    const other = await started();
    await gateways.askUntilOk(other);
    expect(await sentAtMs).toBeGreaterThanOrEqual(leasedUntilMs - clockErrorMs);
    expect(counts().refreshAttempts).toBe(1);
    sleeper.signal('SIGCONT');
    await gateways.askUntilOk(sleeper);
    expect((await gateways.accounts(sleeper))[0]).toMatchObject({ generation: 2, state: 'ok' });
    expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    expect((await gateways.stored(path)).record.generation).toBe(2);
    await gateways.expectAgreement(path, login.accountId);
  });

  it('past its lease, with its call handled: its answer still counts when it wakes', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    gateways.simulator.scripts.oauth.next(usualChanged(held));
    const sleeper = await started({ times: patient });
    await eventually('the login server has handled the call', () => counts().refreshes === 1);
    sleeper.signal('SIGSTOP');
    await stopped(sleeper);
    gateways.simulator.release();
    await gateways.age(longMs);
    const other = await started({ times: patient });
    expect((await gateways.ask(other)).status).toBe(503);
    expect(counts()).toMatchObject({ refreshAttempts: 2, reusedTokens: 1 });
    sleeper.signal('SIGCONT');
    await gateways.askUntilOk(sleeper);
    await gateways.askUntilOk(other);
    expect(counts().refreshAttempts).toBe(2);
    await gateways.expectAgreement(path, login.accountId);
  });

  it('between Redis and file, while another one rotates again: it writes nothing stale', async () => {
    gateways.simulator.tokens.accessTokenSeconds = 3;
    const { sleeper, login } = await stoppedAt('after-store');
    gateways.simulator.tokens.accessTokenSeconds = 864_000;
    const other = await started({ times: patient });
    await eventually('the other one has rotated it again', async () => {
      await gateways.ask(other);
      return (await gateways.stored(path)).record.generation === 3;
    });
    await gateways.expectAgreement(path, login.accountId);
    sleeper.signal('SIGCONT');
    await gateways.askUntilOk(sleeper);
    await eventually('the sleeper knows', async () => (await gateways.accounts(sleeper))[0]?.generation === 3);
    await gateways.expectAgreement(path, login.accountId);
    expect(counts()).toMatchObject({ refreshAttempts: 2, reusedTokens: 0 });
  });
});
