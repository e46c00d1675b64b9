import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { HealthController } from './health.controller';
import { LoginsHealth } from './logins-health';
import { ReplicaBeat } from './replica-beat';

/** The probes. */
@Module({ imports: [AuthModule], controllers: [HealthController], providers: [LoginsHealth, ReplicaBeat] })
export class HealthModule {}
