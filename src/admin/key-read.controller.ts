import { Controller, Get, HttpCode, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { invalidRequest } from '../kernel/errors';
import { type KeyFilter } from '../keys/management/key-search';
import { type KeyMarks } from '../keys/management/key-marks';
import { Management } from '../keys/management/management';
import { KeyGuard } from '../keys/key.guard';
import { RouteGroup } from '../keys/route-group.decorator';
import { present } from '../keys/present';
import { type Stored } from '../keys/rows/rows';
import { actorOf, flagIn, numberIn, type Query as Params, sortByIn, textIn, wordIn } from './admin-request';
import { EntityViews } from './entity-views';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { queries } from '../http/openapi-bodies';
import { jsonAnswer } from '../http/openapi-answers';
import { keyHealth, keyInfo, keyPage } from './answers';

/** By what keys are sorted, beside what they spent. */
const keySorts = {
  created_at: ({ createdAtMs }: Stored<'key'>) => createdAtMs,
  key_alias: ({ row }: Stored<'key'>) => row.key_alias,
  expires: ({ row }: Stored<'key'>) => row.expiresMs,
  max_budget: ({ row }: Stored<'key'>) => row.max_budget,
  updated_at: ({ updatedAtMs }: Stored<'key'>) => updatedAtMs,
} as const;

/** LiteLLM's routes that tell of keys. */
@ApiTags('Keys')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller('key')
export class KeyReadController {
  constructor(
    private readonly management: Management,
    private readonly views: EntityViews,
    private readonly guard: KeyGuard,
  ) {}

  @RouteGroup('info', { always: true })
  @Get('info')
  @ApiOperation({ summary: 'One key, by its value or digest; without `key` the caller’s own' })
  @queries('key')
  @jsonAnswer(keyInfo)
  async info(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const named = textIn(query, 'key');
    const { principal } = actor;
    if (principal.kind === 'master' && (named === undefined || named === principal.keyHash))
      return { key: principal.keyHash, info: masterInfo };
    const { access } = this.management;
    // Always open is what a key asks about itself; whether another one exists is not told before the route is open.
    if (named !== undefined && (await access.find(named))?.id !== principal.keyHash)
      this.guard.assertNotOnlyOwn(request);
    const key = await access.seen(actor, named ?? principal.keyHash);
    return { key: named ?? key.id, info: await this.views.key(key) };
  }

  @RouteGroup('info')
  @Get('list')
  @ApiOperation({ summary: 'Keys, page by page: all for admins, else the caller’s own' })
  @queries(
    'page',
    'size',
    'user_id',
    'team_id',
    'organization_id',
    'key_hash',
    'key_alias',
    'substring_matching',
    'search',
    'status',
    'expires',
    'project_id',
    'agent_id',
    'return_full_object',
    'include_team_keys',
    'sort_by',
    'sort_order',
  )
  @jsonAnswer(keyPage)
  async list(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const size = numberIn(query, 'size', { least: 1, most: 500, standard: 10 });
    const page = numberIn(query, 'page', { least: 1, most: 1_000_000, standard: 1 });
    const { keys, total } = await this.management.search.find(actorOf(request), {
      page,
      size,
      ...present({
        userId: textIn(query, 'user_id'),
        teamId: textIn(query, 'team_id'),
        organizationId: textIn(query, 'organization_id'),
        keyHash: textIn(query, 'key_hash'),
        keyAlias: textIn(query, 'key_alias'),
        sortBy: this.sortByOf(query),
        aliasPart: flagIn(query, 'substring_matching') ? textIn(query, 'key_alias') : undefined,
      }),
      ...marksIn(query),
      includeTeamKeys: flagIn(query, 'include_team_keys'),
      order: wordIn(query, 'sort_order', ['desc', 'asc']),
    });
    const isFull = flagIn(query, 'return_full_object');
    return {
      keys: isFull ? await this.views.keys(keys) : keys.map(({ id }) => id),
      total_count: total,
      current_page: page,
      total_pages: Math.ceil(total / size),
    };
  }

  /** When they were made is the order that keys are kept in: no number of them is too large for it. */
  private sortByOf(query: Params): KeyFilter['sortBy'] {
    const sortBy = sortByIn(query, { documents: keySorts, spend: (all) => this.views.spendOf(all) });
    return textIn(query, 'sort_by') === 'created_at' ? undefined : sortBy;
  }

  @RouteGroup('info', { always: true })
  @Post('health')
  @HttpCode(200)
  @ApiOperation({ summary: 'Whether the caller’s key works; there are no logging callbacks of keys' })
  @jsonAnswer(keyHealth)
  health(): object {
    const details = 'No logger logged any errors';
    return { key: 'healthy', logging_callbacks: { callbacks: [], status: 'healthy', details } };
  }
}

/** Deleted keys are records of the audit log. */
function marksIn(query: Params): KeyMarks {
  const status = textIn(query, 'status');
  if (status === 'deleted')
    throw invalidRequest('Keys that were deleted are not listed: GET /audit tells of them.', 'status');
  const [project_id, agent_id] = [textIn(query, 'project_id'), textIn(query, 'agent_id')];
  return present({
    search: textIn(query, 'search'),
    status: status === undefined ? undefined : wordIn(query, 'status', ['active', 'expired', 'revoked']),
    expires: textIn(query, 'expires') === undefined ? undefined : wordIn(query, 'expires', ['active', 'expired']),
    kept: present({ project_id, agent_id }),
  });
}

/** The master key is no document. */
const masterInfo = {
  key_name: 'master',
  key_alias: 'master',
  user_role: 'proxy_admin',
  models: [],
  spend: 0,
  max_budget: null,
  expires: null,
  blocked: false,
};
