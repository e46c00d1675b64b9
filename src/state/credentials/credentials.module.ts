import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { RedisLink } from '../redis/redis-link';
import { CredentialStore } from './credential-store';
import { JournalCredentialStore } from './journal-credential-store';
import { Keyring } from './keyring';
import { RedisCredentialStore } from './redis-credential-store';

/** Where logins are kept: Redis when there is one, else a journal in `STATE_DIR`. */
@Module({
  providers: [
    { provide: CredentialStore, useFactory: storeFor, inject: [SETTINGS, Clock, RedisLink] },
    { provide: Keyring, useFactory: (settings: Settings) => new Keyring(settings), inject: [SETTINGS] },
  ],
  exports: [CredentialStore, Keyring],
})
export class CredentialsModule implements OnApplicationShutdown {
  constructor(@Inject(CredentialStore) private readonly store: CredentialStore) {}

  onApplicationShutdown(): Promise<void> {
    return this.store.close();
  }
}

function storeFor(settings: Settings, clock: Clock, redis: RedisLink | undefined): CredentialStore {
  return redis === undefined ? new JournalCredentialStore(settings.stateDir, clock) : new RedisCredentialStore(redis);
}
