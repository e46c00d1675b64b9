import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { testKnobs } from '../config/test-knobs';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { GatewayMetrics } from './gateway-metrics';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';
import { RequestFeed } from './request-feed';

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

/** What a bench compares with. */
class UnheardObserver extends Observer {
  requestEnded(): void {
    // Nobody listens.
  }
  attemptEnded(): void {
    // Nobody listens.
  }
}

/** What the observer is made of. */
interface ObserverParts {
  readonly metrics: GatewayMetrics;
  readonly logger: GatewayLogger;
  readonly feed: RequestFeed;
  readonly clock: Clock;
}

function observerFor({ metrics, logger, feed, clock }: ObserverParts, settings: Settings): Observer {
  if (testKnobs().isUnobserved) return new UnheardObserver();
  const book = new LimitBook(metrics, () => clock.nowMs(), settings.observability.metrics.maxSeries);
  metrics.onScrape(() => {
    book.publish();
  });
  return new MetricsObserver(metrics, logger, book, feed);
}

/** Logs and metrics, open to every floor above. */
@Global()
@Module({
  providers: [
    { provide: GatewayLogger, useFactory: (settings: Settings) => new GatewayLogger(settings), inject: [SETTINGS] },
    { provide: GatewayMetrics, useFactory: metricsFor, inject: [SETTINGS, GatewayLogger] },
    RequestFeed,
    {
      provide: Observer,
      // eslint-disable-next-line max-params -- the injector hands its values over one by one
      useFactory: (
        metrics: GatewayMetrics,
        logger: GatewayLogger,
        feed: RequestFeed,
        clock: Clock,
        settings: Settings,
      ): Observer => observerFor({ metrics, logger, feed, clock }, settings),
      inject: [GatewayMetrics, GatewayLogger, RequestFeed, Clock, SETTINGS],
    },
  ],
  exports: [GatewayLogger, GatewayMetrics, Observer, RequestFeed],
})
export class TelemetryModule implements OnApplicationShutdown {
  constructor(@Inject(GatewayLogger) private readonly logger: GatewayLogger) {}

  /** The last lines are still in the buffer. */
  async onApplicationShutdown(): Promise<void> {
    await this.logger.flush();
  }
}
