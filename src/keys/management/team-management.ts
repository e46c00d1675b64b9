import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { invalidRequest } from '../../kernel/errors';
import { personOf } from '../../kernel/principal';
import { type Change, type Put } from '../../state/entities/entity';
import { present } from '../present';
import { id, name } from '../rows/field-types';
import { type Stored } from '../rows/rows';
import { memberId } from '../../kernel/member-id';
import { type TeamMember, type TeamRow, teamRowSchema } from '../rows/team-row';
import { type Actor, isReader, notFound } from './actor';
import { retrying } from './audited-writes';
import { committed, edited, namedLimits, readOne } from './edits';
import { keysOfHolder } from './holder-keys';
import { type KeyChanges } from './key-changes';
import { liftedFromMetadata, liftedOfTeams } from './key-fields';
import { checkedReferences, creatorOf } from './key-minting';
import { notSaidBy } from './key-standards';
import { type ManagementParts } from './parts';
import { readFields, readStrictly } from './request-fields';
import { keptTeamFields, type MemberEntry, newTeamShape, teamShape } from './team-fields';
import { teamListChange, userByEmail } from './user-rows';
import { filteredPage, holds, type ListQuery, pageOf, type PageRange, type Sort } from './whole-list';

const updateBody = { ...teamShape, team_id: id };
const removeBody = z.strictObject({ team_ids: z.array(id).min(1).max(100) });
const blockBody = z.strictObject({ team_id: id });

/** A team, and what of the request was kept without effect. */
export interface ChangedTeam {
  readonly team: Stored<'team'>;
  readonly ignored: readonly string[];
}

/** Which teams, and which part of them. */
export interface TeamQuery extends PageRange {
  readonly userId?: string | undefined;
  readonly teamId?: string | undefined;
  /** A part of the alias. */
  readonly alias?: string | undefined;
  /** The id, or a part of the alias. */
  readonly search?: string | undefined;
  readonly organizationId?: string | undefined;
  readonly sort?: Sort<Stored<'team'>> | undefined;
}

/** Makes, changes and deletes teams; admins only. */
export class TeamManagement {
  constructor(
    private readonly parts: ManagementParts,
    private readonly keys: KeyChanges,
  ) {}

  /** `POST /team/new`. @throws {GatewayError} 400 that names the field. */
  async create(actor: Actor, body: unknown): Promise<ChangedTeam> {
    const { fields, kept } = readFields(liftedFromMetadata(body, liftedOfTeams), {
      shape: newTeamShape,
      keptNames: keptTeamFields,
    });
    return retrying(async () => {
      const defaults = notSaidBy(await namedLimits(this.parts, fields.budget_id), this.parts.rules.defaultTeam);
      const { team_id = randomUUID(), members_with_roles = [], ...rest } = { ...defaults, ...fields };
      const members = await this.membersOf(members_with_roles);
      const row = teamRowSchema.parse({ ...rest, members_with_roles: members, kept, created_by: creatorOf(actor) });
      const checks = await checkedReferences(this.parts, { budget_id: row.budget_id });
      const users = await Promise.all(
        members.map(({ user_id }) => teamListChange(this.parts, user_id, { add: team_id })),
      );
      if ((await readOne(this.parts, 'team', team_id)) !== undefined)
        throw invalidRequest("'team_id' must be unique, and another team has it.", 'team_id', 'already_exists');
      const put = teamPut(team_id, row, 0);
      const team = await committed(this.parts, put, { actor, action: 'team.create', after: row }, [
        put,
        ...users.flat(),
        ...checks,
      ]);
      return { team, ignored: Object.keys(kept) };
    });
  }

  /** `POST /team/update`. @throws {GatewayError} 400, 404 */
  async update(actor: Actor, body: unknown): Promise<ChangedTeam> {
    const { fields, ...read } = readFields(liftedFromMetadata(body, liftedOfTeams), {
      shape: updateBody,
      keptNames: keptTeamFields,
    });
    const { team_id, ...changes } = fields;
    if (team_id === undefined) throw invalidRequest("'team_id' is missing.", 'team_id');
    const team = await retrying(async () => {
      const before = await this.existing(team_id);
      const row = edited<'team'>(teamRowSchema, before.row, { ...read, fields: changes });
      const checks = await checkedReferences(this.parts, { budget_id: changes.budget_id });
      const put = teamPut(team_id, row, before.version);
      return committed(this.parts, put, { actor, action: 'team.update', before: before.row, after: row }, [
        put,
        ...checks,
      ]);
    });
    return { team, ignored: Object.keys(read.kept) };
  }

  /** `POST /team/block` and `/team/unblock`. @throws {GatewayError} 404 */
  async block(actor: Actor, body: unknown, blocked: boolean): Promise<Stored<'team'>> {
    const { team_id } = readStrictly(blockBody, body);
    return retrying(async () => {
      const before = await this.existing(team_id);
      const row = { ...before.row, blocked };
      const put = teamPut(team_id, row, before.version);
      const action = blocked ? 'team.block' : 'team.unblock';
      return committed(this.parts, put, { actor, action, before: before.row, after: row }, [put]);
    });
  }

