import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Counter } from 'prom-client';
import { GatewayMetrics } from '../../src/telemetry/gateway-metrics';

const page = join(__dirname, '..', '..', 'docs', 'observability.md');
const block = /(<!-- metrics:start -->\n)([^]*?)(<!-- metrics:end -->)/;

/** What the library knows of a metric beyond what its types say. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly type?: string;
  readonly labelNames: readonly string[];
}

async function table(): Promise<string> {
  const { registry } = new GatewayMetrics();
  const all = registry.getMetricsAsArray() as unknown as readonly (Described & Pick<Counter, 'get'>)[];
  const own = all.filter(({ name }) => /^(?:litellm|codex|gen_ai)_/.test(name));
  const rows = await Promise.all(
    own.map(async (metric) => {
      const { type } = await metric.get();
      return `| \`${metric.name}\` | ${String(type)} | ${metric.labelNames.join(' ')} | ${metric.help} |`;
    }),
  );
  return ['', '| metric | type | labels | meaning |', '|---|---|---|---|', ...rows.sort(), '', ''].join('\n');
}

it('the table of the documentation has every metric', async () => {
  const text = readFileSync(page, 'utf8');
  const current = await table();
  if (process.env['WRITE_TABLE'] !== undefined) {
    writeFileSync(
      page,
      text.replace(block, (_, start: string, _old, end: string) => `${start}${current}${end}`),
    );
  }
  expect(block.exec(readFileSync(page, 'utf8'))?.[2]).toBe(current);
});

it('every metric says its unit or counts something, and what it means', async () => {
  const { registry } = new GatewayMetrics();
  const all = registry.getMetricsAsArray() as unknown as readonly (Described & Pick<Counter, 'get'>)[];
  for (const metric of all.filter(({ name }) => name.startsWith('codex_'))) {
    const { type } = await metric.get();
    expect(metric.help).toMatch(/^.{10,}\.$/);
    expect(String(type) === 'counter').toBe(metric.name.endsWith('_total'));
  }
});
