import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { heldUsual } from '../simulator/answer';

const chat = '/v1/chat/completions';
let bench: TestBench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(async () => {
  await bench.close();
});

describe('probes', () => {
  it('answer without a key, in LiteLLM’s shapes', async () => {
    const anonymous = { headers: { authorization: '' } };
    for (const path of ['/health/liveliness', '/health/liveness']) {
      expect(await send(bench, path, anonymous)).toMatchObject({ status: 200, json: "I'm alive!" });
    }
    const ready = await send(bench, '/health/readiness', anonymous);
    expect(ready).toMatchObject({ status: 200, json: { status: 'healthy', db: 'Not connected' } });
    expect((await send(bench, '/health', anonymous)).status).toBe(401);
    expect((await send(bench, '/health')).json).toMatchObject({ healthy_count: 1, unhealthy_count: 0 });
  });

  it('count what is running', async () => {
    bench.simulator.script.next(heldUsual());
    const answer = post(bench, chat, chatBody());
    await bench.simulator.waitForRequest(({ path }) => path.endsWith('/responses'));
    expect((await send(bench, '/health/readiness')).json).toMatchObject({ in_flight_requests: 1 });
    bench.simulator.release();
    expect((await answer).status).toBe(200);
  });
});

describe('metrics', () => {
  it('know calls under LiteLLM’s names and labels, and unknown models as other', async () => {
    await post(bench, chat, chatBody());
    await post(bench, chat, chatBody({ stream: true }));
    await post(bench, chat, chatBody({ model: 'gpt-made-up-by-a-client' }));
    const { status, headers, text } = await send(bench, '/metrics', { headers: { authorization: '' } });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    const line = (name: string, ...parts: string[]): string | undefined =>
      text.split('\n').find((each) => each.startsWith(`${name}{`) && parts.every((part) => each.includes(part)));
    expect(
      line(
        'litellm_proxy_total_requests_metric_total',
        'requested_model="gpt-5.5"',
        'status_code="200"',
        'route="/v1/chat/completions"',
        'api_key_alias="master"',
      ),
    ).toMatch(/ [1-9]\d*$/);
    expect(
      line('litellm_proxy_failed_requests_metric_total', 'requested_model="other"', 'exception_status="404"'),
    ).toMatch(/ 1$/);
    expect(line('litellm_requests_metric_total', 'model="gpt-5.5"')).toMatch(/ [1-9]/);
    expect(line('litellm_total_tokens_metric_total', 'model="gpt-5.5"')).toMatch(/ [1-9]/);
    expect(line('litellm_deployment_success_responses_total', 'litellm_model_name="gpt-5.5"')).toMatch(/ [1-9]/);
    expect(line('litellm_request_total_latency_metric_bucket', 'le="+Inf"')).toMatch(/ [1-9]/);
    expect(text).toMatch(/^litellm_in_flight_requests 0$/m);
    expect(text).not.toContain('made-up');
    expect(text).not.toContain(bench.key);
    expect((await send(bench, '/metrics/', { headers: { authorization: '' } })).status).toBe(200);
  });
});

interface Documented {
  readonly paths: Readonly<Record<string, { readonly post?: { readonly responses: object } }>>;
}

