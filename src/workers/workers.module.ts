import { Module } from '@nestjs/common';
import { Expositions } from './expositions';

/** What a process behind a shared port knows of the others. */
@Module({ providers: [Expositions], exports: [Expositions] })
export class WorkersModule {}
