import { Module } from '@nestjs/common';
import { WorkersModule } from '../workers/workers.module';
import { MetricsController } from './metrics.controller';

/** The scrape door. */
@Module({ imports: [WorkersModule], controllers: [MetricsController] })
export class MetricsModule {}
