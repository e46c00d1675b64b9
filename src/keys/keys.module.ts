import {
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { EntitiesModule } from '../state/entities/entities.module';
import { EntityStore } from '../state/entities/entity-store';
import { StateDir } from '../state/state-dir';
import { GatewayLogger } from '../telemetry/logger';
import { type HolderRules } from './compile/principal-of';
import { CustomerDirectory } from './directory/customer-directory';
import { HolderReader } from './directory/holder-reader';
import { HolderScopes } from './directory/holder-scopes';
import { KeyDirectory } from './directory/key-directory';
import { StateWatch } from './directory/state-watch';
import { HitCounter } from './hit-counter';
import { KeyAuthenticator } from './key-authenticator';
import { KeyGuard } from './key.guard';
import { MasterKey, MasterKeyAuthenticator } from './master-key';
import { type KeyRules, readRules } from './key-rules';

/** The configured master key, else the one kept in the state folder. */
async function obtainMasterKey(settings: Settings): Promise<MasterKey> {
  if (settings.masterKey !== undefined) return new MasterKey(settings.masterKey, undefined);
  const stored = await new StateDir(settings.stateDir).obtainMasterKey();
  return new MasterKey(stored.key, stored.path);
}

/** Token of the `KeyRules` that the settings make. */
export const KEY_RULES = Symbol('KEY_RULES');

type Rules = HolderRules & { readonly customerBudgetId: string | undefined };
interface Collaborators {
  readonly store: EntityStore;
  readonly reader: HolderReader;
  readonly watch: StateWatch;
  readonly clock: Clock;
  readonly rules: Rules;
  readonly logger: GatewayLogger;
}
const COLLABORATORS = Symbol('COLLABORATORS');

/** Who may call: the guard in front of every route, the master key, and the holders of virtual keys. */
@Global()
@Module({
  imports: [EntitiesModule],
  providers: [
    { provide: MasterKey, useFactory: obtainMasterKey, inject: [SETTINGS] },
    {
      provide: KEY_RULES,
      useFactory: ({ keys, keyPlaces, observability }: Settings): KeyRules => ({
        ...readRules(keys, keyPlaces),
        metadataLabels: observability.metrics.metadataLabels,
      }),
      inject: [SETTINGS],
    },
    { provide: HolderReader, useFactory: (store: EntityStore) => new HolderReader(store), inject: [EntityStore] },
    {
      provide: StateWatch,
      useFactory: (store: EntityStore, clock: Clock, settings: Settings, logger: GatewayLogger) =>
        new StateWatch(store, clock, settings.times, logger),
      inject: [EntityStore, Clock, SETTINGS, GatewayLogger],
    },
    {
      provide: COLLABORATORS,
      useFactory: (
        ...[store, reader, watch, clock, rules, logger]: [
          EntityStore,
          HolderReader,
          StateWatch,
          Clock,
          Rules,
          GatewayLogger,
        ]
      ): Collaborators => ({ store, reader, watch, clock, rules, logger }),
      inject: [EntityStore, HolderReader, StateWatch, Clock, KEY_RULES, GatewayLogger],
    },
    {
      provide: KeyAuthenticator,
      useFactory: (masterKey: MasterKey, parts: Collaborators) =>
        new KeyDirectory({ ...parts, master: new MasterKeyAuthenticator(masterKey) }),
      inject: [MasterKey, COLLABORATORS],
    },
    {
      provide: HolderScopes,
      useFactory: (store: EntityStore, reader: HolderReader, rules: Rules) => new HolderScopes(store, reader, rules),
      inject: [EntityStore, HolderReader, KEY_RULES],
    },
    {
      provide: CustomerDirectory,
      useFactory: (parts: Collaborators) => new CustomerDirectory(parts),
      inject: [COLLABORATORS],
    },
    { provide: HitCounter, useFactory: (clock: Clock) => new HitCounter(clock), inject: [Clock] },
    KeyGuard,
    { provide: APP_GUARD, useExisting: KeyGuard },
  ],
  exports: [
    MasterKey,
    KeyAuthenticator,
    KeyGuard,
    CustomerDirectory,
    HolderReader,
    HolderScopes,
    StateWatch,
    KEY_RULES,
  ],
})
export class KeysModule implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(StateWatch) private readonly watch: StateWatch,
    @Inject(CustomerDirectory) private readonly customers: CustomerDirectory,
  ) {}

  onModuleInit(): void {
    this.watch.start();
  }

  onApplicationBootstrap(): void {
    // Without the state nobody knows yet: the first customer then asks again.
    void this.customers.checkDefault().catch(() => undefined);
  }

  onModuleDestroy(): void {
    this.watch.stop();
  }
}
