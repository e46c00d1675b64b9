import { type DynamicModule, Module } from '@nestjs/common';
import { SettingsSource } from '../config/settings-source';
import { ConfigReload } from './config-reload';

/** Settings that follow their file. */
@Module({})
export class ReloadModule {
  /** Without a source nothing is ever read anew. */
  static from(source: SettingsSource | undefined): DynamicModule {
    return {
      module: ReloadModule,
      global: true,
      providers: [{ provide: SettingsSource, useValue: source }, ConfigReload],
      exports: [ConfigReload],
    };
  }
}
