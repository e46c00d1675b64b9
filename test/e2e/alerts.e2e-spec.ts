import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningGateway, startGateway } from '../../src/gateway';
import { noLimits } from '../../src/kernel/limits';
import { openPolicy, type Principal } from '../../src/kernel/principal';
import { type LimitState } from '../../src/metering/meter';
import { AlertCenter } from '../../src/reports/alerts/alert-center';
import { type Simulator, startSimulator } from '../simulator/simulator';
import { AlertReceiver, isSigned } from '../support/alert-receiver';
import { settingsOf, testKey } from '../support/gateway';
import { describeWithRedis, RedisServer } from '../support/redis-server';

const secret = 'whsec-of-the-suite';
const holder: Principal = {
  kind: 'virtual',
  role: 'internal_user',
  keyHash: 'ab12',
  keyAlias: 'ci-bot',
  policy: openPolicy,
  scopes: [{ kind: 'key', id: 'ab12', limits: noLimits, mode: 'enforce' }],
  modelScopes: new Map(),
};
const budget: LimitState = {
  scope: 'key',
  scopeId: 'ab12',
  name: 'ci-<!channel>',
  limit: 'nano_usd',
  period: '30d',
  max: 10e9,
  used: 9.6e9,
  resetAtMs: Math.ceil(Date.now() / 1_000) * 1_000 + 3_600_000,
};

let simulator: Simulator;
let folder: string;
let receiver: AlertReceiver;
let running: RunningGateway[];

beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(async () => {
  await simulator.close();
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'alerts-e2e-'));
  simulator.makeAuthFile(folder, { fileName: 'auth.json' });
  receiver = new AlertReceiver();
  await receiver.start();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map(({ stop }) => stop()));
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function gateway(env: Readonly<Record<string, string>> = {}, config?: string): Promise<AlertCenter> {
  const alerts = { WEBHOOK_URL: `${receiver.url}/hook`, WEBHOOK_SIGNING_SECRET: secret, ...env };
  const started = await startGateway(
    settingsOf(simulator, folder, { env: alerts, ...(config === undefined ? {} : { config }) }),
  );
  running.push(started);
  return started.app.get(AlertCenter);
}

