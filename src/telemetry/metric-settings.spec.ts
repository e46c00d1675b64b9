import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { labelNamesOf, readExposition } from '../../test/support/expositions';
import { attemptRecord, holder, requestRecord, tellEverything } from '../../test/support/sample-events';
import { defaultObservability, type MetricsSettings } from '../config/observability-settings';
import { type RequestRecord } from '../kernel/observer';
import { GatewayMetrics } from './gateway-metrics';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function observed(settings: Partial<MetricsSettings> = {}) {
  const metrics = new GatewayMetrics({ ...defaultObservability.metrics, ...settings });
  const book = new LimitBook(metrics, () => 0, settings.maxSeries ?? 2_000);
  metrics.onScrape(() => {
    book.publish();
  });
  const observer = new MetricsObserver(metrics, new GatewayLogger({ logLevel: 'silent' }), book);
  const shown = async () => readExposition((await metrics.exposition()).text);
  return { metrics, observer, shown };
}

const total = 'litellm_proxy_total_requests_metric_total';
const requests = 'litellm_requests_metric_total';

async function labelsOf(settings: Partial<MetricsSettings>, record: RequestRecord, metric = requests) {
  const { observer, shown } = observed(settings);
  observer.requestEnded(record);
  return (await shown()).series.find(({ name }) => name === metric)?.labels;
}

describe('labels of people', () => {
  it('say None unless somebody asked for them', async () => {
    const labels = await labelsOf({}, requestRecord());
    expect(labels).toMatchObject({ user: 'None', user_email: 'None', end_user: 'None', team: 'team-ann' });
  });

  it('are told by a switch of their own', async () => {
    const told = await labelsOf({ userLabel: true, endUserLabel: true }, requestRecord());
    expect(told).toMatchObject({ user: 'user-ann', user_email: 'ann@example.com', end_user: 'customer-7' });
  });

  it('are told by the metrics whose group lists them', async () => {
    const served = new Map([
      ['litellm_requests_metric', ['user', 'model']],
      ['litellm_spend_metric', undefined],
    ]);
    expect(await labelsOf({ served }, requestRecord())).toEqual({ user: 'user-ann', model: 'gpt-5.5' });
    expect(await labelsOf({ served }, requestRecord(), 'litellm_spend_metric_total')).toMatchObject({ user: 'None' });
  });

  it('keep budgets of people away from the gauges, too', async () => {
    const { observer, shown } = observed();
    tellEverything(observer, 0);
    const { series } = await shown();
    const names = series.map(({ name }) => name);
    expect(names).toContain('litellm_remaining_team_budget_metric');
    expect(names).not.toContain('litellm_remaining_user_budget_metric');
    expect(names).not.toContain('litellm_remaining_customer_budget_metric');
    expect(JSON.stringify(series)).not.toMatch(/user-ann|customer-7|ann@example/);
  });
});

describe('prometheus_metrics_config', () => {
  it('leaves out LiteLLM metrics that no group lists, and labels that the group does not list', async () => {
    const served = new Map([['litellm_proxy_total_requests_metric', ['status_code', 'requested_model', 'nonsense']]]);
    const { metrics, observer, shown } = observed({ served });
    tellEverything(observer, 0);
    const exposition = await shown();
    const litellm = [...exposition.types.keys()].filter((name) => name.startsWith('litellm_'));
    expect(litellm.sort()).toEqual(['litellm_in_flight_requests', total]);
    expect(labelNamesOf(exposition, total)).toEqual(['requested_model', 'status_code']);
    // Label sets that became the same are one series.
    expect(
      exposition.series.filter(({ name, labels }) => name === total && labels['status_code'] === '200'),
    ).toHaveLength(1);
    expect(exposition.types.has('codex_stream_ends_total')).toBe(true);
    expect(metrics.unknownNames).toEqual([]);
  });

  it('names what no metric is called', () => {
    const served = new Map([['litellm_typo_metric', undefined]]);
    expect(observed({ served, withoutMetrics: ['codex_typo'] }).metrics.unknownNames).toEqual([
      'litellm_typo_metric',
      'codex_typo',
    ]);
  });

  it('has exclusions, which win', async () => {
    const served = new Map([[requests.replace('_total', ''), ['model', 'team']]]);
    const { observer, shown } = observed({ served, withoutLabels: ['team'], withoutMetrics: ['codex_stream_ends'] });
    observer.requestEnded(requestRecord());
    const exposition = await shown();
    expect(labelNamesOf(exposition, requests)).toEqual(['model']);
    expect(exposition.types.has('codex_stream_ends_total')).toBe(false);
  });
});

