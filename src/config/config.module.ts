import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { Clock } from '../kernel/clock';
import { type Settings } from './settings';
import { SystemClock } from './system-clock';

/** Token of the frozen `Settings`. */
export const SETTINGS = Symbol('SETTINGS');
/** Token of `Settings.times`, a `TimeLimits`. */
export const TIME_LIMITS = Symbol('TIME_LIMITS');

/** Gives every module what the process was told (`SETTINGS`, `TIME_LIMITS`) and the time of day (`Clock`). */
@Global()
@Module({})
export class GatewayConfigModule {
  /**
   * Builds on Nest's ConfigModule, which also carries the settings under the key `gateway`; no `.env` file is read.
   *
   * @param settings from `loadSettings`, or made by a test.
   */
  static register(settings: Settings): DynamicModule {
    return {
      module: GatewayConfigModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [() => ({ gateway: settings })],
        }),
      ],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: TIME_LIMITS, useValue: settings.times },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [SETTINGS, TIME_LIMITS, Clock],
    };
  }
}
