import { Global, Inject, Module } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { RedisLink } from '../state/redis/redis-link';
import { GatewayLogger } from '../telemetry/logger';
import { Bookkeeper } from './bookkeeper';
import { Books } from './books';
import { LastComparison } from './keeping/last-comparison';
import { Ledger } from './ledger';
import { Meter } from './meter';

// eslint-disable-next-line max-params -- a factory takes what Nest injects
function openBooks(
  settings: Settings,
  clock: Clock,
  observer: Observer,
  redis: RedisLink | undefined,
  logger: GatewayLogger,
): Promise<Books> {
  const warn = (message: string): void => {
    logger.event('warn', message, { context: 'metering' });
  };
  return Books.open(settings, { clock, observer, redis, warn });
}

/** The money: what may run, what it holds, what it came to. Redis when there is one, else a journal in `STATE_DIR`. */
@Global()
@Module({
  providers: [
    {
      provide: Books,
      useFactory: openBooks,
      inject: [SETTINGS, Clock, Observer, RedisLink, GatewayLogger],
    },
    LastComparison,
    { provide: Meter, useFactory: ({ meter }: Books) => meter, inject: [Books] },
    { provide: Ledger, useFactory: ({ ledger }: Books) => ledger, inject: [Books] },
    { provide: Bookkeeper, useFactory: ({ bookkeeper }: Books) => bookkeeper, inject: [Books] },
  ],
  exports: [Meter, Ledger, Bookkeeper, LastComparison],
})
export class MeteringModule {
  constructor(@Inject(Books) private readonly books: Books) {}

  /** Before the shared state closes, and after the door has: nothing comes after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.books.close();
  }
}
