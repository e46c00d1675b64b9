import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { Clock } from '../kernel/clock';
import { type Settings } from './settings';
import { SettingsChanges, SettingsHolder } from './settings-holder';
import { SystemClock } from './system-clock';

/** Token of the `Settings` in force: one object for the life of the process, whose members change when the file is read anew. */
export const SETTINGS = Symbol('SETTINGS');
/** Token of the `Settings.times` of the start, a `TimeLimits`. */
export const TIME_LIMITS = Symbol('TIME_LIMITS');

/** Gives every module what the process was told (`SETTINGS`, `TIME_LIMITS`, `SettingsChanges`) and the time of day (`Clock`). */
@Global()
@Module({})
export class GatewayConfigModule {
  /**
   * Builds on Nest's ConfigModule, which also carries the settings under the key `gateway`; no `.env` file is read.
   *
   * @param told settings from `loadSettings` that stay as they are, or the holder of those that change.
   */
  static register(told: Settings | SettingsHolder): DynamicModule {
    const holder = told instanceof SettingsHolder ? told : new SettingsHolder(told);
    const settings = told instanceof SettingsHolder ? told.live : told;
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
        { provide: SettingsHolder, useValue: holder },
        { provide: SettingsChanges, useValue: holder },
        { provide: Clock, useClass: SystemClock },
      ],
      exports: [SETTINGS, TIME_LIMITS, SettingsHolder, SettingsChanges, Clock],
    };
  }
}
