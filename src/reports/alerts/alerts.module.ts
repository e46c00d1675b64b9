import { Global, Module } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { Outbound } from '../../outbound/outbound';
import { SharedCache } from '../../state/shared-cache';
import { GatewayLogger } from '../../telemetry/logger';
import { AlertCenter } from './alert-center';
import { AlertQueue } from './alert-queue';

/** Telling people about budgets; for the story, which sees limits, and for the doors, which make keys and users. */
@Global()
@Module({
  providers: [
    {
      provide: AlertQueue,
      useFactory: makeQueue,
      inject: [SETTINGS, Outbound, SharedCache, Clock, GatewayLogger],
    },
    AlertCenter,
  ],
  exports: [AlertCenter],
})
export class AlertsModule {}

// eslint-disable-next-line max-params -- a factory gets what it injects
function makeQueue(
  settings: Settings,
  outbound: Outbound,
  shared: SharedCache,
  clock: Clock,
  logger: GatewayLogger,
): AlertQueue {
  return new AlertQueue({
    settings: () => settings.alerts,
    stateDir: settings.stateDir,
    outbound,
    shared,
    clock,
    logger,
  });
}
