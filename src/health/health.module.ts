import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { RoutingModule } from '../routing/routing.module';
import { HealthController } from './health.controller';
import { LoginsHealth } from './logins-health';
import { ReplicaBeat } from './replica-beat';
import { StateFolder } from './state-folder';

/** The probes. */
@Module({
  imports: [AuthModule, RoutingModule],
  controllers: [HealthController],
  providers: [LoginsHealth, ReplicaBeat, StateFolder],
})
export class HealthModule {}
