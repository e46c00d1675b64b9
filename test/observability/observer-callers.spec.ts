import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Observer } from '../../src/kernel/observer';
import { defaultObservability } from '../../src/config/observability-settings';
import { GatewayMetrics } from '../../src/telemetry/gateway-metrics';
import { LimitBook } from '../../src/telemetry/limit-book';
import { GatewayLogger } from '../../src/telemetry/logger';
import { MetricsObserver } from '../../src/telemetry/metrics-observer';
import { tellEverything } from '../support/sample-events';

const source = join(__dirname, '..', '..', 'src');
/** Its own methods, those without a body too. */
const methods = [
  ...readFileSync(join(source, 'kernel', 'observer.ts'), 'utf8').matchAll(/^ {2}(?:abstract )?(\w+)\(_?\w+: /gm),
].map(([, name]) => name ?? '');
const callers = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts') && !name.startsWith('telemetry/'))
  .map((name) => readFileSync(join(source, name), 'utf8'));

describe('what the observer can be told', () => {
  it('is found by this test', () => {
    expect(methods.length).toBeGreaterThanOrEqual(22);
    for (const name of Object.getOwnPropertyNames(Observer.prototype).filter((each) => each !== 'constructor')) {
      expect(methods).toContain(name);
    }
  });

  it.each(methods)('%s is told by somebody', (name) => {
    expect(callers.some((text) => new RegExp(`bserver\\??\\.${name}\\(`).test(text))).toBe(true);
  });

  it.each(methods)('%s is heard by the metrics', async (name) => {
    const shown = async (isDeaf: boolean): Promise<string> => {
      const metrics = new GatewayMetrics({ ...defaultObservability.metrics, userLabel: true, endUserLabel: true });
      const book = new LimitBook(metrics, () => 0, 100);
      metrics.onScrape(() => {
        book.publish();
      });
      const observer = new MetricsObserver(metrics, new GatewayLogger({ logLevel: 'silent' }), book);
      if (isDeaf) Object.assign(observer, { [name]: () => undefined });
      tellEverything(observer, 0);
      const { text } = await metrics.exposition();
      // The runtime's own figures never stand still.
      return text
        .split('\n')
        .filter((line) => /^(?:litellm|codex|gen_ai)_/.test(line))
        .join('\n');
    };
    expect(await shown(true)).not.toBe(await shown(false));
  });
});
