import { Module } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { SlotQueue } from '../metering/slot-queue';
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
import { StandInCover } from './stand-in-cover';
import { PlanShares } from './plan-shares';
import { PriceBook } from './price-book';
import { RunningCalls } from './running-calls';
import { ServingService } from './serving.service';
import { Settlement } from './settlement';
import { TagRoll } from './tag-roll';
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
    StandInCover,
    PlanShares,
    PriceBook,
    RunningCalls,
    ServingService,
    Settlement,
    TagRoll,
    { provide: SlotQueue, inject: [Clock], useFactory: (clock: Clock) => new SlotQueue(clock) },
    Tickets,
    TokenEstimates,
    TransformService,
  ],
  exports: [ServingService, CompactionService, PlanShares, RunningCalls, TagRoll, TransformService],
})
export class ServingModule {}
