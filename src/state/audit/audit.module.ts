import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { RedisLink } from '../redis/redis-link';
import { AuditLog } from './audit-log';
import { JournalAuditLog } from './journal-audit-log';
import { RedisAuditLog } from './redis-audit-log';

/** Where admin actions are written down: Redis when there is one, else a file in `STATE_DIR`. */
@Global()
@Module({
  providers: [{ provide: AuditLog, useFactory: auditLogFor, inject: [SETTINGS, RedisLink] }],
  exports: [AuditLog],
})
export class AuditModule implements OnApplicationShutdown {
  constructor(@Inject(AuditLog) private readonly audit: AuditLog) {}

  onApplicationShutdown(): Promise<void> {
    return this.audit.close();
  }
}

/** The engine that the settings ask for. */
export function auditLogFor(settings: Pick<Settings, 'stateDir' | 'keys'>, redis: RedisLink | undefined): AuditLog {
  const { auditRecords } = settings.keys;
  const most = Math.max(1, auditRecords);
  return redis === undefined ? new JournalAuditLog(settings.stateDir, most) : new RedisAuditLog(redis, most);
}
