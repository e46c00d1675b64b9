import { Module } from '@nestjs/common';
import { MeteringModule } from '../../metering/metering.module';
import { ReportsModule } from '../../reports/reports.module';
import { AuditModule } from '../../state/audit/audit.module';
import { ActivityController } from './activity.controller';
import { BooksController } from './books.controller';
import { GlobalSpendController } from './global-spend.controller';
import { KeyNames } from './key-names.pipe';
import { ReportBody } from './report-body';
import { SpendLogsController } from './spend-logs.controller';
import { SpendReset } from './spend-reset';
import { UsageController } from './usage.controller';

/** The doors to spend and usage. */
@Module({
  imports: [AuditModule, MeteringModule, ReportsModule],
  controllers: [ActivityController, BooksController, GlobalSpendController, SpendLogsController, UsageController],
  providers: [KeyNames, ReportBody, SpendReset],
})
export class ReportDoorsModule {}
