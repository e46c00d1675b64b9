/** What all dashboards share: the reader's choices, the links between them, and their look. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource, gateways, heading } from './panels.mjs';

/** Choice of values of a label, all of them at first. `where` is a metric with its selector. */
function choice({ name, label, where, by }) {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query: `label_values(${where}, ${by})`, refId: name })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

const choices = {
  job: { name: 'job', label: 'Job', where: 'litellm_in_flight_requests', by: 'job' },
  instance: { name: 'instance', label: 'Gateway', where: 'litellm_in_flight_requests{job=~"$job"}', by: 'instance' },
  model: {
    name: 'model',
    label: 'Model group',
    where: `litellm_proxy_total_requests_metric_total{${gateways}}`,
    by: 'requested_model',
  },
  team: { name: 'team', label: 'Team', where: `litellm_spend_metric_total{${gateways}}`, by: 'team' },
  key: { name: 'key', label: 'Key', where: `litellm_spend_metric_total{${gateways}}`, by: 'api_key_alias' },
  account: { name: 'account', label: 'Account', where: `codex_account_state{${gateways}}`, by: 'account' },
};

/** A name that belongs to nobody: whoever publishes the documentation writes its address here. */
const docsDefault = 'https://codex-gateway.example/docs';

/**
 * A dashboard as JSON. `sections` are `[heading, ...panels]`; panels flow from left to right, `width` of 24 columns each.
 */
export function board({ uid, title, description, vary = [], from = 'now-6h', sections }) {
  const built = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['codex-gateway'])
    .timezone('browser')
    .refresh('30s')
    .time({ from, to: 'now' })
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(
      new dashboard.DashboardLinkBuilder('Codex Gateway')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['codex-gateway'])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource')
        .label('Prometheus')
        .type('prometheus')
        .current({ selected: true, text: 'Prometheus', value: 'prometheus' }),
    );
  for (const name of ['job', 'instance', ...vary]) built.withVariable(choice(choices[name]));
  built.withVariable(
    new dashboard.TextBoxVariableBuilder('docs')
      .label('Runbooks at')
      .description('Where you have the folder docs of the Codex Gateway; panels link to its runbooks.')
      .defaultValue(docsDefault),
  );
  for (const [name, ...panels] of sections) {
    built.withRow(heading(name));
    for (const panel of panels) built.withPanel(panel);
  }
  return built.build();
}
