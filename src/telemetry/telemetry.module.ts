import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Observer } from '../kernel/observer';
import { GatewayMetrics } from './gateway-metrics';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

/** Logs and metrics, open to every floor above. */
@Global()
@Module({
  providers: [
    { provide: GatewayLogger, useFactory: (settings: Settings) => new GatewayLogger(settings), inject: [SETTINGS] },
    { provide: GatewayMetrics, useFactory: () => new GatewayMetrics() },
    {
      provide: Observer,
      useFactory: (metrics: GatewayMetrics, logger: GatewayLogger) => new MetricsObserver(metrics, logger),
      inject: [GatewayMetrics, GatewayLogger],
    },
  ],
  exports: [GatewayLogger, GatewayMetrics, Observer],
})
export class TelemetryModule implements OnApplicationShutdown {
  constructor(@Inject(GatewayLogger) private readonly logger: GatewayLogger) {}

  /** The last lines are still in the buffer. */
  async onApplicationShutdown(): Promise<void> {
    await this.logger.flush();
  }
}
