import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RouteGroup } from '../keys/route-group.decorator';
import { AuditLog } from '../state/audit/audit-log';
import { type AuditRecord } from '../state/audit/audit-record';
import { numberIn, type Query as Params, textIn } from './admin-request';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { queries } from '../http/openapi-bodies';
import { jsonAnswer } from '../http/openapi-answers';
import { auditPage } from './answers';

/** Who changed what. */
@ApiTags('Audit')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller()
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @RouteGroup('info', { roles: 'readers' })
  @Get('audit')
  @ApiOperation({ summary: 'Admin actions, newest first; each was written down before it took effect' })
  @queries('page', 'page_size', 'action', 'actor', 'object')
  @jsonAnswer(auditPage)
  async list(@Query() query: Params): Promise<object> {
    const page = numberIn(query, 'page', { least: 1, most: 1_000_000, standard: 1 });
    const page_size = numberIn(query, 'page_size', { least: 1, most: 500, standard: 50 });
    const [action, actor, object] = [textIn(query, 'action'), textIn(query, 'actor'), textIn(query, 'object')];
    const isFiltered = action !== undefined || actor !== undefined || object !== undefined;
    const matches = (record: AuditRecord): boolean =>
      (action ?? record.action) === record.action &&
      (actor ?? record.actor) === record.actor &&
      (object === undefined || record.objects.includes(object));
    const found = await this.audit.page({
      offset: (page - 1) * page_size,
      limit: page_size,
      ...(isFiltered ? { matches } : {}),
    });
    return { records: found.records.map(viewOf), page, page_size, has_more: found.hasMore, kept: found.kept };
  }
}

function viewOf(record: AuditRecord): object {
  const { id, atMs, actor, action, objects, outcome, requestId } = record;
  return {
    id,
    at: new Date(atMs).toISOString(),
    actor,
    actor_alias: record.actorAlias ?? null,
    actor_user_id: record.actorUserId ?? null,
    client_ip: record.clientIp ?? null,
    request_id: requestId ?? null,
    action,
    objects,
    before: record.before ?? null,
    after: record.after ?? null,
    outcome,
    of: record.of ?? null,
    reason: record.reason ?? null,
  };
}
