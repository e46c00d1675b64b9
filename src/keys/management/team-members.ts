import { invalidRequest } from '../../kernel/errors';
import { personOf } from '../../kernel/principal';
import { type Change } from '../../state/entities/entity';
import { present } from '../present';
import { type Stored } from '../rows/rows';
import { memberId } from '../../kernel/member-id';
import { type MemberRow, memberRowSchema, type TeamMember } from '../rows/team-row';
import { type Actor, actionDenied, fieldDenied, isAdmin, notFound } from './actor';
import { retrying } from './audited-writes';
import { committed, readOne } from './edits';
import { keysOfHolder } from './holder-keys';
import { type KeyAccess } from './key-access';
import { type KeyChanges } from './key-changes';
import { checkedReferences } from './key-minting';
import { type ManagementParts } from './parts';
import { readFields, readStrictly } from './request-fields';
import { type MemberEntry, memberShape, newMemberShape, removedMember } from './team-fields';
import { teamPut } from './team-management';
import { teamListChange, userByEmail } from './user-rows';

/** A team after its members changed, and what was said of them. */
export interface ChangedMembers {
  readonly team: Stored<'team'>;
  readonly users: readonly Stored<'user'>[];
  readonly members: readonly Stored<'member'>[];
}

/** Who is in a team, and what each may spend there. For admins of the gateway and of the team. */
export class TeamMembers {
  constructor(
    private readonly parts: ManagementParts,
    private readonly access: KeyAccess,
    private readonly keys: KeyChanges,
  ) {}

  /** `POST /team/member_add`. @throws {GatewayError} 400, 403, 404 */
  async add(actor: Actor, body: unknown): Promise<ChangedMembers> {
    const { fields } = readFields(body, { shape: newMemberShape });
    const { team_id, member, max_budget_in_team, tpm_limit, rpm_limit, budget_duration } = fields;
    if (team_id === undefined || member === undefined) throw missing(team_id === undefined ? 'team_id' : 'member');
    const limits = present({ max_budget: max_budget_in_team, tpm_limit, rpm_limit, budget_duration });
    return retrying(async () => {
      const team = await this.ruled(actor, team_id);
      const named = await Promise.all(member.map((entry) => this.memberOf(entry)));
      // Twice in one team, somebody would stay in it when taken out; of several entries the last one counts.
      const added = [...new Map(named.map((each) => [each.user_id, each])).values()];
      const ids = new Set(added.map(({ user_id }) => user_id));
      for (const each of added) assertMayLimit(actor, this.asBefore(team, each), new Set(Object.keys(fields)));
      const members_with_roles = [...team.row.members_with_roles.filter(({ user_id }) => !ids.has(user_id)), ...added];
      const rows =
        Object.keys(limits).length === 0
          ? []
          : await Promise.all([...ids].map((user_id) => this.limited({ team_id, user_id }, limits)));
      return this.store(actor, team, { members_with_roles, rows, action: 'team.member_add', drop: [], add: [...ids] });
    });
  }

  /** `POST /team/member_update`. @throws {GatewayError} 400, 403, 404 */
  async update(actor: Actor, body: unknown): Promise<ChangedMembers> {
    const { fields, cleared } = readFields(body, { shape: memberShape });
    const { team_id, user_id, user_email, role, max_budget_in_team, ...limits } = fields;
    if (team_id === undefined) throw missing('team_id');
    const sent = new Set([...Object.keys(fields), ...cleared]);
    return retrying(async () => {
      const team = await this.ruled(actor, team_id);
      const user = await this.idOf({ user_id, user_email });
      const before = team.row.members_with_roles.find((each) => each.user_id === user);
      if (before === undefined) throw notFound('member of that team', 'user_id');
      assertMayLimit(actor, before, sent);
      const others = team.row.members_with_roles.filter((each) => each.user_id !== user);
      const members_with_roles = [...others, { ...before, ...present({ role }) }];
      const row = await this.limited(
        { team_id, user_id: user },
        { ...limits, ...present({ max_budget: max_budget_in_team }) },
        cleared,
      );
      return this.store(actor, team, {
        members_with_roles,
        rows: [row],
        action: 'team.member_update',
        drop: [],
        add: [],
      });
    });
  }

