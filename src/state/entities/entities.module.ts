import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { RedisLink } from '../redis/redis-link';
import { EntityStore } from './entity-store';
import { JournalEntityStore } from './journal-entity-store';
import { RedisEntityStore } from './redis-entity-store';

/** Where keys, teams and users are kept: Redis when there is one, else a journal in `STATE_DIR`. */
@Global()
@Module({
  providers: [{ provide: EntityStore, useFactory: entityStoreFor, inject: [SETTINGS, Clock, RedisLink] }],
  exports: [EntityStore],
})
export class EntitiesModule implements OnApplicationShutdown {
  constructor(@Inject(EntityStore) private readonly store: EntityStore) {}

  onApplicationShutdown(): Promise<void> {
    return this.store.close();
  }
}

/** The engine that the settings ask for. */
export function entityStoreFor(
  settings: Pick<Settings, 'stateDir'>,
  clock: Clock,
  redis: RedisLink | undefined,
): EntityStore {
  return redis === undefined ? new JournalEntityStore(settings.stateDir, clock) : new RedisEntityStore(redis);
}