describe('labels that the operator makes', () => {
  it('tell streams from JSON answers', async () => {
    const { observer, shown } = observed({ streamLabel: true });
    observer.requestEnded(requestRecord());
    observer.requestEnded(requestRecord({ stream: false }));
    const values = (await shown()).series.filter(({ name }) => name === total).map(({ labels }) => labels['stream']);
    expect(values).toEqual(['True', 'False']);
  });

  it('show metadata, by its path', async () => {
    const settings = { metadataLabels: ['cost.centre', 'project', 'absent'] };
    const metadata = { cost: { centre: 4711 }, project: 'apollo', secret: 'hush' };
    const labels = await labelsOf(settings, requestRecord({ metadata }));
    expect(labels).toMatchObject({ metadata_cost_centre: '4711', metadata_project: 'apollo', metadata_absent: 'None' });
    expect(JSON.stringify(labels)).not.toContain('hush');
    expect(await labelsOf(settings, requestRecord({ metadata: { project: { deep: 1 } } }))).toMatchObject({
      metadata_project: 'None',
    });
  });

  it('say whether a tag is there, also by a pattern and by user agent', async () => {
    const tagLabels = ['prod', 'batch-*', 'User-Agent: OpenAI/*', '*x*y*'];
    const told = (tags: readonly string[]) => labelsOf({ tagLabels }, requestRecord({ tags }));
    expect(await told(['prod', 'batch-7'])).toMatchObject({
      tag_prod: 'true',
      tag_batch__: 'true',
      tag_User_Agent__OpenAI__: 'true',
      tag__x_y_: 'false',
    });
    expect(await told(['production', 'axbyc'])).toMatchObject({
      tag_prod: 'false',
      tag_batch__: 'false',
      tag__x_y_: 'true',
    });
  });
});

describe('ten thousand of everything', () => {
  const junk = 10_000;

  it('leave each metric within its bound, and the memory flat', async () => {
    const { observer, shown } = observed({ maxSeries: 200, userLabel: true, endUserLabel: true });
    const tell = (from: number): void => {
      for (let index = from; index < from + junk; index += 1) {
        const name = `junk-${index}`;
        const principal = { ...holder('k'), keyHash: name.padEnd(64, '0'), keyAlias: name, userId: name };
        const model = { requestedModel: name, modelLabel: name, upstreamModel: name, remappedFrom: name };
        observer.requestEnded(requestRecord({ principal, ...model, customerId: name, userAgent: name }));
        observer.attemptEnded(attemptRecord({ principal, modelLabel: name, upstreamModel: name }));
        observer.limitSeen({ scope: 'key', scopeId: name, limit: 'tokens', period: '1d', max: 10, used: 1 });
      }
    };
    const held = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    tell(0);
    const before = held();
    tell(junk);
    const grown = held() - before;
    const { series } = await shown();
    const counts = new Map<string, number>();
    for (const { name, labels } of series) {
      if (labels['le'] === undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    // The one that stands for all others comes on top.
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(201);
    expect(series.find(({ name, labels }) => name === requests && labels['model'] === 'other')?.value).toBe(
      2 * junk - 200,
    );
    expect(counts.get('codex_metric_series_overflow_total')).toBeGreaterThan(10);
    expect(grown).toBeLessThan(4_000_000);
  });

  it('of names that nobody configured are one series', async () => {
    const { observer, shown } = observed();
    const refused = { modelLabel: undefined, deploymentId: undefined, usage: undefined, end: 'refused' } as const;
    for (let index = 0; index < junk; index += 1) {
      observer.requestEnded(
        requestRecord({ ...refused, requestedModel: `guess-${index}`, status: 404, errorCode: 'x' }),
      );
    }
    const found = (await shown()).series.filter(({ name }) => name === total);
    expect(found).toEqual([expect.objectContaining({ value: junk })]);
    expect(found[0]?.labels['requested_model']).toBe('other');
  });

  it('of fields that clients make up are one series, whatever they look like', async () => {
    const { observer, shown } = observed();
    const made = ['f1', 'f2', 'sk-abcdefghijklmnopqrstuvwxyz', 'unnamed_field', 'tools.made_up'];
    observer.requestEnded(requestRecord({ droppedParams: ['max_tokens', 'tools.web_search', ...made] }));
    const found = (await shown()).series.filter(({ name }) => name === 'codex_dropped_params_total');
    expect(found.map(({ labels, value }) => [labels['param'], value])).toEqual([
      ['max_tokens', 1],
      ['tools.web_search', 1],
      ['other', made.length],
    ]);
  });
});
