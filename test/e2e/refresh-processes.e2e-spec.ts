import { heldUsual } from '../simulator/answer';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { eventually, type GatewayOptions, LoginGateways } from '../support/login-gateways';
import { type Served } from '../support/program';
import { describeWithOneNode } from '../support/redis-server';

/** Four processes start on a machine that has other things to do. */
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

describe('four gateway processes on one Redis and one login file', () => {
  it('refresh once for 400 requests at the second of expiry, and file and Redis agree', async () => {
    const { oauth } = gateways.simulator.scripts;
    const login = gateways.login(path, { expiresInSeconds: 6 });
    oauth.next(heldUsual());
    const four = await Promise.all([1, 2, 3, 4].map(() => started({ times: patient })));
    await gateways.tokenCall();
    const leftMs = login.expiresAt * 1_000 - Date.now() - 100;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
    const asked = four.flatMap((each) => Array.from({ length: 100 }, () => gateways.ask(each)));
    await eventually('the token is over', () => Date.now() > login.expiresAt * 1_000);
    expect(gateways.simulator.held).toBe(1);
    gateways.simulator.release();
    const statuses = new Set((await Promise.all(asked)).map(({ status }) => status));
    expect(statuses).toEqual(new Set([200]));
    expect(counts()).toMatchObject({ refreshAttempts: 1, refreshes: 1, unauthorized: 0 });
    const renewed = gateways.simulator.tokens.current(login.accountId);
    expect(new Set(gateways.bearers())).toEqual(new Set([renewed?.accessToken]));
    expect(gateways.bearers()).toHaveLength(400);
    await gateways.expectAgreement(path, login.accountId);
    for (const each of four) {
      await eventually('every process has generation 2', async () => {
        return (await gateways.accounts(each))[0]?.generation === 2;
      });
    }
  });

  it('whose clocks differ by ten minutes refresh once and trust the token for its whole life', async () => {
    const ahead = ['-300000', '0', '300000', '0'];
    const four = await Promise.all(
      ahead.map((CODEX_GATEWAY_CLOCK_AHEAD_MS) => {
        return started({ authFile: path, times: patient, env: { CODEX_GATEWAY_CLOCK_AHEAD_MS } });
      }),
    );
    const login = gateways.login(path, { expiresInSeconds: -10 });
    const asked = four.flatMap((each) => Array.from({ length: 10 }, () => gateways.ask(each)));
    expect(new Set((await Promise.all(asked)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(counts()).toMatchObject({ refreshAttempts: 1, unauthorized: 0 });
    await gateways.expectAgreement(path, login.accountId);
    for (const each of four) {
      const account = (await gateways.accounts(each))[0];
      expect(account).toMatchObject({ state: 'ok', generation: 2 });
    }
  });
});

describe('one gateway process without Redis whose clock is wrong', () => {
  it.each([
    ['five minutes behind takes a token that is over for good, hears 401, refreshes once and answers', '-300000'],
    ['five minutes ahead refreshes once, and does not take the new token for expired', '300000'],
  ])('%s', async (_, CODEX_GATEWAY_CLOCK_AHEAD_MS) => {
    const login = gateways.login(path, { expiresInSeconds: CODEX_GATEWAY_CLOCK_AHEAD_MS.startsWith('-') ? -200 : 200 });
    gateways.simulator.tokens.accessTokenSeconds = 1_200;
    const STATE_DIR = `${path}.state`;
    const gateway = await gateways.startWithoutRedis({
      authFile: path,
      times: patient,
      env: { STATE_DIR, CODEX_GATEWAY_CLOCK_AHEAD_MS },
    });
    for (let n = 0; n < 3; n += 1) expect((await gateways.ask(gateway)).status).toBe(200);
    expect(counts()).toMatchObject({ refreshAttempts: 1, refreshes: 1 });
    expect(gateways.fileTokens(path).refresh).toBe(gateways.simulator.tokens.current(login.accountId)?.refreshToken);
  });
});

describe('a second program that uses the same login', () => {
  it('and writes the file while our call is under way: its login is adopted and the client sees nothing', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    gateways.simulator.scripts.oauth.next(heldUsual());
    const gateway = await started({ times: patient });
    const asked = gateways.ask(gateway);
    await gateways.tokenCall();
    const rotated = gateways.simulator.tokens.refresh(login.refreshToken);
    if (rotated.kind !== 'rotated') throw new Error(rotated.kind);
    gateways.writeLogin(path, rotated.login);
    gateways.simulator.release();
    expect((await asked).status).toBe(200);
    expect(gateways.bearers()).toEqual([rotated.login.accessToken]);
    expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 1 });
    await gateways.expectAgreement(path, login.accountId);
  });

  it('and keeps the new pair to itself is named, costs one call, and is forgiven when it writes the file', async () => {
    const login = gateways.login(path, { expiresInSeconds: -10 });
    const rotated = await tokenCallOfAnotherProgram(login.refreshToken);
    const two = await Promise.all([started({ times: patient }), started({ times: patient })]);
    for (const each of two) {
      const { status, text } = await gateways.ask(each);
      expect(status).toBe(503);
      expect(text).toContain('another program');
      expect((await gateways.accounts(each))[0]).toMatchObject({ state: 'quarantined' });
    }
    expect(counts()).toMatchObject({ refreshAttempts: 2, reusedTokens: 1 });
    const current = gateways.simulator.tokens.current(login.accountId);
    expect(current?.accessToken).toBe(rotated);
    if (current !== undefined) gateways.writeLogin(path, current);
    await Promise.all(two.map((each) => gateways.askUntilOk(each)));
    expect(counts().refreshAttempts).toBe(2);
    await gateways.expectAgreement(path, login.accountId);
  });
});

