import { readExposition } from '../../test/support/expositions';
import { requestRecord, tellEverything } from '../../test/support/sample-events';
import { aggregateExpositions } from './aggregate-expositions';
import { GatewayMetrics } from './gateway-metrics';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

function process() {
  const metrics = new GatewayMetrics();
  const book = new LimitBook(metrics, () => 0, 100);
  metrics.onScrape(() => {
    book.publish();
  });
  return { metrics, observer: new MetricsObserver(metrics, new GatewayLogger({ logLevel: 'silent' }), book) };
}

/** Value of the only series of `name` whose labels hold `labels`. */
function valueIn(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const found = readExposition(text).series.filter(
    (series) =>
      series.name === name && Object.entries(labels).every(([label, value]) => series.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} series of ${name} match`);
  return found[0]?.value;
}

describe('expositions of several processes', () => {
  it('add up counters and histograms, series by series', async () => {
    const [one, two] = [process(), process()];
    one.observer.requestEnded(requestRecord({ durationMs: 700 }));
    one.observer.requestEnded(requestRecord({ durationMs: 900 }));
    two.observer.requestEnded(requestRecord({ durationMs: 400_000 }));
    two.observer.requestEnded(requestRecord({ stream: false, modelLabel: 'other-group' }));
    const texts = await Promise.all([one, two].map(async ({ metrics }) => (await metrics.exposition()).text));
    const text = aggregateExpositions(texts);
    const fast = { requested_model: 'team-fast' };
    expect(valueIn(text, 'litellm_requests_metric_total')).toBe(4);
    expect(valueIn(text, 'litellm_request_total_latency_metric_count', fast)).toBe(3);
    expect(valueIn(text, 'litellm_request_total_latency_metric_sum', fast)).toBeCloseTo(401.6);
    expect(valueIn(text, 'litellm_request_total_latency_metric_bucket', { ...fast, le: '1' })).toBe(2);
    expect(valueIn(text, 'litellm_request_total_latency_metric_bucket', { ...fast, le: '+Inf' })).toBe(3);
    expect(valueIn(text, 'litellm_request_total_latency_metric_count', { requested_model: 'other-group' })).toBe(1);
  });

  it('take the least, the greatest or the sum of gauges', async () => {
    const [one, two] = [process(), process()];
    const money = { scope: 'key', scopeId: 'k', limit: 'nano_usd', period: '30d', max: 10e9 } as const;
    one.observer.limitSeen({ ...money, used: 4e9 });
    two.observer.limitSeen({ ...money, used: 9e9 });
    one.observer.settlementsWaiting(2);
    two.observer.settlementsWaiting(3);
    one.observer.breakerChanged({ breaker: 'redis', open: true });
    two.observer.breakerChanged({ breaker: 'redis', open: false });
    one.metrics.inFlight.set(5);
    two.metrics.inFlight.set(6);
    const texts = await Promise.all([one, two].map(async ({ metrics }) => (await metrics.exposition()).text));
    const text = aggregateExpositions(texts, { gaugeRules: one.metrics.gaugeRules });
    expect(valueIn(text, 'litellm_remaining_api_key_budget_metric')).toBe(1);
    expect(valueIn(text, 'codex_settlement_backlog')).toBe(5);
    expect(valueIn(text, 'codex_breaker_open')).toBe(1);
    expect(valueIn(text, 'litellm_in_flight_requests')).toBe(11);
    const started = texts.map((each) => valueIn(each, 'process_start_time_seconds') ?? 0);
    expect(valueIn(text, 'process_start_time_seconds')).toBe(Math.min(...started));
  });

  it('of which one has ended keep its counts and forget its gauges', () => {
    const shown = (count: number, level: number): string =>
      `# HELP c_total C.\n# TYPE c_total counter\nc_total ${count}\n\n# HELP g G.\n# TYPE g gauge\ng ${level}\n`;
    const gone = aggregateExpositions([shown(3, 7)], { ended: [shown(2, 9)] });
    const text = aggregateExpositions([shown(10, 1), shown(20, 2)], { ended: [gone] });
    expect([valueIn(text, 'c_total'), valueIn(text, 'g')]).toEqual([35, 3]);
  });

  it('let no NaN swallow a value, and keep what has no end', () => {
    const shown = (value: string): string => `# HELP g G.\n# TYPE g gauge\ng{a="x y"} ${value}\n`;
    expect(aggregateExpositions([shown('Nan'), shown('4')])).toContain('g{a="x y"} 4');
    expect(aggregateExpositions([shown('+Inf'), shown('4')])).toContain('g{a="x y"} +Inf');
  });

  it('of one process stay what they are', async () => {
    const one = process();
    tellEverything(one.observer, 0);
    const { text } = await one.metrics.exposition();
    expect(readExposition(aggregateExpositions([text]))).toEqual(readExposition(text));
  });
});
