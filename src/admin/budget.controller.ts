import { Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { budgetShape, type ChangedBudget } from '../keys/management/budget-management';
import { Management } from '../keys/management/management';
import { budgetView } from '../keys/management/views';
import { id } from '../keys/rows/field-types';
import { RouteGroup } from '../keys/route-group.decorator';
import { actorOf, bodyOf, ignoredView } from './admin-request';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { jsonBody } from '../http/openapi-bodies';
import { jsonAnswer } from '../http/openapi-answers';
import { budgetList, changedBudget } from './answers';
import { budgetAnswer } from '../keys/management/entity-answers';

/** LiteLLM's routes of budgets: limits under a name. */
@ApiTags('Budgets')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller('budget')
export class BudgetController {
  constructor(private readonly management: Management) {}

  @RouteGroup('management')
  @Post('new')
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a budget that keys, users, members and customers can point to' })
  @jsonBody(budgetShape)
  @jsonAnswer(changedBudget)
  async create(@Req() request: FastifyRequest): Promise<object> {
    return changed(await this.management.budgets.create(actorOf(request), await bodyOf(request)));
  }

  @RouteGroup('management')
  @Post('update')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes a budget, for everybody who points to it' })
  @jsonBody(budgetShape)
  @jsonAnswer(changedBudget)
  async update(@Req() request: FastifyRequest): Promise<object> {
    return changed(await this.management.budgets.update(actorOf(request), await bodyOf(request)));
  }

  @RouteGroup('management')
  @Post('delete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Deletes a budget that nobody points to' })
  @jsonBody({ id })
  @jsonAnswer(budgetAnswer)
  async remove(@Req() request: FastifyRequest): Promise<object> {
    return budgetView(await this.management.budgets.remove(actorOf(request), await bodyOf(request)));
  }

  @RouteGroup('info', { roles: 'readers' })
  @Post('info')
  @HttpCode(200)
  @ApiOperation({ summary: 'Budgets by their ids' })
  @jsonBody({ budgets: id.array() })
  @jsonAnswer(budgetList)
  async info(@Req() request: FastifyRequest): Promise<object> {
    return (await this.management.budgets.info(await bodyOf(request))).map(budgetView);
  }

  @RouteGroup('info', { roles: 'readers' })
  @Get('list')
  @ApiOperation({ summary: 'All budgets, at most 1000' })
  @jsonAnswer(budgetList)
  async list(): Promise<object> {
    return (await this.management.budgets.list()).map(budgetView);
  }
}

function changed({ budget, ignored }: ChangedBudget): object {
  return { ...budgetView(budget), ...ignoredView(ignored) };
}
