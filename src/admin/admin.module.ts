import { Module } from '@nestjs/common';
import { ThrottlerModule, type ThrottlerModuleOptions } from '@nestjs/throttler';
import { Clock } from '../kernel/clock';
import { HitCounter } from '../keys/hit-counter';
import { type KeyRules } from '../keys/key-rules';
import { KEY_RULES } from '../keys/keys.module';
import { Management } from '../keys/management/management';
import { AuditModule } from '../state/audit/audit.module';
import { AuditLog } from '../state/audit/audit-log';
import { EntityStore } from '../state/entities/entity-store';
import { AuditController } from './audit.controller';
import { Books } from './books';
import { BudgetController } from './budget.controller';
import { CustomerController } from './customer.controller';
import { EntityViews } from './entity-views';
import { ImportController } from './import.controller';
import { KeyController } from './key.controller';
import { KeyReadController } from './key-read.controller';
import { managementLimit } from './management-throttler.guard';
import { SpendResets } from './spend-resets';
import { TeamController } from './team.controller';
import { UserController } from './user.controller';

/** The doors for those who manage keys, teams, users, budgets and customers. */
@Module({
  imports: [AuditModule, ThrottlerModule.forRootAsync({ useFactory: throttling, inject: [Clock] })],
  controllers: [
    KeyController,
    KeyReadController,
    TeamController,
    UserController,
    BudgetController,
    CustomerController,
    AuditController,
    ImportController,
  ],
  providers: [
    {
      provide: Management,
      useFactory: (store: EntityStore, audit: AuditLog, rules: KeyRules) => new Management(store, audit, rules),
      inject: [EntityStore, AuditLog, KEY_RULES],
    },
    Books,
    EntityViews,
    SpendResets,
  ],
})
export class AdminModule {}

function throttling(clock: Clock): ThrottlerModuleOptions {
  return { throttlers: [managementLimit], storage: new HitCounter(clock), setHeaders: false };
}