  /** `POST /team/member_delete`. Keys of the member in the team go with it. @throws {GatewayError} 400, 403, 404 */
  async remove(actor: Actor, body: unknown): Promise<ChangedMembers> {
    const { team_id, ...who } = readStrictly(removedMember, body);
    return retrying(async () => {
      const team = await this.ruled(actor, team_id);
      const user = await this.idOf(who);
      const before = team.row.members_with_roles.find((each) => each.user_id === user);
      if (before === undefined) throw notFound('member of that team', 'user_id');
      assertMayRemove(actor, await readOne(this.parts, 'member', memberId(team_id, user)));
      const members_with_roles = team.row.members_with_roles.filter((each) => each.user_id !== user);
      return this.store(actor, team, {
        members_with_roles,
        rows: [],
        action: 'team.member_delete',
        drop: [user],
        add: [],
      });
    });
  }

  /** What is said of a member from now on; what was said before goes on, a budget of the operator's above all. */
  private async limited(
    { team_id, user_id }: { readonly team_id: string; readonly user_id: string },
    limits: object,
    cleared: ReadonlySet<string> = new Set(),
  ): Promise<MemberRow> {
    const known = await readOne(this.parts, 'member', memberId(team_id, user_id));
    const changed: Record<string, unknown> = { ...known?.row, ...limits };
    for (const name of cleared) changed[name === 'max_budget_in_team' ? 'max_budget' : name] = undefined;
    return memberRowSchema.loose().parse({ ...changed, team_id, user_id });
  }

  private async store(
    actor: Actor,
    team: Stored<'team'>,
    { members_with_roles, rows, action, drop, add }: MemberChange,
  ): Promise<ChangedMembers> {
    const { store } = this.parts;
    const row = { ...team.row, members_with_roles: [...members_with_roles] };
    const put = teamPut(team.id, row, team.version);
    const joined = await Promise.all(add.map((user) => teamListChange(this.parts, user, { add: team.id })));
    const left = await Promise.all(drop.map((user) => teamListChange(this.parts, user, { drop: team.id })));
    const checks = await Promise.all(rows.map(({ budget_id }) => checkedReferences(this.parts, { budget_id })));
    const members = rows.map((each): Change => memberPut(each));
    const keys = await Promise.all(
      drop.map((user_id) => keysOfHolder(store, { team_id: team.id, user_id }, 'member of the team')),
    );
    // A key that is made later is not stored, for its making looks at the version of the team; one made just before is seen here.
    const gone = drop.map((user, at): Change => {
      const seen = keys[at]?.seen;
      return { op: 'remove', kind: 'member', id: memberId(team.id, user), ...present({ seen: seen && [seen] }) };
    });
    // A team may have thousands of members: only those that changed.
    const before = unlike(team.row.members_with_roles, members_with_roles);
    const act = {
      actor,
      action,
      before,
      after: { members_with_roles: unlike(members_with_roles, team.row.members_with_roles), limits: rows },
    };
    const changes = [
      put,
      ...joined.flat(),
      ...left.flat(),
      ...members,
      ...gone,
      ...this.keys.removals(
        actor,
        keys.flatMap((held) => held.keys),
      ),
      ...dedupe(checks.flat()),
    ];
    const now = await committed(this.parts, put, act, changes);
    const users = await Promise.all([...add, ...drop].map((user) => readOne({ store }, 'user', user)));
    const found = await Promise.all(
      rows.map(({ user_id }) => readOne({ store }, 'member', memberId(team.id, user_id))),
    );
    return { team: now, users: users.flatMap((user) => user ?? []), members: found.flatMap((member) => member ?? []) };
  }

