import { Module } from '@nestjs/common';
import { ActivityReports } from './activity/activity-reports';
import { GlobalReports } from './activity/global-reports';
import { MeteringModule } from '../metering/metering.module';
import { EntityNames } from './entity-names';
import { LedgerNames } from './ledger-names';
import { ReportNames } from './report-names';
import { SpendExport } from './rows/spend-export';
import { SpendLogs } from './rows/spend-logs';
import { HolderUsage } from './usage/holder-usage';
import { SpendCalculator } from './usage/spend-calculator';

/** Reading what was spent. */
@Module({
  imports: [MeteringModule],
  providers: [
    LedgerNames,
    { provide: ReportNames, useClass: EntityNames },
    ActivityReports,
    GlobalReports,
    HolderUsage,
    SpendCalculator,
    SpendExport,
    SpendLogs,
  ],
  exports: [ActivityReports, GlobalReports, HolderUsage, SpendCalculator, SpendExport, SpendLogs],
})
export class ReportsModule {}
