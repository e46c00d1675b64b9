import { Module } from '@nestjs/common';
import { TokenEstimates } from '../metering/token-estimates';
import { RoutingModule } from '../routing/routing.module';
import { Admission } from './admission';
import { CallRunner } from './call-runner';
import { ContentLog } from './content-log';
import { CompactionService } from './compaction.service';
import { DegradedAdmission } from './degraded-admission';
import { EventHooks } from './event-hooks';
import { GoneClients } from './gone-clients';
import { HoldEstimator } from './hold-estimator';
import { HoldKeeper } from './hold-keeper';
import { PriceBook } from './price-book';
import { RunningCalls } from './running-calls';
import { ServingService } from './serving.service';
import { Settlement } from './settlement';
import { Tickets } from './tickets';
import { TransformService } from './transform.service';

/** The story of a call and the rooms it is told in. */
@Module({
  imports: [RoutingModule],
  providers: [
    Admission,
    CallRunner,
    CompactionService,
    ContentLog,
    DegradedAdmission,
    EventHooks,
    GoneClients,
    HoldEstimator,
    HoldKeeper,
    PriceBook,
    RunningCalls,
    ServingService,
    Settlement,
    Tickets,
    TokenEstimates,
    TransformService,
  ],
  exports: [ServingService, CompactionService, RunningCalls, TransformService],
})
export class ServingModule {}
