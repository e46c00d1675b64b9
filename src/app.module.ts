import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module';
import { ReportDoorsModule } from './admin/reports/report-doors.module';
import { ApiModule } from './api/api.module';
import { type CodexHooks } from './config/hooks';
import { GatewayConfigModule } from './config/config.module';
import { type Settings } from './config/settings';
import { type SettingsHolder } from './config/settings-holder';
import { type SettingsSource } from './config/settings-source';
import { HealthModule } from './health/health.module';
import { HttpModule } from './http/http.module';
import { type Lifecycle } from './http/lifecycle';
import { KeysModule } from './keys/keys.module';
import { CallbacksModule } from './metrics/callbacks/callbacks.module';
import { MeteringModule } from './metering/metering.module';
import { MetricsModule } from './metrics/metrics.module';
import { OutboundModule } from './outbound/outbound.module';
import { HooksModule } from './prompts/hooks.module';
import { ReloadModule } from './reload/reload.module';
import { AlertsModule } from './reports/alerts/alerts.module';
import { StateModule } from './state/state.module';
import { TelemetryModule } from './telemetry/telemetry.module';

/** What is made before Nest starts. */
export interface GatewayParts {
  /** With a holder they may change. */
  readonly settings: Settings | SettingsHolder;
  /** Where they are read anew. */
  readonly source?: SettingsSource | undefined;
  readonly hooks: readonly CodexHooks[];
  readonly lifecycle: Lifecycle;
}

/** The wiring diagram of the house. */
@Module({})
export class AppModule {
  static of({ settings, source, hooks, lifecycle }: GatewayParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        GatewayConfigModule.register(settings),
        HooksModule.of(hooks),
        TelemetryModule,
        HttpModule.forLifecycle(lifecycle),
        OutboundModule,
        StateModule,
        ReloadModule.from(source),
        KeysModule,
        MeteringModule,
        AlertsModule,
        ApiModule,
        AdminModule,
        ReportDoorsModule,
        MetricsModule,
        CallbacksModule,
        HealthModule,
      ],
    };
  }
}
