import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chosen, type Choices, type Dashboard, type Panel, shippedDashboards } from '../support/dashboards';
import { pictureOf } from '../support/dashboard-pictures';
import { eventually } from '../support/eventually';
import { startBench, type TestBench } from '../support/gateway';
import { HttpSink } from '../support/http-sink';
import { describeWithPrometheus, Prometheus, type QueriedSeries } from '../support/prometheus';
import { RedisServer } from '../support/redis-server';
import { sampleConfig, SampleExposition, SampleLoad } from '../support/sample-load';

/**
 * What no gateway under this load tells: what happens to it seldom (a Redis that goes away, an account that is full, prompts
 * that no catalog has), and traces, which it does not send. They are answered by a process that is told of them directly; `everything-told.e2e-spec.ts` shows that a
 * gateway tells them too.
 */
const notUnderLoad: ReadonlySet<string> = new Set([
  'codex_cooldowns_total', 'codex_instruction_fetches_total',
  'codex_state_failures_total', 'codex_trace_spans_total', 'litellm_deployment_failed_fallbacks_total',
]); // prettier-ignore

/** Told by a gateway with Redis only. */
const withRedisOnly: ReadonlySet<string> = new Set([
  'codex_breaker_open', 'codex_redis_memory_used_bytes', 'codex_redis_memory_max_bytes', 'codex_state_command_seconds_bucket',
  'codex_state_command_seconds_count', 'litellm_redis_latency_bucket',
]); // prettier-ignore

/** LiteLLM's own dashboards and alerts ask this. */
const litellmQuestions: readonly string[] = [
  'sum(rate(litellm_proxy_total_requests_metric_total[2m]))',
  'sum(rate(litellm_proxy_failed_requests_metric_total[2m])) by (exception_class)',
  'sum(rate(litellm_request_total_latency_metric_sum[2m]))/sum(rate(litellm_request_total_latency_metric_count[2m]))',
  'histogram_quantile(0.5, sum(rate(litellm_request_total_latency_metric_bucket[2m])) by (le))',
  'topk(5, sort(litellm_remaining_requests))',
  'topk(5, sort(litellm_remaining_tokens))',
  'sum(rate(litellm_spend_metric_total[2m])) by (hashed_api_key, api_key_alias, team, team_alias, user, model)',
  'sum(rate(litellm_requests_metric_total[2m])) by (hashed_api_key, api_key_alias, team, team_alias, user, model)',
  'sum(rate(litellm_total_tokens_metric_total[2m])) by (requested_model, model)',
  'histogram_quantile(0.95, sum by (le, requested_model) (rate(litellm_llm_api_time_to_first_token_metric_bucket[2m])))',
  'sum(rate(litellm_deployment_failure_responses_total[2m])) by (litellm_model_name, exception_status)',
  'sum(litellm_in_flight_requests)',
];

const hasRedis = process.env['TEST_NO_REDIS'] === undefined;
const pictures = join(__dirname, '..', '..', 'docs', 'dashboards');
const boards = shippedDashboards();
const asked = [...boards.values()].flatMap((board) =>
  board.panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => [`${board.title}: ${panel.title} ${target.refId}`, target.expr] as const),
  ),
);

/** Long enough for a rate to have points to look at. */
const loadSeconds = Number(process.env['SAMPLE_LOAD_SECONDS'] ?? 12);
const choices: Choices = { rateInterval: '10s', range: '1m', job: '.*' };

