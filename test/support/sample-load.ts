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
  callbacks: [webhook]
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

interface SampleKeys {
  readonly ann: string;
  readonly bob: string;
  /** One request a minute. */
  readonly slow: string;
}

/** Asks one gateway in every way, until it is stopped: streams, JSON answers, failures of all kinds, wrong keys and models. */
export class SampleLoad {
  private isStopped = false;
  private isExpired = false;
  private readonly startedMs = performance.now();
  private readonly running: Promise<void>;

  private constructor(
    private readonly bench: TestBench,
    private readonly keys: SampleKeys,
  ) {
    this.running = this.run();
  }

  /** Makes a team and its keys, then begins. */
  static async start(bench: TestBench): Promise<SampleLoad> {
    const made = async (path: string, body: unknown, field: string): Promise<string> => {
      const { json } = await post(bench, path, body);
      const value = (json as Readonly<Record<string, unknown>> | undefined)?.[field];
      if (typeof value !== 'string') throw new Error(`${path} made no ${field}`);
      return value;
    };
    const team = await made('/team/new', { team_alias: 'core', max_budget: 50, budget_duration: '30d' }, 'team_id');
    const own = { team_id: team, max_budget: 20, budget_duration: '7d', rpm_limit: 100_000 };
    const ann = await made('/key/generate', { ...own, key_alias: 'ann', user_id: 'ann' }, 'key');
    const bob = await made('/key/generate', { ...own, key_alias: 'bob', user_id: 'bob' }, 'key');
    const slow = await made('/key/generate', { key_alias: 'slow', rpm_limit: 1 }, 'key');
    return new SampleLoad(bench, { ann, bob, slow });
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
    if (!this.isExpired && performance.now() - this.startedMs > 4_000) this.expire();
    await Promise.all([
      this.ask(
        'team-fast',
        { stream: true, user: `customer-${turn % 3}`, max_tokens: 50, prompt_cache_key: `conversation-${turn % 4}` },
        this.keys.ann,
      ),
      this.ask('gpt-4o', { stream: true, stream_options: { include_usage: true } }, this.keys.bob),
      this.ask('team-fast', {}, turn % 2 === 0 ? this.keys.ann : this.keys.slow),
      this.ask(turn % 4 === 0 ? 'old-name' : 'team-spare', { stream: turn % 3 === 0 }),
      post(this.bench, '/v1/responses', { model: 'team-spare', input: 'Hello?', stream: true }),
      turn % 5 === 0 ? this.ask(`guess-${turn}`, {}) : undefined,
      turn % 5 === 1
        ? post(this.bench, '/v1/chat/completions', chatBody(), { authorization: 'Bearer sk-wrong-wrong' })
        : undefined,
    ]);
  }

  /** A token that is refused has its login renewed; once Prometheus has seen how it was before. */
  private expire(): void {
    const { simulator } = this.bench;
    this.isExpired = true;
    const last = simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    simulator.tokens.expire(last?.headers['authorization']?.replace('Bearer ', '') ?? '');
  }

  private ask(model: string, more: Readonly<Record<string, unknown>>, key = this.bench.key): Promise<unknown> {
    return post({ url: this.bench.url, key }, '/v1/chat/completions', chatBody({ model, ...more }));
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
      this.metrics.state.traceSpans.add(['sent'], 4);
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
