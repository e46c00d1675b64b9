import { Controller, Get, Query, Req, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { queries } from '../../http/openapi-bodies';
import { RouteGroup } from '../../keys/route-group.decorator';
import { GlobalReports } from '../../reports/activity/global-reports';
import { type Parameters } from '../../reports/rows/spend-log-filter';
import { requireAll, sightOf } from '../../reports/sight';
import { callerOf, parametersIn } from './asking';
import { KeyNames } from './key-names.pipe';
import { jsonAnswer } from '../../http/openapi-answers';
import {
  globalActivity,
  globalSpend,
  keySpend,
  modelActivity,
  providerBudgets,
  spendByDay,
  spendPerTag,
  spendReport,
  tagSpend,
  teamSpend,
  topKeys,
  topModels,
  topProviders,
  userSpend,
} from '../../reports/activity/activity-answers';

/** A span of days, by default the last thirty. */
const days = ['start_date', 'end_date'] as const;

/** The doors to what everybody spent; for admins and viewers. */
@ApiTags('Spend')
@ApiBearerAuth()
@RouteGroup('management', { roles: 'readers' })
@UsePipes(KeyNames)
@Controller()
export class GlobalSpendController {
  constructor(private readonly reports: GlobalReports) {}

  @Get('global/spend/report')
  @ApiOperation({ summary: 'Spend per day and team or customer, or per key (group_by)' })
  @queries(...days, 'group_by', 'team_id', 'customer_id', 'api_key', 'internal_user_id')
  @jsonAnswer(spendReport)
  report(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.report(allowed(query, request));
  }

  @Get('global/spend')
  @ApiOperation({ summary: 'Spend of the whole proxy, and its budget' })
  @jsonAnswer(globalSpend)
  spend(@Req() request: FastifyRequest): Promise<object> {
    allowed(undefined, request);
    return this.reports.spend();
  }

  @Get('global/spend/logs')
  @ApiOperation({ summary: 'Spend of each day' })
  @queries(...days, 'api_key')
  @jsonAnswer(spendByDay)
  logs(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.daily(allowed(query, request));
  }

  @Get('global/spend/keys')
  @ApiOperation({ summary: 'Keys that spent most' })
  @queries(...days, 'limit')
  @jsonAnswer(topKeys)
  keys(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.keys(allowed(query, request));
  }

  @Get('global/spend/models')
  @ApiOperation({ summary: 'Models that cost most' })
  @queries(...days, 'limit')
  @jsonAnswer(topModels)
  models(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.by('model', allowed(query, request));
  }

  @Get('global/spend/provider')
  @ApiOperation({ summary: 'Spend by provider' })
  @queries(...days, 'limit')
  @jsonAnswer(topProviders)
  providers(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.by('provider', allowed(query, request));
  }

  @Get('global/spend/teams')
  @ApiOperation({ summary: 'Spend of each day by team' })
  @queries(...days)
  @jsonAnswer(teamSpend)
  teams(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.reports.teams(allowed(query, request));
  }

  @Get('global/spend/tags')
  @ApiOperation({ summary: 'Spend by request tag' })
  @queries(...days, 'tags')
  @jsonAnswer(spendPerTag)
  tags(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.reports.tags(allowed(query, request));
  }

  @Get('global/activity')
  @ApiOperation({ summary: 'Requests and tokens of each day' })
  @queries(...days)
  @jsonAnswer(globalActivity)
  activity(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.reports.activity(allowed(query, request));
  }

  @Get('global/activity/model')
  @ApiOperation({ summary: 'Requests and tokens of each day by model group' })
  @queries(...days)
  @jsonAnswer(modelActivity)
  activityByModel(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.activityByModel(allowed(query, request));
  }

  @Get('spend/keys')
  @ApiOperation({ summary: 'Keys and what they spent since they exist' })
  @queries(...days, 'limit')
  @jsonAnswer(keySpend)
  keySpend(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.keySpend(allowed(query, request));
  }

  @Get('spend/users')
  @ApiOperation({ summary: 'Users and what they spent since they exist' })
  @queries(...days, 'limit', 'user_id')
  @jsonAnswer(userSpend)
  userSpend(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.userSpend(allowed(query, request));
  }

  @Get('spend/tags')
  @ApiOperation({ summary: 'Request tags, how often they came and what they cost' })
  @queries(...days, 'limit')
  @jsonAnswer(tagSpend)
  tagSpend(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    return this.reports.tagSpend(allowed(query, request));
  }

  @Get('provider/budgets')
  @ApiOperation({ summary: 'provider_budget_config and what was spent of it' })
  @jsonAnswer(providerBudgets)
  providerBudgets(@Req() request: FastifyRequest): Promise<object> {
    allowed(undefined, request);
    return this.reports.providerBudgets();
  }
}

/** @throws {GatewayError} 403 for everybody but admins and viewers. */
function allowed(query: unknown, request: FastifyRequest): Parameters {
  requireAll(sightOf(callerOf(request)));
  return parametersIn(query);
}
