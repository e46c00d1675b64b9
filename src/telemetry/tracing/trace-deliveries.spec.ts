import { core } from '@opentelemetry/sdk-node';
import { readExposition } from '../../../test/support/expositions';
import { GatewayMetrics } from '../gateway-metrics';
import { type LogFields } from '../log-fields';
import { deliveryTeller } from './trace-deliveries';
import { WatchedExporter } from './watched-exporter';

type Exporter = ConstructorParameters<typeof WatchedExporter>[0];
type Result = Parameters<Parameters<Exporter['export']>[1]>[0];

const { SUCCESS, FAILED } = core.ExportResultCode;
const sent: Result = { code: SUCCESS };
const lost = (error?: Error): Result => ({ code: FAILED, ...(error && { error }) });

/** An exporter whose batches end as they are told to, and what is said of them. */
function watched() {
  const ends: Result[] = [];
  const told: Result[] = [];
  const lines: [level: string, message: string, fields: LogFields][] = [];
  const metrics = new GatewayMetrics();
  const exporter = new WatchedExporter({
    export: (_, done) => {
      done(ends.shift() ?? sent);
    },
    shutdown: () => Promise.resolve(),
    forceFlush: () => Promise.resolve(),
  });
  exporter.heard = deliveryTeller({ event: (...line) => lines.push(line) }, metrics);
  const send = (end: Result): void => {
    ends.push(end);
    exporter.export([], (result) => told.push(result));
  };
  const counted = async () => {
    const { series } = readExposition((await metrics.exposition()).text);
    return series.filter(({ name }) => name === 'codex_trace_spans_total').map(({ labels }) => labels['outcome']);
  };
  return { send, told, lines, counted };
}

const refused = lost(Object.assign(new Error('secret words'), { code: 'ECONNREFUSED' }));
const unavailable = lost(Object.assign(new Error('a page'), { code: 503 }));

describe('deliveries of traces', () => {
  it('are told once when spans begin to be lost, with why and nothing that the receiver said, and once when that ends', () => {
    const { send, told, lines } = watched();
    for (const end of [sent, refused, unavailable, sent, sent, unavailable]) send(end);
    expect(lines.map(([level, , { code }]) => [level, code])).toEqual([
      ['warn', 'ECONNREFUSED'],
      ['info', undefined],
      ['warn', 'status 503'],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/secret|page/);
    expect(told).toHaveLength(6);
  });

  it('that end without a reason ran out of time', () => {
    const { send, lines } = watched();
    send(lost());
    expect(lines[0]?.[2]).toEqual({ code: 'timeout' });
  });

  it('are counted by what became of them', async () => {
    const { send, counted } = watched();
    for (const end of [sent, refused]) send(end);
    expect([...(await counted())].sort()).toEqual(['lost', 'sent']);
  });
});
