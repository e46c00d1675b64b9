import * as incubating from '@opentelemetry/semantic-conventions/incubating';
import * as stable from '@opentelemetry/semantic-conventions';
import { attributeNames } from '../../src/telemetry/tracing/span-attributes';
import { faults } from '../simulator/faults';
import { chatBody, post, send } from '../support/calls';
import { startBench, type BenchOptions, type TestBench } from '../support/gateway';
import { eventually } from '../support/login-gateways';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver';

let receiver: OtlpReceiver;
let bench: TestBench | undefined;

beforeEach(async () => {
  receiver = await OtlpReceiver.start();
});
afterEach(async () => {
  await ended();
  await receiver.close();
});

async function started(options: BenchOptions = {}): Promise<TestBench> {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...options.env };
  bench = await startBench({ ...options, env });
  return bench;
}

/** Ending the gateway sends what it has recorded. */
async function ended(): Promise<void> {
  await bench?.close();
  bench = undefined;
}

const traceOf = (answer: { headers: Headers }): string => answer.headers.get('x-codex-gateway-trace-id') ?? 'none';

/** The span of that name. @throws {Error} when there is none. */
function the(spans: readonly ReceivedSpan[], wanted: string): ReceivedSpan {
  const found = spans.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no span ${wanted}`);
  return found;
}

/** The tree of a trace as text: name, indented by its depth. */
function tree(spans: readonly ReceivedSpan[], parent?: ReceivedSpan, depth = 0): string[] {
  const parts = spans.filter(({ parentId }) =>
    parent === undefined ? !spans.some(({ spanId }) => spanId === parentId) : parentId === parent.spanId,
  );
  return parts.flatMap((span) => [`${'  '.repeat(depth)}${span.name}`, ...tree(spans, span, depth + 1)]);
}

describe('traces', () => {
  it('show a streamed request as one tree, with the facts of the GenAI conventions', async () => {
    const own = await started();
    const body = chatBody({ stream: true, stream_options: { include_usage: true } });
    const answer = await post(own, '/v1/chat/completions', body, { 'x-request-id': 'mine' });
    expect(answer.status).toBe(200);
    await ended();
    const spans = receiver.trace(traceOf(answer));
    expect(tree(spans)).toEqual([
      'POST /v1/chat/completions',
      '  admission',
      '  chat gpt-5.5',
      // The login is read from its file, the instructions from their host, because this is the first request.
      ...spans
        .filter(({ name }) => name === 'refresh' || name === 'instruction_fetch')
        .map(({ name }) => `    ${name}`),
      '  settlement',
    ]);
    const root = the(spans, 'POST /v1/chat/completions');
    const call = the(spans, 'chat gpt-5.5');
    expect(root).toMatchObject({ kind: 2, parentId: '', status: 0 });
    expect(root.attributes).toMatchObject({
      'http.route': '/v1/chat/completions',
      'http.response.status_code': 200,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-5.5',
      'llm.is_streaming': 'true',
      'metadata.user_api_key_alias': 'master',
      'codex_gateway.request_id': answer.headers.get('x-request-id'),
      'codex_gateway.end': 'completed',
      'codex_gateway.attempts': 1,
    });
    expect(root.attributes['gen_ai.usage.input_tokens']).toBeGreaterThan(0);
    expect(root.attributes['gen_ai.usage.prompt_tokens']).toBe(root.attributes['gen_ai.usage.input_tokens']);
    expect(call).toMatchObject({ kind: 3, status: 0, events: [{ name: 'first_token' }] });
    expect(call.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-5.5',
      'gen_ai.response.model': 'gpt-5.5',
      'server.address': '127.0.0.1',
      'codex_gateway.attempt': 1,
    });
    expect(call.attributes['codex_gateway.account']).toMatch(/^[\da-f]{12}$/);
    expect(call.attributes['gen_ai.usage.output_tokens']).toBeGreaterThan(0);
    const first = call.events[0]?.atMs ?? 0;
    expect(first).toBeGreaterThanOrEqual(call.startMs);
    expect(first).toBeLessThanOrEqual(call.endMs);
    for (const span of spans) expect(span.startMs).toBeGreaterThanOrEqual(root.startMs - 1);
    expect(Math.abs(root.startMs - Date.now())).toBeLessThan(60_000);
    expect(receiver.resources[0]).toMatchObject({ 'service.name': 'codex-gateway' });
    expect(receiver.paths).toContain('/v1/traces');
  });

  it('show every attempt with the kind of its failure', async () => {
    const own = await started();
    own.simulator.script.next(faults.server500);
    const answer = await post(own, '/v1/chat/completions', chatBody());
    expect(answer.status).toBe(200);
    await ended();
    const attempts = receiver.trace(traceOf(answer)).filter(({ kind }) => kind === 3);
    expect(attempts.map(({ status, attributes }) => [status, attributes['codex_gateway.attempt'], attributes['error.type']])).toEqual([
      [2, 1, 'server_error'],
      [0, 2, undefined],
    ]); // prettier-ignore
    expect(attempts[0]?.attributes).toMatchObject({ 'http.response.status_code': 500 });
  });

  it('show what a request waited for: its login, renewed first', async () => {
    // A list of models of its own: nobody needs a login to find out whether there is such a model.
    const config = 'model_list: [{model_name: gpt-5.5, litellm_params: {model: codex-oauth/gpt-5.5}}]\n';
    const own = await started({ config });
    own.simulator.makeAuthFile(own.folder, { fileName: 'auth.json', expiresInSeconds: -60 });
    const answer = await post(own, '/v1/chat/completions', chatBody());
    expect([answer.status, own.simulator.counts.refreshes]).toEqual([200, 1]);
    await ended();
    const spans = receiver.trace(traceOf(answer));
    const attempt = spans.find(({ kind }) => kind === 3);
    expect(spans.find(({ name }) => name === 'refresh')).toMatchObject({ parentId: attempt?.spanId });
  });

  it('tell a refusal, its id in the error, and nothing of what has no trace', async () => {
    const own = await started();
    const refused = await post(own, '/v1/chat/completions', chatBody(), {
      authorization: 'Bearer sk-wrong-wrong-wrong',
    });
    const missing = await post(own, '/v1/chat/completions', chatBody({ model: 'no-such-model' }));
    const health = await send(own, '/health/liveliness');
    expect(health.headers.get('x-codex-gateway-trace-id')).toBeNull();
    expect(refused.json).toMatchObject({ error: { trace_id: traceOf(refused) } });
    expect(missing.json).toMatchObject({ error: { trace_id: traceOf(missing) } });
    await ended();
    expect(receiver.trace(traceOf(refused))).toMatchObject([{ attributes: { 'http.response.status_code': 401 } }]);
    const [root, admission] = receiver.trace(traceOf(missing));
    expect(root).toMatchObject({
      status: 2,
      attributes: { 'error.type': 'model_not_found', 'http.response.status_code': 404 },
    });
    expect(admission).toMatchObject({ name: 'admission', status: 2, attributes: { 'error.type': 'model_not_found' } });
    expect(receiver.spans.filter(({ name }) => name.includes('health'))).toEqual([]);
  });

  it('tell an answer that was cut', async () => {
    const own = await started();
    own.simulator.script.next(faults.noTerminalEvent);
    const answer = await post(own, '/v1/chat/completions', chatBody({ stream: true }));
    expect(answer.status).toBe(200);
    await ended();
    const spans = receiver.trace(traceOf(answer));
    expect(spans[0]).toMatchObject({
      status: 2,
      attributes: { 'codex_gateway.end': 'cut', 'error.type': 'stream_cut' },
    });
    expect(spans.find(({ kind }) => kind === 3)).toMatchObject({ status: 2, events: [{ name: 'first_token' }] });
  });

  it('go on where the client began, and obey its sampling', async () => {
    const own = await started();
    const [traceId, spanId] = ['ab'.repeat(16), 'cd'.repeat(8)];
    const traced = { traceparent: `00-${traceId}-${spanId}-01` };
    const unseen = { traceparent: `00-${'ef'.repeat(16)}-${spanId}-00` };
    expect(traceOf(await post(own, '/v1/chat/completions', chatBody(), traced))).toBe(traceId);
    expect(traceOf(await post(own, '/v1/chat/completions', chatBody(), unseen))).toBe('ef'.repeat(16));
    const bad = await post(own, '/v1/chat/completions', chatBody(), { traceparent: '00-zz' });
    expect(traceOf(bad)).toMatch(/^[\da-f]{32}$/);
    await ended();
    expect(receiver.trace(traceId)[0]).toMatchObject({ kind: 2, parentId: spanId });
    expect(receiver.trace('ef'.repeat(16))).toEqual([]);
    expect(receiver.trace(traceOf(bad))[0]).toMatchObject({ parentId: '' });
  });

  it('hold neither prompt nor answer nor key, and go nowhere else', async () => {
    const own = await started();
    const words = 'a-planted-prompt-text';
    const answer = await post(own, '/v1/chat/completions', chatBody({ messages: [{ role: 'user', content: words }] }), {
      traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    });
    expect(answer.status).toBe(200);
    expect(own.simulator.seen.flatMap(({ headers }) => Object.keys(headers))).not.toContain('traceparent');
    const answered = (answer.json as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? '';
    await ended();
    const sent = Buffer.concat(receiver.bodies).toString('latin1');
    expect(sent.length).toBeGreaterThan(100);
    for (const secret of [words, own.key, answered.slice(0, 40)]) expect(sent).not.toContain(secret);
  });

  it('that do not arrive are counted, and so are those that do', async () => {
    const delay = process.env['OTEL_BSP_SCHEDULE_DELAY'];
    process.env['OTEL_BSP_SCHEDULE_DELAY'] = '20';
    try {
      const own = await started();
      const shown = async (outcome: string): Promise<boolean> =>
        (await send(own, '/metrics')).text.includes(`codex_trace_spans_total{outcome="${outcome}"}`);
      receiver.status = 400;
      await post(own, '/v1/chat/completions', chatBody());
      await eventually('spans are lost', () => shown('lost'));
      expect(await shown('sent')).toBe(false);
      receiver.status = 200;
      await post(own, '/v1/chat/completions', chatBody());
      await eventually('spans arrive', () => shown('sent'));
    } finally {
      if (delay === undefined) delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
      else process.env['OTEL_BSP_SCHEDULE_DELAY'] = delay;
    }
  });

  it('are not there without an endpoint', async () => {
    const own = await started({ env: { OTEL_SDK_DISABLED: 'true' } });
    const answer = await post(own, '/v1/chat/completions', chatBody());
    expect(answer.headers.get('x-codex-gateway-trace-id')).toBeNull();
    const refused = await post(own, '/v1/chat/completions', chatBody({ model: 'no-such-model' }));
    expect(refused.json).not.toHaveProperty('error.trace_id');
    await ended();
    expect(receiver.spans).toEqual([]);
  });
});

describe('names of attributes', () => {
  it('are those of the conventions', () => {
    const known = new Set<unknown>([...Object.values(stable), ...Object.values(incubating)]);
    for (const name of Object.values(attributeNames)) expect(known.has(name) ? name : `unknown ${name}`).toBe(name);
  });
});
