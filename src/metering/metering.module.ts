import { Inject, Module } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { RedisLink } from '../state/redis/redis-link';
import { Books } from './books';
import { Ledger } from './ledger';
import { Meter } from './meter';

/** The money: what may run, what it holds, what it came to. Redis when there is one, else a journal in `STATE_DIR`. */
@Module({
  providers: [
    {
      provide: Books,
      useFactory: (settings: Settings, clock: Clock, observer: Observer, redis: RedisLink | undefined) =>
        Books.open(settings, { clock, observer, redis }),
      inject: [SETTINGS, Clock, Observer, RedisLink],
    },
    { provide: Meter, useFactory: ({ meter }: Books) => meter, inject: [Books] },
    { provide: Ledger, useFactory: ({ ledger }: Books) => ledger, inject: [Books] },
  ],
  exports: [Meter, Ledger],
})
export class MeteringModule {
  constructor(@Inject(Books) private readonly books: Books) {}

  /** Before the shared state closes, and after the door has: nothing comes after this. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.books.close();
  }
}
