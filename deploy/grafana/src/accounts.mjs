import { board } from './board.mjs';
import { alarmAt, bars, fullness, gateways as g, hourlyBy, lines, number, rateBy, rows, runbook } from './panels.mjs';

const one = `${g}, account=~"$account"`;
const windowsLink = runbook('accounts-near-their-window');
const used = `max by (account, window, limit) (codex_account_window_used_ratio{${one}})`;

export const accounts = board({
  uid: 'codex-gateway-accounts',
  title: 'Codex Gateway: Codex accounts',
  description: 'Quota windows, resets, headroom, renewals and cooldowns of the accounts behind the gateway.',
  vary: ['account'],
  from: 'now-24h',
  sections: [
    [
      'Now',
      number(
        {
          title: 'Quarantined',
          description: 'Logins that only a person can bring back.',
          unit: 'short',
          thresholds: alarmAt(1),
          links: runbook('account-quarantined'),
        },
        { expr: `sum(max by (account) (codex_account_quarantined{${one}}))` },
      ),
      number(
        {
          title: 'Fullest window',
          description: 'The quota window that is used furthest.',
          unit: 'percentunit',
          thresholds: fullness,
          links: windowsLink,
        },
        { expr: `max(codex_account_window_used_ratio{${one}})` },
      ),
      number(
        {
          title: 'Emptiest account',
          description:
            'The account with the most room: of each its fullest window, of these the emptiest. Limits of single models do not count.',
          unit: 'percentunit',
          thresholds: fullness,
          links: windowsLink,
        },
        { expr: `min(max by (account) (codex_account_window_used_ratio{${one}, limit="codex"}))` },
      ),
      number(
        {
          title: 'Next token to end',
          description: 'Until the first access token runs out. They are renewed before that.',
          unit: 's',
          thresholds: [
            [null, 'red'],
            [3600, 'orange'],
            [86400, 'green'],
          ],
          links: runbook('login-about-to-end'),
        },
        { expr: `min(codex_account_token_expiry_timestamp_seconds{${one}} - time())` },
      ),
      number(
        {
          title: 'Cooling down',
          description: 'Accounts, models, deployments and ways to hosts left alone now.',
          unit: 'short',
        },
        { expr: `count(max by (scope, name) (codex_cooldown_until_timestamp_seconds{${g}}) > time()) or vector(0)` },
      ),
      number(
        {
          title: 'Stayed with their account',
          description: 'Share of conversations that stayed where their prompt cache is.',
          unit: 'percentunit',
        },
        {
          expr: `sum(rate(codex_affinity_total{${g}, outcome="hit"}[$__rate_interval]))
            / (sum(rate(codex_affinity_total{${g}}[$__rate_interval])) > 0)`,
        },
      ),
    ],
    [
      'Quota windows',
      bars(
        {
          title: 'Used now',
          description: 'Each window of each account.',
          unit: 'percentunit',
          max: 1,
          thresholds: fullness,
          links: windowsLink,
        },
        { expr: `sort_desc(${used})`, legend: '{{account}} {{window}} {{limit}}' },
      ),
      lines(
        {
          title: 'Used over time',
          description: 'A window that starts anew falls to 0.',
          unit: 'percentunit',
          max: 1,
          links: windowsLink,
        },
        { expr: used, legend: '{{account}} {{window}} {{limit}}' },
      ),
      lines(
        {
          title: 'Headroom forecast',
          description: 'Where each window stands in one hour if its use goes on as in the last one; 1 is full.',
          unit: 'percentunit',
          threshold: 1,
          links: windowsLink,
        },
        {
          expr: `max by (account, window, limit) (
            clamp_min(predict_linear(codex_account_window_used_ratio{${one}}[1h], 3600), 0))`,
          legend: '{{account}} {{window}} {{limit}}',
        },
      ),
      rows(
        {
          title: 'Resets',
          description: 'How far each window is used, and until it starts anew.',
          columns: [
            { name: 'Used', unit: 'percentunit' },
            { name: 'Starts anew in', unit: 's' },
          ],
          width: 12,
        },
        { expr: used },
        { expr: `max by (account, window, limit) (codex_account_window_reset_timestamp_seconds{${one}} - time())` },
      ),
      lines(
        {
          title: 'Credits',
          description: "Left beyond the plan's windows, in the provider's measure.",
          unit: 'short',
          width: 12,
        },
        { expr: `max by (account) (codex_account_credits{${one}})`, legend: '{{account}}' },
      ),
    ],
    [
      'Logins',
      rows(
        {
          title: 'Accounts',
          description: 'Plan and condition of each login.',
          columns: [
            { name: 'Planned', unit: 'short' },
            { name: 'Conditioned', unit: 'short' },
          ],
          hidden: ['Value #A', 'Value #B'],
        },
        { expr: `max by (account, plan) (codex_account_info{${one}} == 1)` },
        { expr: `max by (account, state) (codex_account_state{${one}} == 1)` },
      ),
      lines(
        {
          title: 'Access token ends in',
          description: 'Renewed well before it reaches 0.',
          unit: 's',
          links: runbook('login-about-to-end'),
        },
        {
          expr: `max by (account) (codex_account_token_expiry_timestamp_seconds{${one}} - time())`,
          legend: '{{account}}',
        },
      ),
      lines(
        { title: 'Since the last renewal', description: 'Of each login.', unit: 's' },
        {
          expr: `min by (account) (time() - codex_account_last_refresh_timestamp_seconds{${one}})`,
          legend: '{{account}}',
        },
      ),
      lines(
        {
          title: 'Renewals',
          description:
            'In an hour, by outcome: renewed; refused (the login ended); failed (is tried again); uncertain (no answer).',
          unit: 'short',
          stacked: true,
          width: 12,
        },
        hourlyBy('account, outcome', `codex_refreshes_total{${one}}`),
      ),
      lines(
        {
          title: 'How long renewals take',
          description: 'The token call, 95th percentile by outcome.',
          unit: 's',
          width: 12,
        },
        {
          expr: `histogram_quantile(0.95, sum by (le, outcome) (rate(codex_refresh_seconds_bucket{${g}}[1h])))`,
          legend: '{{outcome}}',
        },
      ),
    ],
    [
      'Use',
      lines(
        { title: 'Calls by deployment', description: 'Calls a second.', unit: 'reqps', stacked: true },
        rateBy('model_id', `litellm_deployment_total_requests_total{${g}}`),
      ),
      lines(
        {
          title: 'Failures by deployment',
          description: 'Calls a second that failed, by what went wrong.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('model_id, kind', `codex_upstream_failures_total{${g}}`),
      ),
      lines(
        { title: 'Cooldowns', description: 'In an hour, by what is left alone and why.', unit: 'short', stacked: true },
        hourlyBy('scope, reason', `codex_cooldowns_total{${g}}`),
      ),
      lines(
        {
          title: 'Conversations that stayed',
          description:
            'By bond: hard is bound by encrypted content, soft for the sake of the prompt cache. A break costs the cache.',
          unit: 'reqps',
          stacked: true,
        },
        rateBy('bond, outcome', `codex_affinity_total{${g}}`),
      ),
      lines(
        {
          title: 'Cached input',
          description: 'Share of input tokens that came from the prompt cache, by model.',
          unit: 'percentunit',
        },
        {
          expr: `sum by (model) (rate(litellm_input_cached_tokens_metric_total{${g}}[$__rate_interval]))
            / (sum by (model) (rate(litellm_input_tokens_metric_total{${g}}[$__rate_interval])) > 0)`,
          legend: '{{model}}',
        },
      ),
      lines(
        { title: 'Saved by the cache', description: 'US dollars an hour.', unit: 'currencyUSD' },
        {
          expr: `sum by (requested_model) (rate(codex_cache_saved_dollars_total{${g}}[$__rate_interval])) * 3600`,
          legend: '{{requested_model}}',
        },
      ),
    ],
  ],
});
