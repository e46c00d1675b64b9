import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { readExposition } from '../../../test/support/expositions';
import { MovedClock } from '../../../test/support/moved-clock';
import { requestRecord } from '../../../test/support/sample-events';
import { settingsFor } from '../../../test/support/settings-for';
import { defaultObservability } from '../../config/observability-settings';
import { UndiciOutbound } from '../../outbound/undici-outbound';
import { GatewayMetrics } from '../../telemetry/gateway-metrics';
import { WebhookCallback, type WebhookLimits } from './webhook-callback';

interface Delivery {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const deliveries: Delivery[] = [];
let answer: (index: number) => number | 'hang' = () => 200;
let wake: (() => void) | undefined;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const status = answer(deliveries.length);
    deliveries.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    if (status !== 'hang') response.writeHead(status).end();
    wake?.();
  });
});
let url = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?sig=in-the-url`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  deliveries.length = 0;
  answer = () => 200;
  for (const close of closers.splice(0)) await close();
});

const quick: WebhookLimits = { mostWaiting: 5, mostInBatch: 3, gatherMs: 5, timeoutMs: 10_000, retryMs: [1, 1] };

function callback(limits: Partial<WebhookLimits> = {}, webhook: 'all' | 'success' | 'failure' = 'all') {
  const callbacks = { webhook, webhookUrl: url, signingSecret: 'whsec-planted-secret' };
  const observability = { ...defaultObservability, callbacks };
  const outbound = new UndiciOutbound(settingsFor('http://127.0.0.1:9', { rest: { observability } }));
  const metrics = new GatewayMetrics();
  const parts = { outbound, metrics, clock: new MovedClock(), limits: { ...quick, ...limits } };
  const made = new WebhookCallback(callbacks, parts);
  closers.push(() => outbound.close());
  const counted = async (): Promise<Record<string, number>> => {
    const { series } = readExposition((await metrics.exposition()).text);
    const own = series.filter(({ name }) => name === 'codex_callback_events_total');
    return Object.fromEntries(own.map(({ labels, value }) => [labels['outcome'] ?? '', value] as const));
  };
  return { made, counted, metrics };
}

async function received(count: number): Promise<void> {
  while (deliveries.length < count) await new Promise<void>((resolve) => (wake = resolve));
}

interface Told {
  readonly type: string;
  readonly events: readonly Record<string, unknown>[];
}
const bodies = (): readonly Told[] => deliveries.map(({ body }) => JSON.parse(body) as Told);

describe('the webhook callback', () => {
  it('posts finished requests in batches, signed so that the receiver can check them', async () => {
    const { made, counted } = callback();
    for (const requestId of ['a', 'b', 'c', 'd']) made.hear(requestRecord({ requestId }));
    await received(2);
    await made.close();
    expect(bodies().map(({ type, events }) => [type, ...events.map(({ id }) => id)])).toEqual([
      ['requests', 'a', 'b', 'c'],
      ['requests', 'd'],
    ]);
    for (const { headers, body } of deliveries) {
      const [, t, v1] = /^t=(\d+),v1=([\da-f]{64})$/.exec(String(headers['x-codex-gateway-signature'])) ?? [];
      expect(v1).toBe(createHmac('sha256', 'whsec-planted-secret').update(`${t}.${body}`).digest('hex'));
      expect(body).not.toContain('whsec');
    }
    expect(await counted()).toEqual({ sent: 4 });
  });

  it("tells under LiteLLM's names who asked for what, what it used and how it ended, and no address", async () => {
    const { made } = callback();
    made.hear(requestRecord({ tags: ['prod'], traceId: 'ab'.repeat(16) }));
    await made.close();
    const [event] = bodies()[0]?.events ?? [];
    expect(event).toMatchObject({
      call_type: 'acompletion',
      status: 'success',
      end: 'completed',
      model: 'gpt-5.5',
      model_group: 'team-fast',
      prompt_tokens: 900,
      completion_tokens: 120,
      response_cost: 0.0024,
      response_time: 2.1,
      request_tags: ['prod'],
      metadata: { user_api_key_alias: 'ann-key', user_api_key_team_id: 'team-ann' },
    });
    expect(JSON.stringify(event)).not.toMatch(/203\.0\.113|@example/);
  });

  it.each([
    ['success', ['ok']],
    ['failure', ['bad']],
  ] as const)('hears of %s only, when that is asked for', async (webhook, heard) => {
    const { made } = callback({}, webhook);
    made.hear(requestRecord({ requestId: 'ok' }));
    made.hear(requestRecord({ requestId: 'bad', errorCode: 'server_error', status: 502, end: 'failed' }));
    await made.close();
    expect(bodies().flatMap(({ events }) => events.map(({ id }) => id))).toEqual(heard);
  });

  it('tries again what was not taken, then gives up and counts it', async () => {
    answer = (index) => (index === 0 ? 500 : index === 1 ? 'hang' : index === 2 ? 204 : 503);
    const { made, counted, metrics } = callback({ timeoutMs: 1_000 });
    made.hear(requestRecord({ requestId: 'kept' }));
    await received(3);
    made.hear(requestRecord({ requestId: 'lost' }));
    await received(6);
    await made.close();
    expect(bodies().map(({ events }) => events[0]?.['id'])).toEqual(['kept', 'kept', 'kept', 'lost', 'lost', 'lost']);
    expect(await counted()).toEqual({ sent: 1, failed: 1 });
    const { text } = await metrics.exposition();
    expect(text).toContain('litellm_callback_logging_failures_metric_total{callback_name="webhook"} 1');
  });

  it('drops what finds no room, counts it, and never makes a request wait', async () => {
    answer = () => 'hang';
    const { made, counted } = callback({ mostInBatch: 1, timeoutMs: 60_000 });
    for (let index = 0; index < 9; index += 1) made.hear(requestRecord({ requestId: `r${index}` }));
    await received(1);
    expect(await counted()).toEqual({ dropped: 3 });
  });
});
