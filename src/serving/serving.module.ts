import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module';
import { Admission } from './admission';
import { CallRunner } from './call-runner';
import { CompactionService } from './compaction.service';
import { EventHooks } from './event-hooks';
import { RunningCalls } from './running-calls';
import { ServingService } from './serving.service';
import { Settlement } from './settlement';
import { TransformService } from './transform.service';

/** The story of a call and the rooms it is told in. */
@Module({
  imports: [RoutingModule],
  providers: [
    Admission,
    CallRunner,
    CompactionService,
    EventHooks,
    RunningCalls,
    ServingService,
    Settlement,
    TransformService,
  ],
  exports: [ServingService, CompactionService, RunningCalls, TransformService],
})
export class ServingModule {}
