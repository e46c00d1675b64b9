import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { invalidRequest } from '../../kernel/errors';
import { type Change } from '../../state/entities/entity';
import { present } from '../present';
import { dollars, flag, id } from '../rows/field-types';
import { type LimitFields } from '../rows/limit-fields';
import { type Stored, stored } from '../rows/rows';
import { memberId } from '../../kernel/member-id';
import { type UserRow, userRowSchema } from '../rows/user-row';
import { type Actor, actionDenied, isHeldAdmin, maySee, notFound } from './actor';
import { ChangedMeanwhile, retrying } from './audited-writes';
import { committed, edited, namedLimits, readOne } from './edits';
import { keysOfHolder } from './holder-keys';
import { type KeyChanges } from './key-changes';
import { checkedReferences, creatorOf, type KeyDraft, type KeyMinting } from './key-minting';
import { keyPut } from './key-rows';
import { notSaidBy } from './key-standards';
import { type ManagementParts } from './parts';
import { readFields, readStrictly } from './request-fields';
import { teamPut } from './team-management';
import { keptUserFields, type NewUserFields, newUserShape, userShape } from './user-fields';
import { userByEmail, userPut } from './user-rows';
import { filteredPage, holds, pageOf, type PageRange, type Sort, sorted } from './whole-list';

/** Terraform sends what it made a user with in every update; keys are made with users only. */
const updateBody = { ...userShape, user_id: id, spend: dollars, auto_create_key: flag };
const removeBody = z.strictObject({ user_ids: z.array(id).min(1).max(100) });
const mostTeams = 1_000;

/** What internal users are given: a budget to those without one, and its period to those who come with an amount alone. */
function internalBudget(
  { max_budget, budget_id }: NewUserFields,
  settings: LimitFields,
  named: LimitFields,
): LimitFields {
  if (max_budget === undefined) return settings.max_budget === undefined ? {} : notSaidBy(named, settings);
  return budget_id === undefined ? present({ budget_duration: settings.budget_duration }) : {};
}

/** A new user, and its key when one was made. */
export interface NewUser {
  readonly user: Stored<'user'>;
  readonly key: { readonly secret: string; readonly stored: Stored<'key'> } | undefined;
  readonly ignored: readonly string[];
}

/** Which users, and which part of them. */
export interface UserQuery extends PageRange {
  readonly ids?: readonly string[];
  readonly role?: string | undefined;
  readonly team?: string | undefined;
  /** A part of the email. */
  readonly email?: string | undefined;
  /** A part of id or email. */
  readonly search?: string | undefined;
  readonly sort?: Sort<Stored<'user'>> | undefined;
}

/** A user after a change. */
export interface ChangedUser {
  readonly user: Stored<'user'>;
  /** Fields that were kept and do nothing. */
  readonly ignored: readonly string[];
  /** What shall count as spent, in dollars, where that was sent. */
  readonly spend?: number;
}

/** Makes, changes and deletes users; admins only. */
export class UserManagement {
  constructor(
    private readonly parts: ManagementParts,
    private readonly minting: KeyMinting,
    private readonly keys: KeyChanges,
  ) {}

  /** `POST /user/new`, with a key unless `auto_create_key` is false. @throws {GatewayError} 400 that names the field. */
  async create(actor: Actor, body: unknown): Promise<NewUser> {
    const { fields, kept } = readFields(body, { shape: newUserShape, keptNames: keptUserFields });
    return retrying(async () => {
      const {
        user_id = randomUUID(),
        auto_create_key = true,
        key_alias,
        duration,
        aliases,
        team_id,
        ...rest
      } = await this.withDefaults(fields);
      const known = (await this.teamsOf(user_id)).map(({ id: team }) => team);
      const teams = [...new Set([...known, ...(rest.teams ?? [])])];
      const row = userRowSchema.parse({ ...rest, teams, kept, created_by: creatorOf(actor) });
      assertMayGive(actor, row);
      const checks = [...(await checkedReferences(this.parts, { budget_id: row.budget_id }))];
      if ((await readOne(this.parts, 'user', user_id)) !== undefined)
        throw invalidRequest("'user_id' must be unique, and another user has it.", 'user_id', 'already_exists');
      const joins = await this.joining(user_id, row.teams, 'user');
      const put = userPut(user_id, row, 0);
      const asked = {
        fields: present({ user_id, key_alias, duration, aliases, team_id, models: rest.models }),
        cleared: new Set<string>(),
        kept: {},
      };
      const draft = auto_create_key ? await this.minting.draft(actor, asked) : undefined;
      const keys =
        draft === undefined
          ? []
          : [
              keyPut(draft.id, draft.row, 0),
              ...draft.changes.filter(
                (each) => !joins.some(({ kind, id: other }) => kind === each.kind && other === each.id),
              ),
            ];
      const user = await committed(
        this.parts,
        put,
        { actor, action: 'user.create', after: { user: row, key: draft?.row.key_name } },
        [put, ...joins, ...keys, ...checks],
      );
      return { user, key: draft === undefined ? undefined : await this.minted(draft), ignored: Object.keys(kept) };
    });
  }

