import { board } from './board.mjs';
import { bars, fullness, gateways as g, lines, number, rateBy, rows, runbook } from './panels.mjs';

const chosen = `${g}, team=~"$team", api_key_alias=~"$key"`;
const spend = `litellm_spend_metric_total{${chosen}}`;
const budgetLink = runbook('budget-near-its-end');

const topSpend = (by) => ({ expr: `topk(20, sum by (${by}) (increase(${spend}[$__range])) > 0)` });
const topTokens = (by) => ({
  expr: `sum by (${by}) (increase(litellm_total_tokens_metric_total{${chosen}}[$__range])) > 0`,
});
const topRequests = (by) => ({
  expr: `sum by (${by}) (increase(litellm_requests_metric_total{${chosen}}[$__range])) > 0`,
});
/** Who used most, by these labels. */
const ranking = (title, by, more = {}) =>
  rows(
    {
      title,
      description: 'Spend, tokens and requests in the time shown.',
      columns: [
        { name: 'Spend', unit: 'currencyUSD' },
        { name: 'Tokens', unit: 'short' },
        { name: 'Requests', unit: 'short' },
      ],
      width: 12,
      height: 10,
      ...more,
    },
    ...[topSpend, topTokens, topRequests].map((of) => of(by)),
  );
/** How far the budgets of one kind of holder are used, by the label that names the holder. */
const budgetsUsed = (title, by, kind, where) =>
  bars(
    {
      title,
      description: 'Of the budget with the least left, holds included.',
      unit: 'percentunit',
      max: 1,
      thresholds: fullness,
      links: budgetLink,
    },
    {
      expr: `sort_desc(max by (${by}) (1 - litellm_remaining_${kind}_budget_metric{${g}, ${where}}
        / litellm_${kind}_max_budget_metric{${g}, ${where}}))`,
      legend: `{{${by}}}`,
    },
  );

