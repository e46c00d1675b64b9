import { Controller, Get, HttpCode, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { invalidRequest } from '../kernel/errors';
import { maySee } from '../keys/management/actor';
import { Management } from '../keys/management/management';
import { memberShape, newMemberShape, newTeamShape, removedMember, teamShape } from '../keys/management/team-fields';
import { type ChangedTeam } from '../keys/management/team-management';
import { id } from '../keys/rows/field-types';
import { type Stored } from '../keys/rows/rows';
import { RouteGroup } from '../keys/route-group.decorator';
import { actorOf, bodyOf, ignoredView, numberIn, type Query as Params, sortIn, textIn } from './admin-request';
import { EntityViews } from './entity-views';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { jsonBody, queries } from '../http/openapi-bodies';
import { jsonAnswer } from '../http/openapi-answers';
import {
  addedMembers,
  changedMember,
  changedTeam,
  deletedTeams,
  madeTeam,
  teamInfo,
  teamList,
  teamPage,
} from './answers';
import { teamAnswer } from '../keys/management/entity-answers';

/** Keys and teams that one answer carries at most; the rest is behind the paged lists. */
const mostListed = 1_000;

/** LiteLLM's routes of teams. */
@ApiTags('Teams')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller()
export class TeamController {
  constructor(
    private readonly management: Management,
    private readonly views: EntityViews,
  ) {}

  @RouteGroup('management')
  @Post('team/new')
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a team' })
  @jsonBody(newTeamShape)
  @jsonAnswer(madeTeam)
  async create(@Req() request: FastifyRequest): Promise<object> {
    return this.changed(await this.management.teams.create(actorOf(request), await bodyOf(request)));
  }

  @RouteGroup('management')
  @Post('team/update')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes the fields that are sent; null takes one away' })
  @jsonBody({ ...teamShape, team_id: id })
  @jsonAnswer(changedTeam)
  async update(@Req() request: FastifyRequest): Promise<object> {
    const changed = await this.management.teams.update(actorOf(request), await bodyOf(request));
    const view = await this.changed(changed);
    return { ...view, team_id: changed.team.id, data: view };
  }

  @RouteGroup('management')
  @Post('team/delete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Deletes teams with their keys and memberships; what they spent stays in the ledger' })
  @jsonBody({ team_ids: id.array() })
  @jsonAnswer(deletedTeams)
  async remove(@Req() request: FastifyRequest): Promise<object> {
    const teams = await this.management.teams.remove(actorOf(request), await bodyOf(request));
    return { deleted_teams: teams.map(({ id: teamId }) => teamId) };
  }

  @RouteGroup('management')
  @Post('team/block')
  @HttpCode(200)
  @ApiOperation({ summary: 'Switches all keys of a team off, on every replica' })
  @jsonBody({ team_id: id })
  @jsonAnswer(teamAnswer)
  async block(@Req() request: FastifyRequest): Promise<object> {
    return this.views.team(await this.management.teams.block(actorOf(request), await bodyOf(request), true));
  }

  @RouteGroup('management')
  @Post('team/unblock')
  @HttpCode(200)
  @ApiOperation({ summary: 'Switches them on again' })
  @jsonBody({ team_id: id })
  @jsonAnswer(teamAnswer)
  async unblock(@Req() request: FastifyRequest): Promise<object> {
    return this.views.team(await this.management.teams.block(actorOf(request), await bodyOf(request), false));
  }

  @RouteGroup('info')
  @Get('team/info')
  @ApiOperation({ summary: 'A team, its keys and what its members are held to; for its members too' })
  @queries('team_id')
  @jsonAnswer(teamInfo)
  async info(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const teamId = textIn(query, 'team_id') ?? actor.principal.teamId;
    if (teamId === undefined) throw invalidRequest("'team_id' is missing.", 'team_id');
    const team = await this.management.teams.seen(actor, teamId);
    const rules = { page: 1, size: mostListed, includeTeamKeys: false, order: 'desc' } as const;
    const { keys } = await this.management.search.find(actor, { ...rules, teamId });
    const team_info = await this.views.team(team);
    return {
      team_id: team.id,
      team_info,
      keys: await this.views.keys(keys),
      team_memberships: await this.views.memberships(team),
    };
  }

  @RouteGroup('info')
  @Get('team/list')
  @ApiOperation({ summary: 'Teams, at most 1000: all for admins, else those the caller is in' })
  @queries('user_id', 'organization_id')
  @jsonAnswer(teamList)
  async list(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const range = {
      offset: 0,
      limit: mostListed,
      userId: textIn(query, 'user_id'),
      organizationId: textIn(query, 'organization_id'),
    };
    const { teams } = await this.management.teams.list(actorOf(request), range);
    return this.views.teams(teams);
  }

  @RouteGroup('info')
  @Get('v2/team/list')
  @ApiOperation({ summary: 'The same, page by page' })
  @queries(
    'page',
    'page_size',
    'user_id',
    'team_id',
    'team_alias',
    'search',
    'organization_id',
    'sort_by',
    'sort_order',
  )
  @jsonAnswer(teamPage)
  async page(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const page = numberIn(query, 'page', { least: 1, most: 1_000_000, standard: 1 });
    const page_size = numberIn(query, 'page_size', { least: 1, most: 500, standard: 10 });
    const found = await this.management.teams.list(actorOf(request), {
      offset: (page - 1) * page_size,
      limit: page_size,
      userId: textIn(query, 'user_id'),
      teamId: textIn(query, 'team_id'),
      alias: textIn(query, 'team_alias'),
      search: textIn(query, 'search'),
      organizationId: textIn(query, 'organization_id'),
      sort: sortIn(query, { documents: teamSorts, spend: (all) => this.views.spendOf(all) }),
    });
    const total_pages = Math.ceil(found.total / page_size);
    return { teams: await this.views.teams(found.teams), total: found.total, page, page_size, total_pages };
  }

  @RouteGroup('management', { roles: 'makers' })
  @Post('team/member_add')
  @HttpCode(200)
  @ApiOperation({ summary: 'Adds members; for admins of the team too' })
  @jsonBody(newMemberShape)
  @jsonAnswer(addedMembers)
  async addMember(@Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const { team, users, members } = await this.management.members.add(actor, await bodyOf(request));
    // An admin of a team can add anybody: to be added must not show what `/user/info` does not.
    const shown = users.filter((user) => maySee(actor, user.id));
    return {
      ...(await this.views.team(team)),
      updated_users: await this.views.users(shown),
      updated_team_memberships: members.map(({ row }) => row),
    };
  }

  @RouteGroup('management', { roles: 'makers' })
  @Post('team/member_update')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes role and limits of a member; for admins of the team too' })
  @jsonBody(memberShape)
  @jsonAnswer(changedMember)
  async changeMember(@Req() request: FastifyRequest): Promise<object> {
    const { team, members } = await this.management.members.update(actorOf(request), await bodyOf(request));
    const { user_id, max_budget = null, tpm_limit = null, rpm_limit = null } = members[0]?.row ?? {};
    // LiteLLM's answer is about the member: the rates are the member's, not the team's.
    return {
      ...(await this.views.team(team)),
      team_id: team.id,
      user_id,
      max_budget_in_team: max_budget,
      tpm_limit,
      rpm_limit,
    };
  }

  @RouteGroup('management', { roles: 'makers' })
  @Post('team/member_delete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Takes a member out; for admins of the team too' })
  @jsonBody(removedMember)
  @jsonAnswer(teamAnswer)
  async removeMember(@Req() request: FastifyRequest): Promise<object> {
    const { team } = await this.management.members.remove(actorOf(request), await bodyOf(request));
    return this.views.team(team);
  }

  private async changed({ team, ignored }: ChangedTeam): Promise<Record<string, unknown>> {
    return { ...(await this.views.team(team)), ...ignoredView(ignored) };
  }
}

/** By what teams are sorted, beside what they spent. */
const teamSorts = {
  created_at: ({ createdAtMs }: Stored<'team'>) => createdAtMs,
  team_id: (team: Stored<'team'>) => team.id,
  team_alias: ({ row }: Stored<'team'>) => row.team_alias,
  updated_at: ({ updatedAtMs }: Stored<'team'>) => updatedAtMs,
  max_budget: ({ row }: Stored<'team'>) => row.max_budget,
} as const;