  /** `POST /team/delete`: with its keys and memberships, each team as a whole. @returns the teams as they were. */
  async remove(actor: Actor, body: unknown): Promise<readonly Stored<'team'>[]> {
    const ids = [...new Set(readStrictly(removeBody, body).team_ids)];
    const teams = await Promise.all(ids.map((each) => this.existing(each)));
    for (const each of ids) await retrying(() => this.removeOne(actor, each));
    return teams;
  }

  /** @throws {GatewayError} 404, the same for unknown teams and for those the actor is not in. */
  async seen(actor: Actor, teamId: string): Promise<Stored<'team'>> {
    const team = await readOne(this.parts, 'team', teamId);
    if (team !== undefined && (isReader(actor) || isMember(team.row, personOf(actor.principal)))) return team;
    throw notFound('team', 'team_id');
  }

  /** A page of teams, newest first unless sorted; of those the actor is in when it may not see all. @throws {GatewayError} 400 */
  async list(
    actor: Actor,
    { teamId, ...query }: TeamQuery,
  ): Promise<{ readonly teams: readonly Stored<'team'>[]; readonly total: number }> {
    const { userId, organizationId } = query;
    // No team is in an organisation: LiteLLM has a name for that too.
    if (organizationId !== undefined && organizationId !== 'default_organization') return { teams: [], total: 0 };
    const user = isReader(actor) ? userId : (personOf(actor.principal) ?? '');
    const filters = teamFilters(query);
    if (teamId === undefined) {
      const { found, total } = await filteredPage(this.parts.store, 'team', {
        ...query,
        list: user === undefined ? undefined : `member:${user}`,
        filters,
      });
      return { teams: found, total };
    }
    const team = await readOne(this.parts, 'team', teamId);
    const isFound =
      team !== undefined &&
      (user === undefined || isMember(team.row, user)) &&
      Object.values(filters).every((passes) => passes?.(team) ?? true);
    const { found, total } = pageOf(isFound ? [team] : [], query);
    return { teams: found, total };
  }

  /** Ids of people, by id or by email, each once. @throws {GatewayError} 400 for an email nobody has. */
  async membersOf(entries: readonly MemberEntry[]): Promise<readonly TeamMember[]> {
    const members = await Promise.all(entries.map((entry) => this.memberOf(entry)));
    return [...new Map(members.map((member) => [member.user_id, member])).values()];
  }

  private async memberOf({ role, user_id, user_email }: MemberEntry): Promise<TeamMember> {
    if (user_id !== undefined) return { user_id, role, ...present({ user_email }) };
    const user = await userByEmail(this.parts.store, user_email ?? '');
    if (user === undefined)
      throw invalidRequest(
        "'user_email' is nobody's here: make the user with POST /user/new, or say a user_id.",
        'user_email',
      );
    return { user_id: user.id, role, ...present({ user_email }) };
  }

  private async existing(teamId: string): Promise<Stored<'team'>> {
    const team = await readOne(this.parts, 'team', teamId);
    if (team === undefined) throw notFound('team', 'team_id');
    return team;
  }

  private async removeOne(actor: Actor, teamId: string): Promise<void> {
    const team = await this.existing(teamId);
    const { keys, seen } = await keysOfHolder(this.parts.store, { team_id: teamId }, 'team');
    const memberIds = team.row.members_with_roles.map(({ user_id }) => user_id);
    const users = await Promise.all(memberIds.map((user) => teamListChange(this.parts, user, { drop: teamId })));
    const memberships = memberIds.map((user): Change => ({ op: 'remove', kind: 'member', id: memberId(teamId, user) }));
    const removal: Change = { op: 'remove', kind: 'team', id: teamId, expected: team.version, seen: [seen] };
    await this.keys.removeAll(actor, keys, [removal, ...memberships, ...users.flat()], 'team.delete');
  }
}

/** A team's document. */
export function teamPut(
  teamId: string,
  row: TeamRow,
  expected: number,
): Put & { readonly kind: 'team'; readonly expected: number } {
  const names = row.team_alias === undefined ? [] : [`team-alias:${name.parse(row.team_alias)}`];
  const lists = [...new Set(row.members_with_roles.map(({ user_id }) => `member:${user_id}`))];
  if (row.budget_id !== undefined) lists.push(`budget:${row.budget_id}`);
  return { op: 'put', kind: 'team', id: teamId, expected, names, lists, body: JSON.stringify(row) };
}

function teamFilters({ alias, search }: Pick<TeamQuery, 'alias' | 'search'>): ListQuery<'team'>['filters'] {
  return {
    team_alias: alias === undefined ? undefined : ({ row }) => holds(alias, row.team_alias),
    search: search === undefined ? undefined : ({ id, row }) => id === search || holds(search, row.team_alias),
  };
}

function isMember(team: TeamRow, userId: string | undefined): boolean {
  return userId !== undefined && team.members_with_roles.some(({ user_id }) => user_id === userId);
}