export const usage = board({
  uid: 'codex-gateway-usage',
  title: 'Codex Gateway: Usage and cost',
  description:
    'Who used how much, what it cost, and what is left of the budgets. Of a subscription the cost is notional: what the API would have charged.',
  vary: ['team', 'key'],
  from: 'now-7d',
  sections: [
    [
      'In this time',
      number(
        { title: 'Spend', description: 'US dollars in the time shown.', unit: 'currencyUSD', decimals: 2 },
        { expr: `sum(increase(${spend}[$__range]))`, instant: true },
      ),
      number(
        { title: 'Requests', description: 'Requests that reached a deployment.', unit: 'short' },
        { expr: `sum(increase(litellm_requests_metric_total{${chosen}}[$__range]))`, instant: true },
      ),
      number(
        { title: 'Tokens', description: 'Input and output tokens.', unit: 'short' },
        { expr: `sum(increase(litellm_total_tokens_metric_total{${chosen}}[$__range]))`, instant: true },
      ),
      number(
        {
          title: 'Cached',
          description: 'Share of input tokens that came from the prompt cache.',
          unit: 'percentunit',
        },
        {
          expr: `sum(increase(litellm_input_cached_tokens_metric_total{${chosen}}[$__range]))
            / sum(increase(litellm_input_tokens_metric_total{${chosen}}[$__range]))`,
          instant: true,
        },
      ),
      number(
        {
          title: 'Saved by the cache',
          description: 'What cached input tokens cost less than others, US dollars; of all keys.',
          unit: 'currencyUSD',
          decimals: 2,
        },
        { expr: `sum(increase(codex_cache_saved_dollars_total{${g}}[$__range]))`, instant: true },
      ),
      number(
        {
          title: 'Usage unknown',
          description: 'Answers that ended well and whose usage nobody told; their cost is an estimate.',
          unit: 'short',
          thresholds: [
            [null, 'green'],
            [1, 'orange'],
          ],
        },
        { expr: `sum(increase(codex_usage_missing_total{${g}}[$__range])) or vector(0)`, instant: true },
      ),
    ],
    [
      'Spend over time',
      lines(
        { title: 'By model', description: 'US dollars an hour.', unit: 'currencyUSD', stacked: true },
        { expr: `sum by (model) (rate(${spend}[$__rate_interval])) * 3600`, legend: '{{model}}' },
      ),
      lines(
        { title: 'By team', description: 'US dollars an hour.', unit: 'currencyUSD', stacked: true },
        { expr: `sum by (team_alias) (rate(${spend}[$__rate_interval])) * 3600`, legend: '{{team_alias}}' },
      ),
      lines(
        {
          title: 'By key',
          description: 'US dollars an hour, the ten that spend most.',
          unit: 'currencyUSD',
          stacked: true,
        },
        {
          expr: `topk(10, sum by (api_key_alias) (rate(${spend}[$__rate_interval])) * 3600)`,
          legend: '{{api_key_alias}}',
        },
      ),
      lines(
        {
          title: 'By day and model',
          description: 'US dollars of each day.',
          unit: 'currencyUSD',
          stacked: true,
          bars: true,
          interval: '1d',
          width: 12,
        },
        { expr: `sum by (model) (increase(${spend}[1d]))`, legend: '{{model}}' },
      ),
      lines(
        { title: 'Tokens by kind', description: 'Tokens a second.', unit: 'short', width: 12 },
        { expr: `sum(rate(litellm_input_tokens_metric_total{${chosen}}[$__rate_interval]))`, legend: 'input' },
        {
          expr: `sum(rate(litellm_input_cached_tokens_metric_total{${chosen}}[$__rate_interval]))`,
          legend: 'cached input',
        },
        {
          expr: `sum(rate(litellm_input_cache_creation_tokens_metric_total{${chosen}}[$__rate_interval]))`,
          legend: 'written to the cache',
        },
        { expr: `sum(rate(litellm_output_tokens_metric_total{${chosen}}[$__rate_interval]))`, legend: 'output' },
        {
          expr: `sum(rate(litellm_output_reasoning_tokens_metric_total{${chosen}}[$__rate_interval]))`,
          legend: 'reasoning',
        },
      ),
    ],
    [
      'Who',
      ranking('Keys', 'api_key_alias, team_alias'),
      ranking('Teams', 'team, team_alias'),
      ranking('Users', 'user', {
        description:
          'As above. Users are told apart with `codex_metrics_user_label: true` only; elsewhere all are "None".',
        links: [['Labels of people', 'observability.md']],
      }),
      ranking('Models', 'model'),
    ],
    [
      'Budgets and limits',
      budgetsUsed('Key budgets used', 'api_key_alias', 'api_key', 'api_key_alias=~"$key"'),
      budgetsUsed('Team budgets used', 'team_alias', 'team', 'team=~"$team"'),
      rows(
        {
          title: 'What is left',
          description: 'Of each key: dollars left, the budget, and hours until it starts anew.',
          columns: [
            { name: 'Left', unit: 'currencyUSD' },
            { name: 'Budget', unit: 'currencyUSD' },
            { name: 'Hours', unit: 'short' },
          ],
        },
        { expr: `min by (api_key_alias) (litellm_remaining_api_key_budget_metric{${g}, api_key_alias=~"$key"})` },
        { expr: `max by (api_key_alias) (litellm_api_key_max_budget_metric{${g}, api_key_alias=~"$key"})` },
        { expr: `min by (api_key_alias) (litellm_api_key_budget_remaining_hours_metric{${g}, api_key_alias=~"$key"})` },
      ),
      lines(
        {
          title: 'Limits used',
          description:
            'The ten limits that are used furthest: budgets and rate windows. Above 1 after an overshoot, or in observe mode.',
          unit: 'percentunit',
          width: 12,
          threshold: 1,
        },
        {
          expr: `topk(10, max by (scope, name, limit, period) (codex_limit_used_ratio{${g}}))`,
          legend: '{{scope}} {{name}}: {{limit}} {{period}}',
        },
      ),
      lines(
        {
          title: 'Refused by limits',
          description: 'Requests a second that a limit refused, by whose limit and which.',
          unit: 'reqps',
          stacked: true,
          width: 12,
        },
        rateBy('scope, limit', `codex_admission_refusals_total{${g}}`),
      ),
    ],
  ],
});
