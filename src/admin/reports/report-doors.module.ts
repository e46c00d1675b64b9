import { Module } from '@nestjs/common';
import { ReportsModule } from '../../reports/reports.module';
import { ActivityController } from './activity.controller';
import { BooksController } from './books.controller';
import { GlobalSpendController } from './global-spend.controller';
import { ReportBody } from './report-body';
import { SpendLogsController } from './spend-logs.controller';
import { UsageController } from './usage.controller';

/** The doors to spend and usage. */
@Module({
  imports: [ReportsModule],
  controllers: [ActivityController, BooksController, GlobalSpendController, SpendLogsController, UsageController],
  providers: [ReportBody],
})
export class ReportDoorsModule {}