describe('the API reference', () => {
  it('lists every door as OpenAPI and as a page without scripts', async () => {
    const document = await send(bench, '/openapi.json', { headers: { authorization: '' } });
    const paths = Object.keys((document.json as { paths: Record<string, unknown> }).paths);
    for (const path of [chat, '/v1/responses', '/v1/models', '/backend-api/codex/responses'])
      expect(paths).toContain(path);
    for (const path of ['/health', '/health/liveliness', '/health/liveness', '/health/readiness', '/metrics'])
      expect(document.json).toHaveProperty(['paths', path, 'get', 'summary'], expect.stringMatching(/^\S.{20,}/));
    const post = (path: string): readonly string[] => ['paths', path, 'post'];
    for (const path of [chat, '/v1/responses', '/backend-api/codex/responses']) {
      expect(document.json).toHaveProperty([...post(path), 'requestBody']);
      expect(Object.keys((document.json as Documented).paths[path]?.post?.responses ?? {})).toEqual(['200', 'default']);
    }
    const made = [...post('/key/generate'), 'requestBody', 'content', 'application/json', 'schema', 'properties'];
    expect(document.json).toHaveProperty([...made, 'max_budget', 'type'], 'number');
    expect(document.json).toHaveProperty([...made, 'rpm_limit', 'type'], 'integer');
    const page = await send(bench, '/docs', { headers: { authorization: '' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.text).toContain('/v1/chat/completions');
    expect(page.text).not.toContain('<script');
    expect((await send(bench, '/docs/', { headers: { authorization: '' } })).text).toBe(page.text);
  });
});

describe('POST /utils/transform_request', () => {
  it('shows the upstream request without sending it and without secrets', async () => {
    const before = bench.simulator.counts.responses;
    const answer = await post(bench, '/utils/transform_request', {
      call_type: 'completion',
      request_body: chatBody({ temperature: 1 }),
    });
    expect(answer.json).toMatchObject({
      raw_request_api_base: `${bench.simulator.codexUrl}/responses`,
      raw_request_body: { model: 'gpt-5.5', store: false, stream: true },
      error: null,
    });
    expect(answer.text).not.toMatch(/eyJ|sk-/);
    expect(bench.simulator.counts.responses).toBe(before);
  });

  it('shows what the key may ask for, and everything that the real call leaves out', async () => {
    const policy = { codex_mode: false, max_reasoning_effort: 'low', service_tier: 'priority' };
    const { key } = (await post(bench, '/key/generate', policy)).json as { key: string };
    const asked = chatBody({ temperature: 1, max_tokens: 5, reasoning_effort: 'high', service_tier: 'flex' });
    const call = { call_type: 'completion', request_body: asked };
    const shown = (await post({ ...bench, key }, '/utils/transform_request', call)).json as Record<string, unknown>;
    const real = await post({ ...bench, key }, chat, asked);
    const sent = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'))?.body;
    expect(shown['raw_request_body']).toEqual(sent);
    expect(sent).toMatchObject({ reasoning: { effort: 'low' } });
    expect(shown['instructions_sha256']).toBeNull();
    expect(String(shown['dropped_params'])).toBe(real.headers.get('x-codex-gateway-dropped-params'));
  });

  it('refuses what the real call would refuse', async () => {
    expect((await post(bench, '/utils/transform_request', { call_type: 'dance' })).json).toMatchObject({
      error: { code: '400', param: 'call_type' },
    });
    const list = await post(bench, '/utils/transform_request', []);
    expect(list.json).toMatchObject({ error: { param: 'body', message: expect.stringContaining("'body'") as string } });
    const unknown = await post(bench, '/utils/transform_request', {
      call_type: 'responses',
      request_body: { model: 'gpt-0', input: 'x' },
    });
    expect(unknown.status).toBe(404);
  });
});

describe('every answer', () => {
  it('names its request, and echoes a harmless call id of the client', async () => {
    const answer = await post(bench, chat, chatBody(), { 'x-litellm-call-id': 'call-of-mine-1' });
    expect(answer.headers.get('x-litellm-call-id')).toBe('call-of-mine-1');
    const other = await post(bench, chat, chatBody());
    expect(other.headers.get('x-request-id')).not.toBe(answer.headers.get('x-request-id'));
  });

  it('is found under the other spellings of its route', async () => {
    for (const path of ['/chat/completions', '/openai/deployments/gpt-5.5/chat/completions?api-version=2024-06-01']) {
      expect((await post(bench, path, chatBody())).status).toBe(200);
    }
    expect((await post(bench, '/responses', { model: 'gpt-5.5', input: 'Hi' })).status).toBe(200);
  });

  it('accepts the key in every header, ours beside a ChatGPT token', async () => {
    for (const name of ['x-api-key', 'API-Key', 'x-litellm-api-key']) {
      const headers = { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.x', [name]: bench.key };
      expect((await post(bench, chat, chatBody(), headers)).status).toBe(200);
    }
  });
});

it('a route of OpenAI that is not served says why, in the envelope, and answers are not stored', async () => {
  const embeddings = await post(bench, '/v1/embeddings?secret=x', { model: 'gpt-5.5', input: 'Hi' });
  expect(embeddings.status).toBe(404);
  expect(embeddings.json).toMatchObject({
    error: {
      type: 'invalid_request_error',
      message:
        'Unknown route: POST /v1/embeddings. There are no embeddings here: the upstream answers conversations only. Ask another gateway for them. GET /openapi.json lists the routes.',
    },
  });
  expect((await send(bench, '/v1/responses/resp_1')).text).toContain('Answers are not stored');
});
