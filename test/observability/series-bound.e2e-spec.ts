import { chatBody, post, send } from '../support/calls';
import { readExposition, type ShownSeries } from '../support/expositions';
import { startBench, type TestBench } from '../support/gateway';

/** Names that a client makes up, a new one in every request. What ten thousand do to the memory: `metric-settings.spec.ts`. */
const junk = process.env['TEST_LONG'] === undefined ? 2_000 : 10_000;
/** Of them go with a request that is served; each of those costs a round trip to the upstream. */
const served = 400;
const maxSeries = 300;
const atOnce = 40;

describe('junk in requests', () => {
  let bench: TestBench;

  beforeAll(async () => {
    bench = await startBench({
      env: { PROMETHEUS_MAX_SERIES_PER_METRIC: String(maxSeries) },
      config:
        'litellm_settings: {enable_end_user_cost_tracking_prometheus_only: true, codex_metrics_user_label: true}\n',
    });
  });
  afterAll(async () => {
    await bench.close();
  });

  const shown = async (): Promise<readonly ShownSeries[]> =>
    readExposition((await send(bench, '/metrics')).text).series;

  it('leaves the number of series within its bound, and the scrape small', async () => {
    const ask = (index: number): Promise<unknown> =>
      post(
        bench,
        '/v1/chat/completions',
        chatBody({ model: index < served ? 'gpt-5.5' : `guess-${index}`, user: `nobody-${index}` }),
        {
          'user-agent': `agent-${index}`,
        },
      );
    for (let from = 0; from < junk; from += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, index) => ask(from + index)));
    }
    const series = await shown();
    const counts = new Map<string, number>();
    for (const { name, labels } of series)
      if (labels['le'] === undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    // The one that stands for all others comes on top.
    expect(Math.max(...counts.values())).toBe(maxSeries + 1);
    expect(series.filter(({ labels }) => Object.values(labels).some((value) => value.includes('guess-')))).toEqual([]);
    const asked = series.filter(({ name }) => name === 'litellm_proxy_total_requests_metric_total');
    expect(asked.reduce((sum, { value }) => sum + value, 0)).toBe(junk);
    expect(series.some(({ name, value }) => name === 'codex_metric_series_overflow_total' && value > 0)).toBe(true);
  });
});
