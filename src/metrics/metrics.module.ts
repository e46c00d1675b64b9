import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller';

/** The scrape door. */
@Module({ controllers: [MetricsController] })
export class MetricsModule {}
