import { type AttemptRecord, type RequestRecord } from '../kernel/observer';
import { holder } from '../../test/support/sample-events';
import { GatewayMetrics } from './gateway-metrics';
import { openPolicy } from '../kernel/principal';
import { agentLabel, failureStatus } from './label-values';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

const record: RequestRecord = {
  requestId: 'req_1',
  route: '/v1/chat/completions',
  principal: {
    kind: 'master',
    role: 'proxy_admin',
    keyHash: 'a'.repeat(64),
    keyAlias: 'master',
    policy: openPolicy,
    scopes: [],
    modelScopes: new Map(),
  },
  requestedModel: 'team-fast',
  modelLabel: 'team-fast',
  upstreamModel: 'gpt-5.5',
  deploymentId: 'd1',
  apiBase: 'https://chatgpt.com/backend-api/codex',
  stream: true,
  status: 200,
  end: 'completed',
  errorCode: undefined,
  errorType: undefined,
  usage: { inputTokens: 10, cachedInputTokens: 4, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 2 },
  attempts: 1,
  durationMs: 700,
  upstreamMs: 690,
  firstContentMs: 120,
  droppedParams: ['max_tokens'],
  remappedFrom: undefined,
  clientIp: '203.0.113.7',
  userAgent: 'OpenAI/Python 1.2.3',
};
const attempt: AttemptRecord = {
  modelLabel: 'team-fast',
  upstreamModel: 'gpt-5.5',
  deploymentId: 'd1',
  apiBase: 'https://chatgpt.com/backend-api/codex',
  failure: undefined,
  upstreamStatus: 200,
  durationMs: 690,
};

function observed(logLevel: 'info' | 'warn' | 'error' = 'info') {
  const lines: string[] = [];
  const logger = new GatewayLogger({ logLevel }, { write: (line: string) => void lines.push(line) });
  const metrics = new GatewayMetrics();
  return { lines, metrics, observer: new MetricsObserver(metrics, logger, new LimitBook(metrics, () => 0, 10)) };
}

/** Value of the one series of `name` that has all of `labels`. */
function series(text: string, name: string, ...labels: readonly string[]): number | undefined {
  const found = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)));
  if (found.length > 1) throw new Error(`${found.length} series match`);
  return found[0] === undefined ? undefined : Number(found[0].split(' ').at(-1));
}

