import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { StateDir } from '../state/state-dir';
import { KeyAuthenticator } from './key-authenticator';
import { KeyGuard } from './key.guard';
import { MasterKey, MasterKeyAuthenticator } from './master-key';

/** The configured master key, else the one kept in the state folder. */
async function obtainMasterKey(settings: Settings): Promise<MasterKey> {
  if (settings.masterKey !== undefined) return new MasterKey(settings.masterKey, undefined);
  const stored = await new StateDir(settings.stateDir).obtainMasterKey();
  return new MasterKey(stored.key, stored.path);
}

/** Who may call: the guard in front of every route, and the master key. */
@Global()
@Module({
  providers: [
    { provide: MasterKey, useFactory: obtainMasterKey, inject: [SETTINGS] },
    {
      provide: KeyAuthenticator,
      useFactory: (masterKey: MasterKey) => new MasterKeyAuthenticator(masterKey),
      inject: [MasterKey],
    },
    KeyGuard,
    { provide: APP_GUARD, useExisting: KeyGuard },
  ],
  exports: [MasterKey, KeyAuthenticator, KeyGuard],
})
export class KeysModule {}
