import { type DynamicModule, Module } from '@nestjs/common';
import { ApiModule } from './api/api.module';
import { type CodexHooks } from './config/hooks';
import { GatewayConfigModule } from './config/config.module';
import { type Settings } from './config/settings';
import { HealthModule } from './health/health.module';
import { HttpModule } from './http/http.module';
import { type Lifecycle } from './http/lifecycle';
import { KeysModule } from './keys/keys.module';
import { MeteringModule } from './metering/metering.module';
import { MetricsModule } from './metrics/metrics.module';
import { OutboundModule } from './outbound/outbound.module';
import { HooksModule } from './prompts/hooks.module';
import { StateModule } from './state/state.module';
import { TelemetryModule } from './telemetry/telemetry.module';

/** What is made before Nest starts. */
export interface GatewayParts {
  readonly settings: Settings;
  readonly hooks: readonly CodexHooks[];
  readonly lifecycle: Lifecycle;
}

/** The wiring diagram of the house. */
@Module({})
export class AppModule {
  static of({ settings, hooks, lifecycle }: GatewayParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        GatewayConfigModule.register(settings),
        HooksModule.of(hooks),
        TelemetryModule,
        HttpModule.forLifecycle(lifecycle),
        OutboundModule,
        StateModule,
        KeysModule,
        MeteringModule,
        ApiModule,
        MetricsModule,
        HealthModule,
      ],
    };
  }
}