/** @returns the access token it got. */
async function tokenCallOfAnotherProgram(refresh_token: string): Promise<string> {
  const response = await fetch(gateways.simulator.tokenUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'another-program', grant_type: 'refresh_token', refresh_token }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

/** The way to Redis of one process, which a test can cut. */
class RedisProxy {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private readonly server: Server;

  constructor(port: number) {
    this.server = createServer((near) => {
      if (this.isCut) {
        near.destroy();
        return;
      }
      const far = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => other.destroy()).on('close', () => other.destroy());
        one.pipe(other);
      }
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    return `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

describeWithOneNode('Redis cut off between claim and store', () => {
  it('costs neither login nor answer: the pair is used, written to the file, and in Redis when it is back', async () => {
    const proxy = new RedisProxy(gateways.redis.port);
    const { port } = new URL(await proxy.listen());
    const REDIS_URL = gateways.redis.url.replace(/:\d+$/, `:${port}`);
    try {
      const login = gateways.login(path, { expiresInSeconds: -10 });
      gateways.simulator.scripts.oauth.next(heldUsual());
      const cut = await started({ times: patient, env: { REDIS_URL } });
      const asked = gateways.ask(cut);
      await gateways.tokenCall();
      proxy.cut();
      gateways.simulator.release();
      expect((await asked).status).toBe(200);
      const renewed = gateways.simulator.tokens.current(login.accountId);
      expect(gateways.fileTokens(path).refresh).toBe(renewed?.refreshToken);
      expect((await gateways.stored(path)).record.generation).toBe(1);
      proxy.mend();
      await eventually('Redis has the pair', async () => {
        await gateways.ask(cut);
        return (await gateways.stored(path)).record.generation === 2;
      });
      await gateways.expectAgreement(path, login.accountId);
      expect((await gateways.ask(await started({ times: patient }))).status).toBe(200);
      expect(new Set(gateways.bearers())).toEqual(new Set([renewed?.accessToken]));
      expect(counts()).toMatchObject({ refreshAttempts: 1, reusedTokens: 0 });
    } finally {
      proxy.close();
    }
  });
});
