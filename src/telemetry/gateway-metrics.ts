import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { defaultObservability, type MetricsSettings } from '../config/observability-settings';
import { type AcrossProcesses } from './aggregate-expositions';
import { AccountMetrics } from './metrics/account-metrics';
import { BookMetrics, LimitMetrics } from './metrics/book-metrics';
import { ConfigMetrics } from './metrics/config-metrics';
import { DeploymentMetrics } from './metrics/deployment-metrics';
import { MetricFactory } from './metrics/metric-factory';
import { type OwnLabels } from './metrics/own-labels';
import { RequestMetrics } from './metrics/request-metrics';
import { StateMetrics } from './metrics/state-metrics';

/**
 * Every metric of the process in one registry, by family. Names and labels of the `litellm_` family are LiteLLM's, so that
 * its dashboards work unchanged.
 */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly inFlight = new Gauge({
    name: 'litellm_in_flight_requests',
    help: 'Client requests being served.',
    registers: [this.registry],
  });
  readonly requests: RequestMetrics;
  readonly deployments: DeploymentMetrics;
  readonly accounts: AccountMetrics;
  readonly books: BookMetrics;
  readonly limits: LimitMetrics;
  readonly state: StateMetrics;
  readonly config: ConfigMetrics;
  readonly ownLabels: OwnLabels;
  readonly tellsUsers: boolean;
  readonly tellsCustomers: boolean;
  /** Names in the settings that no metric has. */
  readonly unknownNames: readonly string[];
  /** How gauges of several processes become one; the others are added up. */
  readonly gaugeRules: ReadonlyMap<string, AcrossProcesses>;
  private readonly beforeScrape: (() => void)[] = [];

  constructor(settings: MetricsSettings = defaultObservability.metrics) {
    collectDefaultMetrics({ register: this.registry });
    const make = new MetricFactory(this.registry, settings);
    this.requests = new RequestMetrics(make);
    this.deployments = new DeploymentMetrics(make);
    this.accounts = new AccountMetrics(make);
    this.books = new BookMetrics(make);
    this.limits = new LimitMetrics(make);
    this.state = new StateMetrics(make);
    this.config = new ConfigMetrics(make);
    this.ownLabels = make.ownLabels;
    this.tellsUsers = make.tells('user') || make.tells('user_email');
    this.tellsCustomers = make.tells('end_user');
    this.unknownNames = make.unknownNames();
    this.gaugeRules = make.gaugeRules;
  }

  /** Has something brought up to date before each scrape; it must not throw. */
  onScrape(update: () => void): void {
    this.beforeScrape.push(update);
  }

  /** The exposition text, and its content type. */
  async exposition(): Promise<{ readonly text: string; readonly contentType: string }> {
    for (const update of this.beforeScrape) update();
    return { text: await this.registry.metrics(), contentType: this.registry.contentType };
  }
}