describe('MetricsObserver', () => {
  it("books an answer under LiteLLM's names and labels, with None for what is absent", async () => {
    const { metrics, observer } = observed();
    observer.attemptEnded(attempt);
    observer.requestEnded(record);
    const { text } = await metrics.exposition();
    expect(
      series(
        text,
        'litellm_proxy_total_requests_metric_total',
        'status_code="200"',
        'requested_model="team-fast"',
        'user_agent="openai-python"',
        'client_ip="None"',
        'end_user="None"',
        'team="None"',
        'model_id="d1"',
        'route="/v1/chat/completions"',
        'api_key_alias="master"',
      ),
    ).toBe(1);
    expect(series(text, 'litellm_requests_metric_total', 'model="gpt-5.5"', 'user_email="None"')).toBe(1);
    expect(series(text, 'litellm_input_tokens_metric_total', 'model="gpt-5.5"', 'requested_model="team-fast"')).toBe(
      10,
    );
    expect(series(text, 'litellm_output_tokens_metric_total')).toBe(5);
    expect(series(text, 'litellm_total_tokens_metric_total')).toBe(15);
    expect(
      series(
        text,
        'litellm_deployment_success_responses_total',
        'api_provider="chatgpt"',
        'litellm_model_name="gpt-5.5"',
        'model_id="d1"',
      ),
    ).toBe(1);
    expect(series(text, 'codex_stream_ends_total', 'end="completed"')).toBe(1);
    expect(series(text, 'codex_dropped_params_total', 'param="max_tokens"')).toBe(1);
    expect(text).not.toContain('203.0.113.7');
  });

  it('fills cumulative buckets in seconds', async () => {
    const { metrics, observer } = observed();
    observer.requestEnded(record);
    observer.requestEnded({ ...record, durationMs: 400_000 });
    const { text } = await metrics.exposition();
    const name = 'litellm_request_total_latency_metric';
    expect(series(text, `${name}_bucket`, 'le="0.5"')).toBe(0);
    expect(series(text, `${name}_bucket`, 'le="0.75"')).toBe(1);
    expect(series(text, `${name}_bucket`, 'le="300"')).toBe(1);
    expect(series(text, `${name}_bucket`, 'le="+Inf"')).toBe(2);
    expect(series(text, `${name}_sum`)).toBeCloseTo(400.7);
    expect(series(text, `${name}_count`)).toBe(2);
    expect(series(text, 'litellm_llm_api_time_to_first_token_metric_sum')).toBeCloseTo(0.24);
    expect(text).toContain(`# TYPE ${name} histogram`);
  });

  it('books failures by status and class, and models nobody knows as other', async () => {
    const { metrics, observer } = observed();
    observer.attemptEnded({ ...attempt, failure: 'rate_limited', upstreamStatus: 429 });
    observer.requestEnded({
      ...record,
      requestedModel: 'guess-4711',
      modelLabel: undefined,
      deploymentId: undefined,
      usage: undefined,
      status: 404,
      errorCode: 'model_not_found',
      end: 'refused',
    });
    const { text } = await metrics.exposition();
    expect(
      series(
        text,
        'litellm_deployment_failure_responses_total',
        'exception_status="429"',
        'exception_class="RateLimitError"',
      ),
    ).toBe(1);
    expect(
      series(
        text,
        'litellm_proxy_failed_requests_metric_total',
        'exception_status="404"',
        'exception_class="NotFoundError"',
        'requested_model="other"',
        'model_id="None"',
      ),
    ).toBe(1);
    expect(text).not.toContain('guess-4711');
    expect(series(text, 'litellm_requests_metric_total')).toBeUndefined();
  });

  it('stops growing: beyond the limit labels read other, and that is counted', async () => {
    const { metrics } = observed();
    for (let index = 0; index < 2_050; index += 1) metrics.requests.droppedParams.add([`param-${index}`]);
    const { text } = await metrics.exposition();
    expect(series(text, 'codex_dropped_params_total', 'param="other"')).toBe(50);
    expect(series(text, 'codex_metric_series_overflow_total', 'metric="codex_dropped_params_total"')).toBe(50);
    expect(text).not.toContain('param-2049');
  });

  it('cuts names that a client or a hook had a hand in, and never shows a key in them', async () => {
    const { lines, metrics, observer } = observed();
    const long = `gpt-${'x'.repeat(5_000)}`;
    observer.attemptEnded({ ...attempt, modelLabel: long, upstreamModel: long });
    observer.requestEnded({
      ...record,
      modelLabel: long,
      upstreamModel: long,
      requestedModel: long,
      remappedFrom: long,
    });
    observer.requestEnded({ ...record, upstreamModel: 'sk-0123456789abcdef', remappedFrom: 'sk-0123456789abcdef' });
    const { text } = await metrics.exposition();
    expect(text).toContain(long.slice(0, 128));
    expect(text).not.toContain(long.slice(0, 129));
    expect(series(text, 'litellm_deployment_total_requests_total', `litellm_model_name="${long.slice(0, 128)}"`)).toBe(
      1,
    );
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(1_500);
    expect(lines[1]).not.toContain('sk-');
  });

  it.each([
    ['info', 30, {}],
    ['info', 30, { status: 429, end: 'refused', errorCode: 'rate_limit_exceeded' }],
    ['info', 30, { end: 'client_gone', status: 499 }],
    ['warn', 40, { end: 'cut' }],
    ['warn', 40, { status: 503, end: 'refused', errorCode: 'upstream_authentication_error' }],
    ['error', 50, { status: 500, end: 'failed', errorCode: 'server_error' }],
  ] as const)('writes the line at level %s (%d) for %j', (level, number, changes) => {
    const { lines, observer } = observed();
    observer.requestEnded({ ...record, ...changes });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: number, msg: 'request' });
    const louder = observed(level === 'info' ? 'warn' : 'error');
    louder.observer.requestEnded({ ...record, ...changes });
    expect(louder.lines).toHaveLength(level === 'error' ? 1 : 0);
  });

  it('says who asked, what it cost, and on which account', () => {
    const { lines, observer } = observed();
    const principal = { ...holder('ann'), keyAlias: 'ann sk-0123456789abcdef' };
    observer.requestEnded({ ...record, principal, costNanos: 2_500_000, account: 'work', traceId: 'ab'.repeat(16) });
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({
      keyHash: holder('ann').keyHash.slice(0, 16),
      keyAlias: 'ann [redacted]',
      team: 'Team ann',
      user: 'user-ann',
      costUsd: 0.0025,
      account: 'work',
      traceId: 'ab'.repeat(16),
    });
    expect(lines[0]).not.toContain('@example.com');
  });

  it('writes one line per request, without the key', () => {
    const { lines, observer } = observed();
    observer.requestEnded({ ...record, userAgent: 'agent sk-0123456789abcdef\u009b31m\nnext' });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ requestId: 'req_1', status: 200, end: 'completed', durationMs: 700, outputTokens: 5 });
    expect(line['userAgent']).toBe('agent [redacted]?31m\nnext');
  });
});

describe('labels', () => {
  it('come from closed lists', () => {
    expect(['codex_cli_rs/0.169', 'OpenAI/JS 6', 'evil-agent', ''].map(agentLabel)).toEqual([
      'codex',
      'openai-node',
      'other',
      'None',
    ]);
    expect([
      failureStatus('network', undefined),
      failureStatus('server_error', 529),
      failureStatus('cut', 200),
    ]).toEqual([502, 529, 502]);
  });
});
