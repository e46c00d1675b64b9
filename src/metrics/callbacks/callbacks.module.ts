import { Module } from '@nestjs/common';
import { Callbacks } from './callbacks';

/** Those who hear of finished requests beside metrics and log. */
@Module({ providers: [Callbacks] })
export class CallbacksModule {}