const until = async (isDone: () => boolean): Promise<void> => {
  for (let tries = 0; !isDone(); tries += 1) {
    if (tries > 500) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('a running gateway', () => {
  it('tells webhook and Slack once that a budget is nearly used, and again when it is crossed', async () => {
    const center = await gateway({ SLACK_WEBHOOK_URL: `${receiver.url}/slack` });
    for (let call = 0; call < 3; call += 1) center.sawLimits(holder, [budget]);
    await receiver.until(2);
    center.sawLimits(holder, [{ ...budget, used: 10.2e9 }]);
    center.sawLimits(holder, [budget]);
    await receiver.until(4);
    await until(() => center.counts.sent === 4);

    const hooks = receiver.received.filter(({ path }) => path === '/hook');
    expect(hooks.map(({ json }) => json['event'])).toEqual(['threshold_crossed', 'budget_crossed']);
    expect(hooks.every((alert) => isSigned(alert, secret))).toBe(true);
    expect(hooks[1]?.json).toMatchObject({ spend: 10.2, max_budget: 10, token: 'ab12', key_alias: 'ci-bot' });
    const slack = receiver.received.filter(({ path }) => path === '/slack');
    expect(slack[0]?.json['text']).toMatch(/^:warning: 95 % of the budget used: Key ci-&lt;!channel&gt; has used/);
    expect(slack.every(({ headers }) => headers['x-codex-gateway-signature'] === undefined)).toBe(true);
  });

  it('tells of new keys and users, and of customers’ spend only where somebody asked for it', async () => {
    const center = await gateway(
      {},
      'general_settings:\n  alerting: ["webhook"]\n  alert_types: ["new_virtual_key_created", "new_internal_user_created"]\n',
    );
    center.sawLimits(holder, [budget]);
    center.sawSpend('acme', 5);
    center.keyCreated({ keyHash: 'cd34', keyAlias: 'new-one', teamId: 'core', maxBudgetNanos: 5e9 });
    center.internalUserCreated({ userId: 'u1', userEmail: 'eve@example.com' });
    await until(() => center.counts.sent === 2);

    expect(receiver.received.map(({ json }) => json)).toEqual([
      expect.objectContaining({
        event: 'key_created',
        event_group: 'key',
        token: 'cd34',
        key_alias: 'new-one',
        team_id: 'core',
        max_budget: 5,
      }),
      expect.objectContaining({ event: 'internal_user_created', user_id: 'u1', user_email: 'eve@example.com' }),
    ]);
  });

  it('tells of a key that was made, and of its budget as soon as a request finds no room in it', async () => {
    await gateway();
    const url = running[0]?.url ?? '';
    const post = async (path: string, key: string, body: object): Promise<Response> =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const made = await post('/key/generate', testKey, {
      key_alias: 'tiny',
      max_budget: 0.000_01,
      budget_duration: '30d',
    });
    const { key, token } = (await made.json()) as { key: string; token: string };
    const question = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'Ping!' }] };
    const statuses: number[] = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await post('/v1/chat/completions', key, question)).status);
    // The first is given what is left of the budget.
    expect(statuses).toEqual([200, 429, 429]);
    await receiver.until(2);

    expect(receiver.received.map(({ json }) => [json['event'], json['token'], json['key_alias']])).toEqual([
      ['key_created', token, 'tiny'],
      ['budget_crossed', token, 'tiny'],
    ]);
    expect(receiver.received.every(({ text }) => !text.includes(key))).toBe(true);
  });

  it('tells that a customer has reached its soft budget, of its own or under a name', async () => {
    await gateway();
    const url = running[0]?.url ?? '';
    const post = async (path: string, body: object): Promise<number> => {
      const headers = { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' };
      const { status } = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return status;
    };
    expect(await post('/customer/new', { user_id: 'own', soft_budget: 0.000_01, max_budget: 1 })).toBe(200);
    expect(await post('/budget/new', { budget_id: 'warned', soft_budget: 0.000_02 })).toBe(200);
    expect(await post('/customer/new', { user_id: 'named', budget_id: 'warned' })).toBe(200);
    const question = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'Ping!' }] };
    for (const user of ['own', 'named']) expect(await post('/v1/chat/completions', { ...question, user })).toBe(200);
    await receiver.until(2, 5_000);

    const told = receiver.received.map(({ json }) => [json['event'], json['customer_id'], json['max_budget']]);
    expect(told.sort()).toEqual([
      ['soft_budget_crossed', 'named', 0.000_02],
      ['soft_budget_crossed', 'own', 0.000_01],
    ]);
  });

  it('tells of customers’ spend in sums, at the latest when it ends', async () => {
    const center = await gateway({}, 'general_settings:\n  alert_types: ["spend_tracked"]\n');
    center.sawSpend('acme', 1_500_000_000);
    center.sawSpend('acme', 500_000_000);
    center.sawSpend('other', 0);
    await running.pop()?.stop();
    // What was still on its way at the end is told by the next start.
    await gateway({}, 'general_settings:\n  alert_types: ["spend_tracked"]\n');
    await receiver.until(1);

    expect(receiver.received[0]?.json).toMatchObject({
      event: 'spend_tracked',
      event_group: 'customer',
      customer_id: 'acme',
      spend: 2,
    });
  });

  it('takes no time of a request, whatever its receiver does', async () => {
    receiver.answers.push(...Array<'never'>(50).fill('never'));
    const center = await gateway();
    const many = Array.from({ length: 16 }, (_, at) => ({ ...budget, scopeId: `k${at}` }));
    center.sawLimits(holder, many);
    const startMs = performance.now();
    for (let call = 0; call < 1_000; call += 1) center.sawLimits(holder, many);
    const eachMs = (performance.now() - startMs) / 1_000;

    // Sixteen budgets near their end, all of them told: the worst that a request meets again and again.
    expect(eachMs).toBeLessThan(5);
  });

  it('delivers after a restart what its receiver did not take, and repeats nothing', async () => {
    const center = await gateway();
    center.sawLimits(holder, [{ ...budget, scopeId: 'told' }]);
    await until(() => center.counts.sent === 1);
    await receiver.stop();
    center.sawLimits(holder, [{ ...budget, scopeId: 'untold' }]);
    await running.pop()?.stop();
    await receiver.start();
    const again = await gateway();
    again.sawLimits(holder, [
      { ...budget, scopeId: 'told' },
      { ...budget, scopeId: 'untold' },
      { ...budget, scopeId: 'fresh', name: 'fresh' },
    ]);
    await until(() => again.counts.sent === 2);

    expect(receiver.received).toHaveLength(3);
    expect(receiver.received.filter(({ text }) => text.includes('fresh'))).toHaveLength(1);
  });

  it('refuses addresses that are none, and says what is missing', () => {
    expect(() => settingsOf(simulator, folder, { env: { WEBHOOK_URL: 'hooks.example' } })).toThrow(
      /environment WEBHOOK_URL/,
    );
    const config = 'general_settings:\n  alerting: ["slack", "email"]\n';
    const { warnings, alerts } = settingsOf(simulator, folder, { config });
    expect(alerts.targets).toEqual([]);
    expect(warnings.join('\n')).toMatch(/slack needs SLACK_WEBHOOK_URL[\s\S]*email is not served here/);
  });
});

describeWithRedis('two replicas with one Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.close();
  });

  it('tell a budget once between them', async () => {
    const env = {
      REDIS_URL: redis.url,
      GATEWAY_SALT_KEY: 'salt-key-of-thirty-two-characters!',
      REDIS_KEY_PREFIX: 'alerts:',
    };
    const [left, right] = [await gateway(env), await gateway(env)];
    for (let round = 0; round < 3; round += 1) {
      left.sawLimits(holder, [budget]);
      right.sawLimits(holder, [budget]);
    }
    left.sawRefusal(holder, { ...budget, scopeId: 'l', name: 'left' });
    right.sawRefusal(holder, { ...budget, scopeId: 'r', name: 'right' });
    await until(() => left.counts.sent + right.counts.sent === 3);

    const messages = receiver.received.map(({ json }) => String(json['event_message']));
    expect(messages.filter((message) => message.startsWith('95 %'))).toHaveLength(1);
    expect(messages.filter((message) => message.startsWith('Budget crossed'))).toHaveLength(2);
  });
});
