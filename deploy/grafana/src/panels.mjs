/**
 * A short way to say a panel: what it shows, in which unit, by which questions. Built with Grafana's own library, so that
 * what comes out is what a Grafana of its schema understands.
 */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

/** Whichever Prometheus the reader chose. */
export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** The gateways that the reader chose; written into every selector. */
export const gateways = 'job=~"$job", instance=~"$instance"';

/** Where the reader has the folder `docs` of this repository; a choice of each dashboard. */
const docs = '${docs}';

/** Thresholds: green, orange from the one value on, red from the other. */
export const warnAt = (orange, red) => [
  [null, 'green'],
  [orange, 'orange'],
  [red, 'red'],
];

/** Thresholds: green, and red from this value on. */
export const alarmAt = (red) => [
  [null, 'green'],
  [red, 'red'],
];

/** Thresholds of shares that should not reach 1. */
export const fullness = warnAt(0.8, 0.95);

/** Links to a runbook by its name. */
export const runbook = (name) => [['Runbook', `runbooks/${name}.md`]];

/** The question how fast a counter grows a second, by these labels, which are its legend; `counter` with its selector. */
export const rateBy = (by, counter) => ({
  expr: `sum by (${by}) (rate(${counter}[$__rate_interval]))`,
  legend: legendOf(by),
});

/** The question how far a counter grew in an hour, said in the same way. */
export const hourlyBy = (by, counter) => ({
  expr: `sum by (${by}) (increase(${counter}[1h]))`,
  legend: legendOf(by),
});

/** One question for each share of a distribution, called `p50` and so on; `exprOf` says it for one. */
export const percentiles = (shares, exprOf) =>
  shares.map((share) => ({ expr: exprOf(share), legend: `p${share * 100}` }));

function legendOf(by) {
  return by
    .split(', ')
    .map((label) => `{{${label}}}`)
    .join(' ');
}

function question({ expr, legend = '__auto', instant = false }, index, format) {
  const query = new prometheus.DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .expr(expr.trim().replace(/\s+/g, ' '))
    .legendFormat(legend);
  if (format !== undefined) query.format(format);
  return instant ? query.instant() : query.range();
}

function steps(thresholds) {
  const [[, first], ...rest] = thresholds;
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: first }, ...rest.map(([value, color]) => ({ value, color }))]);
}

/** What every kind of panel says of itself. `links` are `[title, page below docs]`. */
function described(
  builder,
  { title, description, unit, width = 8, height = 8, links = [], thresholds, decimals, max },
) {
  builder.title(title).description(description).datasource(datasource).span(width).height(height);
  if (unit !== undefined) builder.unit(unit);
  if (decimals !== undefined) builder.decimals(decimals);
  if (max !== undefined) builder.min(0).max(max);
  if (thresholds !== undefined) builder.thresholds(steps(thresholds));
  if (links.length > 0) {
    builder.links(
      links.map(([name, page]) =>
        new dashboard.DashboardLinkBuilder(name)
          .type(dashboard.DashboardLinkType.Link)
          .url(`${docs}/${page}`)
          .targetBlank(true),
      ),
    );
  }
  return builder;
}

/** Lines over time; `stacked` for parts of a whole. */
export function lines(facts, ...questions) {
  const { stacked = false, bars = false } = facts;
  const panel = described(new timeseries.PanelBuilder(), facts)
    .lineWidth(1)
    .fillOpacity(stacked || bars ? 40 : 8)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(true)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    );
  if (bars) panel.drawStyle(common.GraphDrawStyle.Bars);
  if (stacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (facts.interval !== undefined) panel.interval(facts.interval);
  if (facts.threshold !== undefined) {
    panel.thresholds(
      steps([
        [null, 'transparent'],
        [facts.threshold, 'red'],
      ]),
    );
    panel.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  questions.forEach((each, index) => panel.withTarget(question(each, index)));
  return panel;
}

/** One number, now. */
export function number(facts, one) {
  return described(new stat.PanelBuilder(), { width: 4, height: 4, ...facts })
    .colorMode(facts.thresholds === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.Area)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
    .withTarget(question(one, 0));
}

/** Bars side by side, now. */
export function bars(facts, one) {
  return described(new bargauge.PanelBuilder(), facts)
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Gradient)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
    .withTarget(question({ ...one, instant: true }, 0));
}

/** Rows, one a series; several questions are columns, joined by their labels. `columns` names the values. */
export function rows(facts, ...questions) {
  const panel = described(new table.PanelBuilder(), facts).showHeader(true);
  questions.forEach((each, index) => {
    panel.withTarget(question({ ...each, instant: true }, index, prometheus.PromQueryFormat.Table));
  });
  const { columns = [], hidden = [] } = facts;
  panel.withTransformation({ id: 'merge', options: {} });
  panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(['Time', ...hidden].map((name) => [name, true])),
      renameByName: Object.fromEntries(
        columns.map(({ name }, index) => [
          questions.length === 1 ? 'Value' : `Value #${String.fromCharCode(65 + index)}`,
          name,
        ]),
      ),
    },
  });
  for (const { name, unit } of columns) panel.overrideByName(name, [{ id: 'unit', value: unit }]);
  return panel;
}

/** A heading over the panels that follow. */
export function heading(title) {
  return new dashboard.RowBuilder(title);
}
