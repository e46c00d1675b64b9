import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { defaultObservability } from '../../src/config/observability-settings';
import { GatewayMetrics } from '../../src/telemetry/gateway-metrics';
import { LimitBook } from '../../src/telemetry/limit-book';
import { GatewayLogger } from '../../src/telemetry/logger';
import { MetricsObserver } from '../../src/telemetry/metrics-observer';
import { burst429, faults } from '../simulator/faults';
import { chatBody, post } from './calls';
import { type TestBench } from './gateway';
import { tellEverything } from './sample-events';

/** A configuration with a bit of everything that metrics tell of. */
export const sampleConfig = `
litellm_settings:
  num_retries: 2
  codex_metrics_user_label: true
  enable_end_user_cost_tracking_prometheus_only: true
router_settings:
  model_group_alias: {gpt-4o: team-fast}
  fallbacks: [{team-fast: [team-spare]}]
model_list:
  - model_name: team-fast
    litellm_params: {model: codex-oauth/gpt-5.5, rpm: 600, tpm: 1000000}
    model_info: {id: fast-one}
  - model_name: team-spare
    litellm_params: {model: codex-oauth/gpt-6.1-sol}
    model_info: {id: spare-one}
  - model_name: old-name
    litellm_params: {model: codex-oauth/gpt-5.1-codex}
    model_info: {id: old-one}
`;

/** Asks one gateway in every way, until it is stopped: streams, JSON answers, failures of all kinds, wrong keys and models. */
export class SampleLoad {
  private isStopped = false;
  private readonly running: Promise<void>;

  constructor(private readonly bench: TestBench) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    for (let turn = 0; !this.isStopped; turn += 1) await this.turn(turn);
  }

  private async turn(turn: number): Promise<void> {
    const { simulator } = this.bench;
    const troubles = [
      faults.server500,
      faults.noTerminalEvent,
      faults.failedAfterText,
      burst429(1),
      faults.contextLength400,
    ];
    if (turn % 2 === 1) simulator.script.next(troubles[(turn >> 1) % troubles.length] ?? faults.server500);
    await Promise.all([
      this.ask('team-fast', { stream: true, user: `customer-${turn % 3}`, max_tokens: 50 }),
      this.ask('gpt-4o', { stream: true, stream_options: { include_usage: true } }),
      this.ask('team-fast', {}),
      this.ask(turn % 4 === 0 ? 'old-name' : 'team-spare', { stream: turn % 3 === 0 }),
      post(this.bench, '/v1/responses', { model: 'team-spare', input: 'Hello?', stream: true }),
      turn % 5 === 0 ? this.ask(`guess-${turn}`, {}) : undefined,
      turn % 5 === 1
        ? post(this.bench, '/v1/chat/completions', chatBody(), { authorization: 'Bearer sk-wrong-wrong' })
        : undefined,
    ]);
  }

  private ask(model: string, more: Readonly<Record<string, unknown>>): Promise<unknown> {
    return post(this.bench, '/v1/chat/completions', chatBody({ model, ...more }));
  }
}

/** A listener that shows the metrics of a process to which everything happens again every quarter of a second. */
export class SampleExposition {
  private readonly metrics = new GatewayMetrics({
    ...defaultObservability.metrics,
    userLabel: true,
    endUserLabel: true,
  });
  private readonly timer: NodeJS.Timeout;
  private readonly server = createServer((_request, response) => {
    void this.metrics
      .exposition()
      .then(({ text, contentType }) => response.setHeader('content-type', contentType).end(text));
  });

  private constructor() {
    const book = new LimitBook(this.metrics, Date.now, 100);
    this.metrics.onScrape(() => {
      book.publish();
    });
    const observer = new MetricsObserver(this.metrics, new GatewayLogger({ logLevel: 'silent' }), book);
    this.timer = setInterval(() => {
      tellEverything(observer, Date.now());
      this.metrics.state.callbackEvents.add(['webhook', 'sent']);
    }, 250);
  }

  static async start(): Promise<SampleExposition> {
    const sample = new SampleExposition();
    await new Promise<void>((resolve) => sample.server.listen(0, '127.0.0.1', resolve));
    return sample;
  }

  /** `host:port`, as a scrape target. */
  get target(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    clearInterval(this.timer);
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}