  /** `POST /user/update`. @throws {GatewayError} 400, 404 */
  async update(actor: Actor, body: unknown): Promise<ChangedUser> {
    const { fields, ...read } = readFields(body, { shape: updateBody, keptNames: keptUserFields });
    const { user_id: named, user_email: email, spend, auto_create_key, ...rest } = fields;
    // An email that says who is meant does not say how it is written from now on.
    const changes = named === undefined ? rest : { ...rest, ...present({ user_email: email }) };
    const user = await retrying(async () => {
      const before =
        named === undefined
          ? await userByEmail(this.parts.store, email ?? '')
          : await readOne(this.parts, 'user', named);
      if (before === undefined)
        throw named === undefined && email === undefined
          ? invalidRequest("'user_id' is missing.", 'user_id')
          : notFound('user', 'user_id');
      const row = edited<'user'>(userRowSchema, before.row, { ...read, fields: changes });
      assertMayGive(actor, row);
      if (row.user_role !== before.row.user_role) assertMayGive(actor, before.row);
      const checks = await checkedReferences(this.parts, { budget_id: changes.budget_id });
      const put = userPut(before.id, row, before.version);
      return committed(this.parts, put, { actor, action: 'user.update', before: before.row, after: row }, [
        put,
        ...checks,
      ]);
    });
    return { user, ignored: Object.keys({ ...read.kept, ...present({ auto_create_key }) }), ...present({ spend }) };
  }

  /** `POST /user/delete`: with their keys and memberships. What they spent stays in the ledger. @returns how many went. */
  async remove(actor: Actor, body: unknown): Promise<number> {
    const ids = [...new Set(readStrictly(removeBody, body).user_ids)];
    for (const each of ids) {
      const user = await readOne(this.parts, 'user', each);
      if (user === undefined) throw notFound('user', 'user_ids');
      assertMayGive(actor, user.row);
    }
    for (const each of ids) await retrying(() => this.removeOne(actor, each));
    return ids.length;
  }

  /** @throws {GatewayError} 404, the same for unknown users and for others than the actor itself. */
  async seen(actor: Actor, userId: string): Promise<Stored<'user'>> {
    const user = await readOne(this.parts, 'user', userId);
    if (user !== undefined && maySee(actor, userId)) return user;
    throw notFound('user', 'user_id');
  }

  /** A page of users, newest first or in the order of `ids` unless sorted. @throws {GatewayError} 400 */
  async list({
    ids = [],
    role,
    team,
    email,
    search,
    sort,
    ...range
  }: UserQuery): Promise<{ readonly users: readonly Stored<'user'>[]; readonly total: number }> {
    const list = team !== undefined ? `team:${team}` : role !== undefined ? `role:${role}` : undefined;
    const filters = {
      role:
        role === undefined || (team === undefined && ids.length === 0)
          ? undefined
          : ({ row }: Stored<'user'>) => row.user_role === role,
      team: team === undefined || ids.length === 0 ? undefined : ({ row }: Stored<'user'>) => row.teams.includes(team),
      user_email: email === undefined ? undefined : ({ row }: Stored<'user'>) => holds(email, row.user_email),
      search:
        search === undefined
          ? undefined
          : ({ id: userId, row }: Stored<'user'>) => holds(search, userId, row.user_email),
    };
    if (ids.length === 0) {
      const { found, total } = await filteredPage(this.parts.store, 'user', { ...range, list, filters, sort });
      return { users: found, total };
    }
    const named = await this.parts.store.many([...new Set(ids)].map((each) => ({ kind: 'user' as const, id: each })));
    const users = named.flatMap((user) => (user === undefined ? [] : [stored('user', user)]));
    const passing = users.filter((user) => Object.values(filters).every((passes) => passes?.(user) ?? true));
    const { found, total } = pageOf(await sorted(passing, sort), range);
    return { users: found, total };
  }