describeWithPrometheus('every question of the dashboards', () => {
  let bench: TestBench;
  let redis: RedisServer | undefined;
  let webhook: HttpSink;
  let sample: SampleExposition;
  let prometheus: Prometheus;
  const startedSeconds = Date.now() / 1_000;

  beforeAll(async () => {
    redis = hasRedis ? await RedisServer.start('--maxmemory', '64mb') : undefined;
    webhook = await HttpSink.start();
    bench = await startBench({
      config: sampleConfig,
      // Whose first command is slow on a busy machine must not be without a team.
      times: { redisCommandMs: 2_000 },
      env: {
        WEBHOOK_URL: `${webhook.url}/hook`,
        GATEWAY_SALT_KEY: 'a-salt-key-of-thirty-two-characters-and-more',
        ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
      },
    });
    sample = await SampleExposition.start();
    prometheus = await Prometheus.start(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - {job_name: gateway, static_configs: [{targets: ['${new URL(bench.url).host}']}]}
  - {job_name: sample, static_configs: [{targets: ['${sample.target}']}]}
`);
    // A renewal before the first scrape would be no change.
    await eventually('Prometheus has scraped the gateway', async () => {
      return (await prometheus.query('codex_refresh_seconds_count{job="gateway",outcome="renewed"}')).length > 0;
    });
    const load = await SampleLoad.start(bench);
    await new Promise((resolve) => setTimeout(resolve, loadSeconds * 1_000));
    // A renewal that came late on a busy machine has to be scraped before the questions are asked.
    await eventually('Prometheus has seen a renewal', async () => {
      const [renewed = 0] = await prometheus.query('sum(rate(codex_refresh_seconds_count{job="gateway"}[1h]))');
      return renewed > 0;
    });
    await load.stop();
  }, 120_000);
  afterAll(async () => {
    await prometheus.close();
    await sample.close();
    await bench.close();
    await webhook.close();
    await redis?.close();
  });

  const isAnswered = (found: readonly QueriedSeries[]): boolean =>
    found.some(({ points }) => points.some(([, value]) => Number.isFinite(value)));

  it.each(asked)('%s has an answer', async (_name, expr) => {
    expect(isAnswered(await prometheus.series(chosen(expr, choices)))).toBe(true);
  });

  it('has an answer by the gateway itself, but for what its load cannot show', async () => {
    const silent: string[] = [];
    for (const [name, expr] of asked) {
      if (isAnswered(await prometheus.series(chosen(expr, { ...choices, job: 'gateway' })))) continue;
      const metrics = [...expr.matchAll(/\b((?:codex|litellm)_\w+)\{/g)].map(([, metric]) => metric ?? '');
      const isExcused = metrics.some((metric) => notUnderLoad.has(metric) || (!hasRedis && withRedisOnly.has(metric)));
      if (!isExcused) silent.push(`${name}: ${expr}`);
    }
    expect(silent).toEqual([]);
  });

  it.each(litellmQuestions)("of LiteLLM's, %s, has one too", async (expr) => {
    expect(isAnswered(await prometheus.series(expr))).toBe(true);
  });

  it.each([...boards])('draws %s', async (name, board) => {
    const picture = pictureOf(board, await answersFor(board));
    expect(picture.match(/No data/g)).toBeNull();
    expect(picture.match(/<polyline/g)?.length).toBeGreaterThan(5);
    // The pictures of the documentation are written on request, since no two runs look the same.
    if (process.env['WRITE_PICTURES'] === undefined) return;
    mkdirSync(pictures, { recursive: true });
    writeFileSync(join(pictures, `${name}.svg`), picture);
  });

  async function answersFor(board: Dashboard): Promise<ReadonlyMap<Panel, readonly (readonly QueriedSeries[])[]>> {
    const to = Date.now() / 1_000;
    const answers = new Map<Panel, readonly (readonly QueriedSeries[])[]>();
    for (const panel of board.panels) {
      const found = await Promise.all(
        (panel.targets ?? []).map(({ expr, instant }) => {
          const question = chosen(expr, choices);
          const isNow = instant === true || panel.type !== 'timeseries';
          return isNow
            ? prometheus.series(question)
            : prometheus.over(question, { from: startedSeconds, to, step: Math.max(1, loadSeconds / 60) });
        }),
      );
      answers.set(panel, found);
    }
    return answers;
  }
});
