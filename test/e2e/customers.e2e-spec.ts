import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench, testKey } from '../support/gateway';
import { heldAnswer } from '../support/held-stream';
import { eventually } from '../support/login-gateways';

const config = (general: string): string => `
general_settings:
${general.replace(/^/gm, '  ')}
litellm_settings: {enable_end_user_cost_tracking_prometheus_only: true}
`;

/** The row of the spend log, once it is there. */
async function loggedRow(bench: TestBench, requestId: string): Promise<Record<string, unknown>> {
  let row: Record<string, unknown> | undefined;
  await eventually('the row is there', async () => {
    const { json } = await send(bench, `/spend/logs?request_id=${requestId}`);
    row = (json as readonly Record<string, unknown>[])[0];
    return row !== undefined;
  });
  return row ?? {};
}

describe('headers that name the customer', () => {
  let bench: TestBench;

  beforeAll(async () => {
    bench = await startBench({
      config: config(`
user_header_name: X-Old-Name
user_header_mappings:
  - {header_name: X-OpenWebUI-User-Email, litellm_user_role: customer}
  - {header_name: X-OpenWebUI-User-Id, litellm_user_role: internal_user}`),
    });
  });
  afterAll(async () => {
    await bench.close();
  });

  it.each([
    [{ 'x-openwebui-user-email': 'ann@example.com', 'x-old-name': 'old' }, 'ann@example.com'],
    [{ 'x-old-name': 'old', 'x-openwebui-user-id': '17' }, 'old'],
    [{ 'x-litellm-customer-id': 'first', 'x-old-name': 'old' }, 'first'],
    [{ 'x-openwebui-user-id': '17' }, 'by-the-body'],
  ])('%j: it is %s, in the spend log and in the metrics', async (headers, customer) => {
    const { status, headers: answered } = await post(
      bench,
      '/v1/chat/completions',
      chatBody({ user: 'by-the-body' }),
      headers,
    );
    expect(status).toBe(200);
    expect(await loggedRow(bench, answered.get('x-request-id') ?? '')).toMatchObject({ end_user: customer });
    const { text } = await send(bench, '/metrics');
    expect(text).toMatch(new RegExp(`litellm_proxy_total_requests_metric_total\\{[^}]*end_user="${customer}"`));
  });
});

describe.each(['drain', 'cancel'] as const)('on_client_disconnect: %s', (policy) => {
  let bench: TestBench;

  beforeAll(async () => {
    bench = await startBench({ config: config(`on_client_disconnect: ${policy}`) });
  });
  afterAll(async () => {
    await bench.close();
  });

  it(policy === 'drain' ? 'reads on for the usage' : 'frees the upstream at once', async () => {
    bench.simulator.script.always(heldAnswer());
    const gone = new AbortController();
    const response = await fetch(`${bench.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody({ stream: true })),
      signal: gone.signal,
    });
    const seen = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    gone.abort();
    const requestId = response.headers.get('x-request-id') ?? '';
    if (policy === 'drain') {
      // By the second answer on other connections the end of that one was heard.
      for (let turn = 0; turn < 2; turn += 1) await send(bench, '/health/liveliness');
      bench.simulator.release();
    }
    expect(await seen?.ended).toBe(policy === 'drain' ? 'answered' : 'cancelled');
    const quality = policy === 'drain' ? 'exact' : 'estimated';
    expect(await loggedRow(bench, requestId)).toMatchObject({ metadata: { codex_gateway: { quality } } });
    const { text } = await send(bench, '/metrics');
    expect(text).toContain('codex_stream_ends_total{end="client_gone"} 1');
  });
});