  /** A team whose members the actor may change. @throws {GatewayError} 403, 404 */
  private async ruled(actor: Actor, teamId: string): Promise<Stored<'team'>> {
    const team = await readOne(this.parts, 'team', teamId);
    const role = isAdmin(actor) ? 'admin' : (await this.access.teamRole(actor, teamId))?.role;
    if (team === undefined || role === undefined) throw notFound('team', 'team_id');
    if (role !== 'admin') throw actionDenied('Members of a team are changed by its admins.');
    return team;
  }

  /** An admin who is made a plain member by the same request counts as an admin still. */
  private asBefore({ row }: Stored<'team'>, added: TeamMember): TeamMember {
    return row.members_with_roles.find(({ user_id, role }) => user_id === added.user_id && role === 'admin') ?? added;
  }

  private async memberOf(entry: MemberEntry): Promise<TeamMember> {
    const { role, user_email } = entry;
    return { user_id: await this.idOf(entry), role, ...(user_email === undefined ? {} : { user_email }) };
  }

  private async idOf({
    user_id,
    user_email,
  }: {
    readonly user_id?: string | undefined;
    readonly user_email?: string | undefined;
  }): Promise<string> {
    if (user_id !== undefined) return user_id;
    if (user_email === undefined) throw missing('user_id');
    const user = await userByEmail(this.parts.store, user_email);
    if (user === undefined)
      throw invalidRequest(
        "'user_email' is nobody's here: make the user with POST /user/new, or say a user_id.",
        'user_email',
      );
    return user.id;
  }
}

interface MemberChange {
  readonly members_with_roles: readonly TeamMember[];
  readonly rows: readonly MemberRow[];
  readonly action: string;
  readonly drop: readonly string[];
  readonly add: readonly string[];
}

/** A member's document. */
export function memberPut(row: MemberRow): Change {
  const { team_id, user_id, budget_id } = row;
  const lists = [`team:${team_id}`, `user:${user_id}`, ...(budget_id === undefined ? [] : [`budget:${budget_id}`])];
  return { op: 'put', kind: 'member', id: memberId(team_id, user_id), names: [], lists, body: JSON.stringify(row) };
}

const ownLimits = ['max_budget_in_team', 'tpm_limit', 'rpm_limit', 'budget_duration'];

/**
 * Admins of a team say what its members may spend, and not what they themselves and each other may.
 *
 * @throws {GatewayError} 403
 */
function assertMayLimit(actor: Actor, { user_id, role }: TeamMember, sent: ReadonlySet<string>): void {
  if (isAdmin(actor)) return;
  if (sent.has('budget_id'))
    throw fieldDenied('budget_id', 'a budget may allow more than the team gives to its members');
  if (role !== 'admin' && user_id !== personOf(actor.principal)) return;
  const field = ownLimits.find((name) => sent.has(name));
  if (field !== undefined) throw fieldDenied(field, 'what admins of a team may spend is decided by the operator');
}

/** The operator's budget would go with the member, who could be added anew without it. @throws {GatewayError} 403 */
function assertMayRemove(actor: Actor, known: Stored<'member'> | undefined): void {
  if (isAdmin(actor) || known?.row.budget_id === undefined) return;
  throw actionDenied('This member has a budget_id of the operator, so only the operator removes it.');
}

function unlike(members: readonly TeamMember[], others: readonly TeamMember[]): readonly TeamMember[] {
  const known = new Set(others.map(({ user_id, role }) => `${role} ${user_id}`));
  return members.filter(({ user_id, role }) => !known.has(`${role} ${user_id}`));
}

function dedupe(changes: readonly Change[]): readonly Change[] {
  return [...new Map(changes.map((change) => [`${change.kind} ${change.id}`, change])).values()];
}

function missing(field: string): Error {
  return invalidRequest(`'${field}' is missing.`, field);
}
