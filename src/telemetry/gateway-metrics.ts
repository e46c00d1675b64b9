import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { CellCounter, CellHistogram, type CellOptions } from './cell-metrics';

/** Series per metric beyond which labels fall into `other`. */
const maxSeriesPerMetric = 2_000;

/** Seconds: fine below one, half-second steps to ten, then the long answers. */
const latencyBounds: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.075,
  0.1,
  0.25,
  0.5,
  0.75,
  1,
  ...Array.from({ length: 18 }, (_, step) => 1.5 + step * 0.5),
  15,
  20,
  25,
  30,
  60,
  120,
  180,
  240,
  300,
];

const key = ['hashed_api_key', 'api_key_alias'] as const;
const team = ['team', 'team_alias'] as const;
const call = [...key, 'model', ...team, 'user', 'end_user'] as const;
const tokens = [...call, 'user_email', 'requested_model', 'model_id'] as const;
const latency = [...call, 'requested_model', 'model_id'] as const;
const proxy = [
  'end_user',
  ...key,
  'requested_model',
  ...team,
  'user',
  'user_email',
  'route',
  'client_ip',
  'user_agent',
  'model_id',
] as const;
const deployment = ['litellm_model_name', 'model_id', 'api_base', 'api_provider'] as const;
const attempt = ['requested_model', ...deployment, ...key, ...team, 'client_ip', 'user_agent'] as const;

/**
 * Every metric of the process in one registry. Names and labels of the `litellm_` family are LiteLLM's, so that its
 * dashboards work unchanged; the order of label values in `metrics-observer.ts` follows the lists here.
 */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly inFlight = new Gauge({
    name: 'litellm_in_flight_requests',
    help: 'Client requests being served.',
    registers: [this.registry],
  });
  private readonly overflow = new Counter({
    name: 'codex_metric_series_overflow_total',
    help: 'Observations that were booked under "other" because their metric has too many series.',
    labelNames: ['metric'],
    registers: [this.registry],
  });
  readonly proxyTotal = this.counter('litellm_proxy_total_requests_metric_total', 'Requests to the gateway.', [
    ...proxy,
    'status_code',
  ]);
  readonly proxyFailed = this.counter('litellm_proxy_failed_requests_metric_total', 'Requests answered by an error.', [
    ...proxy,
    'exception_status',
    'exception_class',
  ]);
  readonly requests = this.counter('litellm_requests_metric_total', 'Requests that reached a deployment.', [
    ...call,
    'user_email',
    'client_ip',
    'user_agent',
    'model_id',
  ]);
  readonly inputTokens = this.counter('litellm_input_tokens_metric_total', 'Input tokens.', tokens);
  readonly outputTokens = this.counter('litellm_output_tokens_metric_total', 'Output tokens.', tokens);
  readonly totalTokens = this.counter('litellm_total_tokens_metric_total', 'Input and output tokens.', tokens);
  readonly requestLatency = this.histogram('litellm_request_total_latency_metric', 'Whole request, seconds.', latency);
  readonly upstreamLatency = this.histogram('litellm_llm_api_latency_metric', 'Upstream call, seconds.', latency);
  readonly firstToken = this.histogram(
    'litellm_llm_api_time_to_first_token_metric',
    'Streams: first content, seconds.',
    latency,
  );
  readonly overhead = this.histogram('litellm_overhead_latency_metric', "The gateway's own part, seconds.", [
    'model_group',
    'api_provider',
    'api_base',
    'litellm_model_name',
    ...key,
    'model_id',
  ]);
  readonly deploymentTotal = this.counter('litellm_deployment_total_requests_total', 'Calls to a deployment.', attempt);
  readonly deploymentSuccess = this.counter(
    'litellm_deployment_success_responses_total',
    'Calls to a deployment that succeeded.',
    attempt,
  );
  readonly deploymentFailure = this.counter(
    'litellm_deployment_failure_responses_total',
    'Calls to a deployment that failed.',
    [...attempt, 'exception_status', 'exception_class'],
  );
  readonly streamEnds = this.counter('codex_stream_ends_total', 'How streams ended.', ['end']);
  readonly droppedParams = this.counter('codex_dropped_params_total', 'Parameters that could not be sent upstream.', [
    'param',
  ]);
  readonly remappedModels = this.counter(
    'codex_remapped_models_total',
    'Requests for a retired model answered by another.',
    ['model'],
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** The exposition text, and its content type. */
  async exposition(): Promise<{ readonly text: string; readonly contentType: string }> {
    return { text: await this.registry.metrics(), contentType: this.registry.contentType };
  }

  private counter(name: string, help: string, labelNames: readonly string[]): CellCounter {
    return new CellCounter(this.cellOptions(name, help, labelNames));
  }

  private histogram(name: string, help: string, labelNames: readonly string[]): CellHistogram {
    return new CellHistogram(this.cellOptions(name, help, labelNames), latencyBounds);
  }

  private cellOptions(name: string, help: string, labelNames: readonly string[]): CellOptions {
    const overflowed = (metric: string): void => {
      this.overflow.inc({ metric });
    };
    return { name, help, labelNames, registers: [this.registry], maxSeries: maxSeriesPerMetric, overflowed };
  }
}
