import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { GatewayMetrics } from './gateway-metrics';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

/** Metrics as the settings want them; names in the settings that mean nothing are told once. */
function metricsFor({ observability }: Settings, logger: GatewayLogger): GatewayMetrics {
  const metrics = new GatewayMetrics(observability.metrics);
  if (metrics.unknownNames.length > 0) {
    logger.event('warn', 'no metric has the names in prometheus_metrics_config or prometheus_exclude_metrics', {
      names: metrics.unknownNames,
    });
  }
  return metrics;
}

function observerFor(metrics: GatewayMetrics, logger: GatewayLogger, settings: Settings, clock: Clock): Observer {
  const book = new LimitBook(metrics, () => clock.nowMs(), settings.observability.metrics.maxSeries);
  metrics.onScrape(() => {
    book.publish();
  });
  return new MetricsObserver(metrics, logger, book);
}

/** Logs and metrics, open to every floor above. */
@Global()
@Module({
  providers: [
    { provide: GatewayLogger, useFactory: (settings: Settings) => new GatewayLogger(settings), inject: [SETTINGS] },
    { provide: GatewayMetrics, useFactory: metricsFor, inject: [SETTINGS, GatewayLogger] },
    { provide: Observer, useFactory: observerFor, inject: [GatewayMetrics, GatewayLogger, SETTINGS, Clock] },
  ],
  exports: [GatewayLogger, GatewayMetrics, Observer],
})
export class TelemetryModule implements OnApplicationShutdown {
  constructor(@Inject(GatewayLogger) private readonly logger: GatewayLogger) {}

  /** The last lines are still in the buffer. */
  onApplicationShutdown(): void {
    this.logger.flush();
  }
}