  /** What the settings give to users that do not say otherwise; what a named budget says is said. */
  private async withDefaults(fields: NewUserFields): Promise<NewUserFields> {
    const { defaultUser, internalUser } = this.parts.rules;
    // As in LiteLLM, administrators are given none of it.
    const settings = fields.user_role === 'proxy_admin' ? {} : defaultUser;
    const named = await namedLimits(this.parts, fields.budget_id ?? settings.budget_id);
    const defaults = fields.budget_id === undefined ? settings : notSaidBy(named, settings);
    const given: NewUserFields = { ...defaults, ...fields };
    const isInternal = given.user_role === undefined || given.user_role.startsWith('internal_user');
    const budget = isInternal ? internalBudget(given, internalUser, named) : {};
    const teams = given.teams === undefined ? {} : { teams: [...new Set(given.teams)] };
    return { ...budget, ...given, ...teams };
  }

  /** Who is in a team already, known to it by the id alone until now, stays what it is there. */
  private async joining(userId: string, teamIds: readonly string[], role: 'user'): Promise<readonly Change[]> {
    const teams = await Promise.all(teamIds.map((team) => readOne(this.parts, 'team', team)));
    return teams.map((team, at) => {
      if (team === undefined)
        throw invalidRequest(`'teams' names '${teamIds[at] ?? ''}', and there is no such team.`, 'teams');
      const members = team.row.members_with_roles;
      if (members.some(({ user_id }) => user_id === userId))
        return { op: 'check', kind: team.kind, id: team.id, expected: team.version };
      const members_with_roles = [...members, { user_id: userId, role }];
      return teamPut(team.id, { ...team.row, members_with_roles }, team.version);
    });
  }

  /** Teams that have somebody as a member. */
  private async teamsOf(userId: string): Promise<readonly Stored<'team'>[]> {
    const list = `member:${userId}`;
    const { entities } = await this.parts.store.page('team', { list, order: 'oldest', offset: 0, limit: mostTeams });
    return entities.map((entity) => stored('team', entity));
  }

  private async minted(draft: KeyDraft): Promise<{ readonly secret: string; readonly stored: Stored<'key'> }> {
    const key = await readOne(this.parts, 'key', draft.id);
    if (key === undefined) throw new ChangedMeanwhile();
    return { secret: draft.secret, stored: key };
  }

  private async removeOne(actor: Actor, userId: string): Promise<void> {
    const { store } = this.parts;
    const user = await readOne(this.parts, 'user', userId);
    if (user === undefined) return;
    assertMayGive(actor, user.row);
    const { keys, seen } = await keysOfHolder(store, { user_id: userId }, 'user');
    const teams = await this.teamsOf(userId);
    const left = teams.map((team) => {
      const members_with_roles = team.row.members_with_roles.filter(({ user_id }) => user_id !== userId);
      return teamPut(team.id, { ...team.row, members_with_roles }, team.version);
    });
    const memberships = teams.map((team): Change => ({ op: 'remove', kind: 'member', id: memberId(team.id, userId) }));
    const removal: Change = { op: 'remove', kind: 'user', id: userId, expected: user.version, seen: [seen] };
    await this.keys.removeAll(actor, keys, [removal, ...left, ...memberships], 'user.delete');
  }
}

/** An admin key that is held to some routes makes nobody admin. @throws {GatewayError} 403 */
function assertMayGive(actor: Actor, { user_role }: UserRow): void {
  if (isHeldAdmin(actor) && user_role.startsWith('proxy_admin'))
    throw actionDenied(
      `This key is held to some routes by allowed_routes, so it neither gives nor takes the role ${user_role}.`,
    );
}
