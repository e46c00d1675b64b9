import { board } from './board.mjs';
import { gateways as g, lines, number, percentiles, rateBy, runbook, warnAt } from './panels.mjs';

const total = `litellm_proxy_total_requests_metric_total{${g}, requested_model=~"$model"}`;
const failed = `litellm_proxy_failed_requests_metric_total{${g}, requested_model=~"$model"}`;
const quantile = (share, metric, more = '') =>
  `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket{${g}${more}}[$__rate_interval])))`;
const ofModel = ', requested_model=~"$model"';
const genAi = ', gen_ai_request_model=~"$model"';

/** Share of requests that we or an upstream failed; refusals are not failures. */
const brokenShare = (range) => `(
  sum(rate(litellm_proxy_total_requests_metric_total{${g}, status_code=~"5.."}[${range}])) or vector(0)
) / (sum(rate(litellm_proxy_total_requests_metric_total{${g}}[${range}])) > 0)`;

export const overview = board({
  uid: 'codex-gateway-overview',
  title: 'Codex Gateway: Overview',
  description: 'Traffic, errors, latency and saturation of all gateways.',
  vary: ['model'],
  sections: [
    [
      'Now',
      number(
        { title: 'Requests', description: 'Requests a second, whatever became of them.', unit: 'reqps' },
        { expr: `sum(rate(${total}[$__rate_interval]))` },
      ),
      number(
        {
          title: 'Failed',
          description: 'Share of requests answered with a 5xx. Refusals (4xx) are not counted.',
          unit: 'percentunit',
          thresholds: warnAt(0.01, 0.05),
          links: runbook('error-rate'),
        },
        { expr: brokenShare('$__rate_interval') },
      ),
      number(
        {
          title: 'Streams cut',
          description: 'Share of streams that ended without their terminal event, or with a failure.',
          unit: 'percentunit',
          thresholds: warnAt(0.01, 0.05),
          links: runbook('cut-streams'),
        },
        {
          expr: `sum(rate(codex_stream_ends_total{${g}, end=~"cut|failed"}[$__rate_interval]))
            / (sum(rate(codex_stream_ends_total{${g}}[$__rate_interval])) > 0)`,
        },
      ),
      number(
        { title: 'First token, p95', description: 'Streams: from our call upstream to the first content.', unit: 's' },
        { expr: quantile(0.95, 'gen_ai_client_operation_time_to_first_chunk_seconds', genAi) },
      ),
      number(
        { title: 'In flight', description: 'Requests being served at this moment.', unit: 'short' },
        { expr: `sum(litellm_in_flight_requests{${g}})` },
      ),
      number(
        {
          title: 'Accounts well',
          description: 'Share of logins that can be used.',
          unit: 'percentunit',
          thresholds: [
            [null, 'red'],
            [0.5, 'orange'],
            [1, 'green'],
          ],
          links: runbook('account-quarantined'),
        },
        {
          expr: `avg(max by (account) (codex_account_state{${g}, state=~"ok|refreshing|expiring"} == 1 or codex_account_state{${g}} * 0))`,
        },
      ),
    ],
    [
      'Traffic',
      lines(
        {
          title: 'Requests by route',
          description: 'Requests a second by route template.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('route', total),
      ),
      lines(
        { title: 'Requests by status', description: 'Requests a second by status code.', unit: 'reqps', stacked: true },
        rateBy('status_code', total),
      ),
      lines(
        {
          title: 'Requests by model',
          description: 'Requests a second by model group; names that nobody configured are "other".',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('requested_model', total),
      ),
      lines(
        {
          title: 'Errors by class',
          description: "Requests answered by an error, by LiteLLM's exception class. Refusals are among them.",
          unit: 'reqps',
          stacked: true,
          links: runbook('error-rate'),
        },
        rateBy('exception_class', failed),
      ),
      lines(
        { title: 'Tokens', description: 'Tokens a second.', unit: 'short' },
        { expr: `sum(rate(litellm_input_tokens_metric_total{${g}${ofModel}}[$__rate_interval]))`, legend: 'input' },
        {
          expr: `sum(rate(litellm_input_cached_tokens_metric_total{${g}${ofModel}}[$__rate_interval]))`,
          legend: 'of it cached',
        },
        { expr: `sum(rate(litellm_output_tokens_metric_total{${g}${ofModel}}[$__rate_interval]))`, legend: 'output' },
        {
          expr: `sum(rate(litellm_output_reasoning_tokens_metric_total{${g}${ofModel}}[$__rate_interval]))`,
          legend: 'of it reasoning',
        },
      ),
      lines(
        {
          title: 'Client programs',
          description: 'Requests a second by family of clients.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('user_agent', total),
      ),
    ],
    [
      'Latency',
      lines(
        { title: 'Whole request', description: 'From the arrival of a request until its last byte.', unit: 's' },
        ...percentiles([0.5, 0.95, 0.99], (share) => quantile(share, 'litellm_request_total_latency_metric', ofModel)),
      ),
      lines(
        { title: 'First token', description: 'Streams: from our call upstream to the first content.', unit: 's' },
        ...percentiles([0.5, 0.95, 0.99], (share) =>
          quantile(share, 'litellm_llm_api_time_to_first_token_metric', ofModel),
        ),
      ),
      lines(
        {
          title: 'Between tokens',
          description: 'Streams: time between two output tokens, averaged over each answer.',
          unit: 's',
        },
        ...percentiles([0.5, 0.95], (share) => quantile(share, 'codex_inter_token_seconds', ofModel)),
      ),
      lines(
        {
          title: "The gateway's own part",
          description: 'Whole request less the upstream call: edge, admission, translation.',
          unit: 's',
        },
        ...percentiles([0.5, 0.99], (share) =>
          quantile(share, 'litellm_overhead_latency_metric', ', model_group=~"$model"'),
        ),
      ),
      lines(
        { title: 'Before the call upstream', description: 'Reading the request, admission, waiting.', unit: 's' },
        ...percentiles([0.5, 0.99], (share) => quantile(share, 'litellm_request_queue_time_seconds', ofModel)),
      ),
      lines(
        { title: 'Upstream call', description: 'From our call until its last byte.', unit: 's' },
        ...percentiles([0.5, 0.95], (share) => quantile(share, 'litellm_llm_api_latency_metric', ofModel)),
      ),
    ],
    [
      'Saturation and objective',
      lines(
        {
          title: 'Event loop lag',
          description: 'How late timers are, 99th percentile: above 0.1 s a process has more work than it can do.',
          unit: 's',
          threshold: 0.1,
        },
        { expr: `max by (instance) (nodejs_eventloop_lag_p99_seconds{${g}})`, legend: '{{instance}}' },
      ),
      lines(
        { title: 'CPU', description: 'Cores in use by each gateway.', unit: 'short' },
        rateBy('instance', `process_cpu_seconds_total{${g}}`),
      ),
      lines(
        { title: 'Memory', description: 'Resident memory of each gateway.', unit: 'bytes' },
        { expr: `sum by (instance) (process_resident_memory_bytes{${g}})`, legend: '{{instance}}' },
      ),
      lines(
        {
          title: 'Error budget burn',
          description:
            'Share of failed requests over the 0.5 % that the objective (99.5 %) allows: above 1 the budget shrinks faster than it grows.',
          unit: 'short',
          threshold: 1,
          links: runbook('slo-burn'),
        },
        { expr: `${brokenShare('5m')} / 0.005`, legend: '5 minutes' },
        { expr: `${brokenShare('1h')} / 0.005`, legend: '1 hour' },
      ),
      lines(
        { title: 'Requests in flight', description: 'By gateway.', unit: 'short' },
        { expr: `sum by (instance) (litellm_in_flight_requests{${g}})`, legend: '{{instance}}' },
      ),
      lines(
        {
          title: 'Series cut off',
          description: 'Observations a second that found no room for a series of their own and are shown as "other".',
          unit: 'short',
          links: [['Metrics', 'observability.md']],
        },
        {
          expr: `sum by (metric) (rate(codex_metric_series_overflow_total{${g}}[$__rate_interval])) or on() vector(0)`,
          legend: '{{metric}}',
        },
      ),
    ],
  ],
});
