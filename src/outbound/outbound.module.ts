import { Global, Module } from '@nestjs/common';
import { Outbound } from './outbound';
import { UndiciOutbound } from './undici-outbound';

/** The way out, for whoever talks to the world. */
@Global()
@Module({
  providers: [{ provide: Outbound, useClass: UndiciOutbound }],
  exports: [Outbound],
})
export class OutboundModule {}
