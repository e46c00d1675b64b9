import { Module } from '@nestjs/common';
import { HealthController } from './health.controller';

/** The probes. */
@Module({ controllers: [HealthController] })
export class HealthModule {}
