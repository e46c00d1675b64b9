import { board } from './board.mjs';
import { alarmAt, gateways as g, lines, number, percentiles, rateBy, runbook, warnAt } from './panels.mjs';

const redisLink = runbook('redis-degraded');
const bookLink = runbook('settlement-backlog');
const p = (share, metric, by = '') =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(${metric}_bucket{${g}}[$__rate_interval])))`;

export const reliability = board({
  uid: 'codex-gateway-reliability',
  title: 'Codex Gateway: Reliability',
  description: 'How streams end, what is tried again, whether the books are right, and how the shared state does.',
  sections: [
    [
      'Now',
      number(
        {
          title: 'Settlements waiting',
          description: 'Written down here, not yet in the shared state.',
          unit: 'short',
          thresholds: warnAt(1, 100),
          links: bookLink,
        },
        { expr: `sum(codex_settlement_backlog{${g}})` },
      ),
      number(
        {
          title: 'Ledger mismatches',
          description: 'Counters that differed from the ledger in the last comparison and were not set right.',
          unit: 'short',
          thresholds: alarmAt(1),
          links: runbook('ledger-mismatch'),
        },
        { expr: `max(codex_ledger_mismatches{${g}})` },
      ),
      number(
        {
          title: 'State degraded',
          description: 'Gateways that cannot use the shared state as they should.',
          unit: 'short',
          thresholds: alarmAt(1),
          links: redisLink,
        },
        { expr: `sum(codex_state_degraded{${g}})` },
      ),
      number(
        {
          title: 'Redis memory',
          description: 'Used of what it may use. Nothing here when it has no limit of its own.',
          unit: 'percentunit',
          thresholds: warnAt(0.75, 0.9),
          links: runbook('redis-memory'),
        },
        { expr: `max(codex_redis_memory_used_bytes{${g}}) / (max(codex_redis_memory_max_bytes{${g}}) > 0)` },
      ),
      number(
        {
          title: 'Calls per request',
          description: 'Upstream calls for one request, on average.',
          unit: 'short',
          decimals: 2,
        },
        {
          expr: `sum(rate(codex_upstream_attempts_sum{${g}}[$__rate_interval])) / sum(rate(codex_upstream_attempts_count{${g}}[$__rate_interval]))`,
        },
      ),
      number(
        {
          title: 'Fallbacks that answered',
          description: 'Share of fallbacks to another model group that gave an answer.',
          unit: 'percentunit',
        },
        {
          expr: `sum(rate(litellm_deployment_successful_fallbacks_total{${g}}[$__rate_interval]))
            / ((sum(rate(litellm_deployment_successful_fallbacks_total{${g}}[$__rate_interval])) or vector(0))
            + (sum(rate(litellm_deployment_failed_fallbacks_total{${g}}[$__rate_interval])) or vector(0)) > 0)`,
        },
      ),
    ],
    [
      'Answers',
      lines(
        {
          title: 'Stream ends',
          description: 'Streams a second by how they ended.',
          unit: 'reqps',
          stacked: true,
          links: runbook('cut-streams'),
        },
        rateBy('end', `codex_stream_ends_total{${g}}`),
      ),
      lines(
        {
          title: 'Upstream failures',
          description: 'Calls a second that failed, by what went wrong.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('kind', `codex_upstream_failures_total{${g}}`),
      ),
      lines(
        {
          title: 'Deployments',
          description: '0: the last call went well, 1: it failed, 2: cooling down.',
          unit: 'short',
          max: 2,
        },
        { expr: `max by (model_id) (litellm_deployment_state{${g}})`, legend: '{{model_id}}' },
      ),
      lines(
        {
          title: 'Retries',
          description: 'Further calls a second, by what went wrong before.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('kind', `codex_retries_total{${g}}`),
      ),
      lines(
        { title: 'Fallbacks', description: 'To another model group, a second.', unit: 'reqps', stacked: true },
        {
          expr: `sum by (requested_model, fallback_model) (rate(litellm_deployment_successful_fallbacks_total{${g}}[$__rate_interval]))`,
          legend: '{{requested_model}} → {{fallback_model}}',
        },
        {
          expr: `sum by (requested_model, fallback_model) (rate(litellm_deployment_failed_fallbacks_total{${g}}[$__rate_interval]))`,
          legend: '{{requested_model}} → {{fallback_model}}: failed',
        },
      ),
      lines(
        {
          title: 'What could not be sent',
          description: 'Parameters that the backend does not take, and retired models answered by others, a second.',
          unit: 'reqps',
          stacked: true,
        },
        {
          expr: `sum by (param) (rate(codex_dropped_params_total{${g}}[$__rate_interval]))`,
          legend: 'dropped {{param}}',
        },
        {
          expr: `sum by (model) (rate(codex_remapped_models_total{${g}}[$__rate_interval]))`,
          legend: 'remapped {{model}}',
        },
      ),
    ],
    [
      'Books',
      lines(
        {
          title: 'Admissions',
          description: 'A second: admitted, refused by a limit, or not to be decided.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('outcome', `codex_holds_total{${g}}`),
      ),
      lines(
        { title: 'How long admission takes', description: 'Of the books.', unit: 's' },
        ...percentiles([0.5, 0.99], (share) => p(share, 'codex_admission_seconds')),
      ),
      lines(
        {
          title: 'Settlements',
          description:
            'A second by kind: estimated ones worked out the usage; reaped ones belong to processes that died; late ones correct them; replayed ones waited for the state.',
          unit: 'reqps',
          stacked: true,
          links: bookLink,
        },
        rateBy('kind', `codex_settlements_total{${g}}`),
      ),
      lines(
        { title: 'Settlements waiting', description: 'By gateway.', unit: 'short', links: bookLink },
        { expr: `sum by (instance) (codex_settlement_backlog{${g}})`, legend: '{{instance}}' },
      ),
      lines(
        {
          title: 'Reaper and reconciliation',
          description: 'In an hour: tickets settled for dead processes, counters compared, counters set right.',
          unit: 'short',
          links: runbook('ledger-mismatch'),
        },
        { expr: `sum(increase(codex_reaped_tickets_total{${g}}[1h]))`, legend: 'reaped' },
        { expr: `sum(increase(codex_reconcile_checked_total{${g}}[1h]))`, legend: 'compared' },
        { expr: `sum(increase(codex_reconcile_repairs_total{${g}}[1h]))`, legend: 'set right' },
      ),
      lines(
        {
          title: 'Money set aside',
          description: 'US dollars an hour in holds, beside what was spent.',
          unit: 'currencyUSD',
        },
        { expr: `sum(rate(codex_held_dollars_total{${g}}[$__rate_interval])) * 3600`, legend: 'held' },
        { expr: `sum(rate(litellm_spend_metric_total{${g}}[$__rate_interval])) * 3600`, legend: 'spent' },
      ),
    ],
    [
      'Shared state',
      lines(
        {
          title: 'Commands',
          description: 'Commands to the state a second.',
          unit: 'ops',
          stacked: true,
          links: redisLink,
        },
        rateBy('command', `codex_state_command_seconds_count{${g}}`),
      ),
      lines(
        { title: 'How long they take', description: '99th percentile by command.', unit: 's', links: redisLink },
        { expr: p(0.99, 'codex_state_command_seconds', ', command'), legend: '{{command}}' },
      ),
      lines(
        { title: 'Failures', description: 'A second, by reason.', unit: 'ops', stacked: true, links: redisLink },
        rateBy('command, reason', `codex_state_failures_total{${g}}`),
      ),
      lines(
        { title: 'Breaker', description: '1 while nobody is sent there.', unit: 'short', max: 1, links: redisLink },
        { expr: `max by (breaker, instance) (codex_breaker_open{${g}})`, legend: '{{breaker}} {{instance}}' },
      ),
      lines(
        {
          title: 'Redis memory',
          description: 'Used, and what it may use (0: no limit).',
          unit: 'bytes',
          links: runbook('redis-memory'),
        },
        { expr: `max(codex_redis_memory_used_bytes{${g}})`, legend: 'used' },
        { expr: `max(codex_redis_memory_max_bytes{${g}})`, legend: 'limit' },
      ),
      lines(
        { title: 'As LiteLLM shows it', description: "Latency under LiteLLM's own name, 95th percentile.", unit: 's' },
        { expr: p(0.95, 'litellm_redis_latency'), legend: 'redis' },
      ),
    ],
    [
      'Around it',
      lines(
        {
          title: 'Instructions in use',
          description: 'Requests a second by source of the official instructions.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('source', `codex_instructions_total{${g}}`),
      ),
      lines(
        { title: 'Age of the instructions', description: 'Since their source last confirmed them.', unit: 's' },
        { expr: `max by (instance) (codex_instructions_age_seconds{${g}})`, legend: '{{instance}}' },
        {
          expr: `sum by (outcome) (increase(codex_instruction_fetches_total{${g}}[1h]))`,
          legend: 'looks in an hour: {{outcome}}',
        },
      ),
      lines(
        {
          title: 'Callbacks',
          description: 'Finished requests told a second, by callback and what became of it.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('callback_name, outcome', `codex_callback_events_total{${g}}`),
      ),
      lines(
        {
          title: 'Traces',
          description: 'Spans a second that reached their receiver, and that were lost.',
          unit: 'cps',
          stacked: true,
        },
        rateBy('outcome', `codex_trace_spans_total{${g}}`),
      ),
    ],
  ],
});
