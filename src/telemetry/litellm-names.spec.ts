import { defaultObservability } from '../config/observability-settings';
import { labelNamesOf, readExposition } from '../../test/support/expositions';
import { litellmMetrics, meaninglessMetrics } from '../../test/support/litellm-metrics';
import { tellEverything } from '../../test/support/sample-events';
import { GatewayMetrics } from './gateway-metrics';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

describe("LiteLLM's metrics", () => {
  const metricsSettings = {
    ...defaultObservability.metrics,
    userLabel: true,
    endUserLabel: true,
    streamLabel: true,
  };
  const metrics = new GatewayMetrics(metricsSettings);
  const logger = new GatewayLogger({ logLevel: 'silent' });
  const book = new LimitBook(metrics, () => 0, 100);
  metrics.onScrape(() => {
    book.publish();
  });
  tellEverything(new MetricsObserver(metrics, logger, book), 0);
  metrics.state.callbackFailures.add(['webhook']);
  const shown = metrics.exposition().then(({ text }) => readExposition(text));

  it.each(litellmMetrics)('%s is a %s with its labels, and has data', async (name, type, labels) => {
    const exposition = await shown;
    expect(exposition.types.get(name)).toBe(type);
    const wanted = labels === '' ? [] : labels.split(' ').sort();
    expect(labelNamesOf(exposition, name)).toEqual(wanted);
    expect(exposition.series.some((series) => series.name === name || series.name === `${name}_count`)).toBe(true);
  });

  it('are all listed here, and none that would tell nothing is served', async () => {
    const { types } = await shown;
    const named = new Set(litellmMetrics.map(([name]) => name));
    const unlisted = [...types.keys()].filter((name) => name.startsWith('litellm_') && !named.has(name));
    expect(unlisted).toEqual([]);
    for (const name of Object.keys(meaninglessMetrics)) expect([...types.keys()]).not.toContain(name);
  });
});
