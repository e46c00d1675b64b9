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
  readonly book: LimitBook;
}

function limitBookFor(metrics: GatewayMetrics, clock: Clock, { observability }: Settings): LimitBook {
  const book = new LimitBook(metrics, () => clock.nowMs(), observability.metrics.maxSeries);
  metrics.onScrape(() => {
    book.publish();
  });
  return book;
}

function observerFor({ metrics, logger, feed, book }: ObserverParts): Observer {
  return testKnobs().isUnobserved ? new UnheardObserver() : new MetricsObserver(metrics, logger, book, feed);
}

/** Logs and metrics, open to every floor above. */
@Global()
@Module({
  providers: [
    { provide: GatewayLogger, useFactory: (settings: Settings) => new GatewayLogger(settings), inject: [SETTINGS] },
    { provide: GatewayMetrics, useFactory: metricsFor, inject: [SETTINGS, GatewayLogger] },
    RequestFeed,
    { provide: LimitBook, useFactory: limitBookFor, inject: [GatewayMetrics, Clock, SETTINGS] },
    {
      provide: Observer,
      useFactory: (metrics: GatewayMetrics, logger: GatewayLogger, feed: RequestFeed, book: LimitBook): Observer =>
        observerFor({ metrics, logger, feed, book }),
      inject: [GatewayMetrics, GatewayLogger, RequestFeed, LimitBook],
    },
  ],
  exports: [GatewayLogger, GatewayMetrics, LimitBook, Observer, RequestFeed],
})
export class TelemetryModule implements OnApplicationShutdown {
  constructor(@Inject(GatewayLogger) private readonly logger: GatewayLogger) {}

  /** The last lines are still in the buffer. */
  async onApplicationShutdown(): Promise<void> {
    await this.logger.flush();
  }
}
