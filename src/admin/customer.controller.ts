import { Controller, Get, HttpCode, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { invalidRequest } from '../kernel/errors';
import { type ChangedCustomer, customerShape } from '../keys/management/customer-management';
import { Management } from '../keys/management/management';
import { id } from '../keys/rows/field-types';
import { RouteGroup } from '../keys/route-group.decorator';
import { actorOf, bodyOf, ignoredView, type Query as Params, textIn } from './admin-request';
import { EntityViews } from './entity-views';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { jsonBody, queries } from '../http/openapi-bodies';
import { jsonAnswer } from '../http/openapi-answers';
import { blockedCustomers, changedCustomer, customerList, deletedCustomers, unblockedCustomers } from './answers';
import { customerAnswer } from '../keys/management/entity-answers';

/** LiteLLM's routes of customers (end users), under both of their names. */
@ApiTags('Customers')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller()
export class CustomerController {
  constructor(
    private readonly management: Management,
    private readonly views: EntityViews,
  ) {}

  @RouteGroup('management')
  @Post(['customer/new', 'end_user/new'])
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a customer with limits of its own' })
  @jsonBody(customerShape)
  @jsonAnswer(changedCustomer)
  async create(@Req() request: FastifyRequest): Promise<object> {
    return this.changed(await this.management.customers.create(actorOf(request), await bodyOf(request)));
  }

  @RouteGroup('management')
  @Post(['customer/update', 'end_user/update'])
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes the fields that are sent; null takes one away' })
  @jsonBody(customerShape)
  @jsonAnswer(changedCustomer)
  async update(@Req() request: FastifyRequest): Promise<object> {
    return this.changed(await this.management.customers.update(actorOf(request), await bodyOf(request)));
  }

  @RouteGroup('management')
  @Post(['customer/delete', 'end_user/delete'])
  @HttpCode(200)
  @ApiOperation({ summary: 'Deletes customers; what they spent stays in the ledger' })
  @jsonBody({ user_ids: id.array() })
  @jsonAnswer(deletedCustomers)
  async remove(@Req() request: FastifyRequest): Promise<object> {
    const deleted = await this.management.customers.remove(actorOf(request), await bodyOf(request));
    return { deleted_customers: deleted, message: `Successfully deleted customers: ${deleted}` };
  }

  @RouteGroup('management')
  @Post(['customer/block', 'end_user/block'])
  @HttpCode(200)
  @ApiOperation({ summary: 'Refuses requests that name these customers' })
  @jsonBody({ user_ids: id.array() })
  @jsonAnswer(blockedCustomers)
  async block(@Req() request: FastifyRequest): Promise<object> {
    const blocked = await this.management.customers.block(actorOf(request), await bodyOf(request), true);
    return { blocked_users: await this.views.customers(blocked) };
  }

  @RouteGroup('management')
  @Post(['customer/unblock', 'end_user/unblock'])
  @HttpCode(200)
  @ApiOperation({ summary: 'Serves them again' })
  @jsonBody({ user_ids: id.array() })
  @jsonAnswer(unblockedCustomers)
  async unblock(@Req() request: FastifyRequest): Promise<object> {
    const unblocked = await this.management.customers.block(actorOf(request), await bodyOf(request), false);
    return { unblocked_users: await this.views.customers(unblocked) };
  }

  @RouteGroup('info', { roles: 'readers' })
  @Get(['customer/info', 'end_user/info'])
  @ApiOperation({ summary: 'One customer, also one that only requests have named' })
  @queries('end_user_id')
  @jsonAnswer(customerAnswer)
  async info(@Query() query: Params): Promise<object> {
    const customerId = textIn(query, 'end_user_id');
    if (customerId === undefined) throw invalidRequest("'end_user_id' is missing.", 'end_user_id');
    const isNamed = (): Promise<boolean> => this.views.hasSpent(customerId);
    return this.views.customer(await this.management.customers.info(customerId, isNamed));
  }

  @RouteGroup('info', { roles: 'readers' })
  @Get(['customer/list', 'end_user/list'])
  @ApiOperation({ summary: 'Customers that the operator knows, at most 1000' })
  @jsonAnswer(customerList)
  async list(): Promise<object> {
    return this.views.customers(await this.management.customers.list());
  }

  private async changed(changed: ChangedCustomer): Promise<object> {
    return { ...(await this.views.customer(changed)), ...ignoredView(changed.ignored) };
  }
}
