import { Controller, Get, HttpCode, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { personOf } from '../kernel/principal';
import { Management } from '../keys/management/management';
import { newUserShape, userShape } from '../keys/management/user-fields';
import { type PageRange } from '../keys/management/whole-list';
import { dollars, flag, id } from '../keys/rows/field-types';
import { type Stored, stored } from '../keys/rows/rows';
import { RouteGroup } from '../keys/route-group.decorator';
import { AlertCenter } from '../reports/alerts/alert-center';
import { actorOf, bodyOf, ignoredView, listIn, numberIn, type Query as Params, sortIn, textIn } from './admin-request';
import { EntityViews } from './entity-views';
import { newKey, newUser } from './new-holders';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { jsonBody, queries } from '../http/openapi-bodies';
import { SpendResets } from './spend-resets';
import { jsonAnswer } from '../http/openapi-answers';
import { changedUser, deletedUsers, madeUser, userInfo, userPage } from './answers';

const mostKeys = 500;

/** LiteLLM's routes of users. */
@ApiTags('Users')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller('user')
export class UserController {
  constructor(
    private readonly management: Management,
    private readonly views: EntityViews,
    private readonly alerts: AlertCenter,
    private readonly resets: SpendResets,
  ) {}

  @RouteGroup('management')
  @Post('new')
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a user, and a key unless auto_create_key is false' })
  @jsonBody(newUserShape)
  @jsonAnswer(madeUser)
  async create(@Req() request: FastifyRequest): Promise<object> {
    const { user, key, ignored } = await this.management.users.create(actorOf(request), await bodyOf(request));
    this.alerts.internalUserCreated(newUser(user));
    if (key !== undefined) this.alerts.keyCreated(newKey(key.stored));
    const minted =
      key === undefined ? {} : { ...(await this.views.newKey(key.stored)), key: key.secret, token: key.stored.id };
    return {
      ...minted,
      ...(key === undefined ? { key: '' } : {}),
      ...(await this.views.newUser(user)),
      ...ignoredView(ignored),
    };
  }

  @RouteGroup('management')
  @Post('update')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes the fields that are sent; null takes one away' })
  @jsonBody({ ...userShape, user_id: id, spend: dollars, auto_create_key: flag })
  @jsonAnswer(changedUser)
  async update(@Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const { user, ignored, spend } = await this.management.users.update(actor, await bodyOf(request));
    if (spend !== undefined) await this.resets.set(actor, { kind: 'user', id: user.id }, spend);
    const data = await this.views.user(user);
    return { user_id: user.id, data, ...data, ...ignoredView(ignored) };
  }

  @RouteGroup('management')
  @Post('delete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Deletes users with their keys; what they spent stays in the ledger' })
  @jsonBody({ user_ids: id.array() })
  @jsonAnswer(deletedUsers)
  async remove(@Req() request: FastifyRequest): Promise<object> {
    return { deleted_users: await this.management.users.remove(actorOf(request), await bodyOf(request)) };
  }

  @RouteGroup('info')
  @Get('info')
  @ApiOperation({ summary: 'A user, its keys and teams; without `user_id` the caller’s own' })
  @queries('user_id')
  @jsonAnswer(userInfo)
  async info(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const userId = textIn(query, 'user_id') ?? personOf(actor.principal);
    if (userId === undefined) return { user_id: null, user_info: null, keys: [], teams: [] };
    const user = await this.management.users.seen(actor, userId);
    const filter = {
      page: 1,
      size: mostKeys,
      includeTeamKeys: false,
      order: 'desc',
      userId,
    } as const;
    const { keys } = await this.management.search.find(actor, filter);
    const found =
      user.row.teams.length === 0
        ? []
        : await this.management.store.many(user.row.teams.map((team) => ({ kind: 'team' as const, id: team })));
    const teams = found.flatMap((team) => (team === undefined ? [] : [stored('team', team)]));
    return {
      user_id: user.id,
      user_info: await this.views.user(user),
      keys: await this.views.keys(keys),
      teams: await this.views.teams(teams),
    };
  }

  @RouteGroup('info', { roles: 'readers' })
  @Get('list')
  @ApiOperation({ summary: 'Users, page by page' })
  @queries(
    'role',
    'user_ids',
    'team',
    'user_email',
    'search',
    'organization_ids',
    'page',
    'page_size',
    'sort_by',
    'sort_order',
  )
  @jsonAnswer(userPage)
  async list(@Query() query: Params): Promise<object> {
    const page = numberIn(query, 'page', { least: 1, most: 1_000_000, standard: 1 });
    const page_size = numberIn(query, 'page_size', { least: 1, most: 500, standard: 25 });
    const found = await this.found(query, { offset: (page - 1) * page_size, limit: page_size });
    const counts = await this.management.store.counts(
      'key',
      found.users.map((user) => `user:${user.id}`),
    );
    const users = (await this.views.users(found.users)).map((view, at) => ({ ...view, key_count: counts[at] ?? 0 }));
    return { users, total: found.total, page, page_size, total_pages: Math.ceil(found.total / page_size) };
  }

  /** Nobody is in an organisation. */
  private async found(query: Params, range: PageRange): ReturnType<Management['users']['list']> {
    if (listIn(query, 'organization_ids').length > 0) return { users: [], total: 0 };
    return this.management.users.list({
      ...range,
      ids: listIn(query, 'user_ids'),
      role: textIn(query, 'role'),
      team: textIn(query, 'team'),
      email: textIn(query, 'user_email'),
      search: textIn(query, 'search'),
      sort: sortIn(query, { documents: userSorts, spend: (all) => this.views.spendOf(all) }),
    });
  }
}

/** By what users are sorted, beside what they spent. */
const userSorts = {
  created_at: ({ createdAtMs }: Stored<'user'>) => createdAtMs,
  user_id: (user: Stored<'user'>) => user.id,
  user_email: ({ row }: Stored<'user'>) => row.user_email,
  user_alias: ({ row }: Stored<'user'>) => row.user_alias,
  user_role: ({ row }: Stored<'user'>) => row.user_role,
  updated_at: ({ updatedAtMs }: Stored<'user'>) => updatedAtMs,
  max_budget: ({ row }: Stored<'user'>) => row.max_budget,
} as const;
