import { Controller, Get, Query, Req, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { RouteGroup } from '../../keys/route-group.decorator';
import { queries } from '../../http/openapi-bodies';
import { ActivityReports } from '../../reports/activity/activity-reports';
import { callerSight, parametersIn } from './asking';
import { KeyNames } from './key-names.pipe';
import { jsonAnswer } from '../../http/openapi-answers';
import { dailyActivityAnswer } from '../../reports/activity/activity-answers';

/** Parameters that narrow all of them. */
const narrowing = ['api_key', 'model'] as const;
const day = { type: String, description: 'YYYY-MM-DD, UTC' } as const;

/** The doors to daily sums: of users, teams, tags and customers. */
@ApiTags('Spend')
@ApiBearerAuth()
@ApiQuery({ name: 'start_date', ...day })
@ApiQuery({ name: 'end_date', ...day })
@RouteGroup('info')
@UsePipes(KeyNames)
@Controller()
export class ActivityController {
  constructor(private readonly activity: ActivityReports) {}

  @Get('user/daily/activity')
  @ApiOperation({ summary: 'Daily activity of users; a key without rights sees its own (LiteLLM shape)' })
  @queries('user_id', 'exclude_user_id', ...narrowing, 'page', 'page_size')
  @jsonAnswer(dailyActivityAnswer)
  users(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.daily('user', parametersIn(query), callerSight(request));
  }

  @Get('team/daily/activity')
  @ApiOperation({ summary: 'Daily activity of teams (team_ids)' })
  @queries('team_ids', 'exclude_team_ids', ...narrowing, 'page', 'page_size')
  @jsonAnswer(dailyActivityAnswer)
  teams(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.daily('team', parametersIn(query), callerSight(request));
  }

  @Get('tag/daily/activity')
  @ApiOperation({ summary: 'Daily activity of request tags (tags)' })
  @queries('tags', 'exclude_tags', ...narrowing, 'page', 'page_size')
  @jsonAnswer(dailyActivityAnswer)
  tags(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.daily('tag', parametersIn(query), callerSight(request));
  }

  @Get(['customer/daily/activity', 'end_user/daily/activity'])
  @ApiOperation({ summary: 'Daily activity of customers (end_user_ids)' })
  @queries('end_user_ids', 'exclude_end_user_ids', ...narrowing, 'page', 'page_size')
  @jsonAnswer(dailyActivityAnswer)
  customers(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.daily('customer', parametersIn(query), callerSight(request));
  }

  @Get('user/daily/activity/aggregated')
  @ApiOperation({ summary: 'The whole span of user/daily/activity in one answer' })
  @queries('user_id', 'exclude_user_id', ...narrowing)
  @jsonAnswer(dailyActivityAnswer)
  usersWhole(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.aggregated('user', parametersIn(query), callerSight(request));
  }

  @Get('team/daily/activity/aggregated')
  @ApiOperation({ summary: 'The whole span of team/daily/activity in one answer' })
  @queries('team_ids', 'exclude_team_ids', ...narrowing)
  @jsonAnswer(dailyActivityAnswer)
  teamsWhole(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.aggregated('team', parametersIn(query), callerSight(request));
  }

  @Get('tag/daily/activity/aggregated')
  @ApiOperation({ summary: 'The whole span of tag/daily/activity in one answer' })
  @queries('tags', 'exclude_tags', ...narrowing)
  @jsonAnswer(dailyActivityAnswer)
  tagsWhole(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.aggregated('tag', parametersIn(query), callerSight(request));
  }

  @Get(['customer/daily/activity/aggregated', 'end_user/daily/activity/aggregated'])
  @ApiOperation({ summary: 'The whole span of customer/daily/activity in one answer' })
  @queries('end_user_ids', 'exclude_end_user_ids', ...narrowing)
  @jsonAnswer(dailyActivityAnswer)
  customersWhole(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.activity.aggregated('customer', parametersIn(query), callerSight(request));
  }
}
