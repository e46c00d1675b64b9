import { type GatewayError } from '../../kernel/errors';
import { type ScopeLimits } from '../../kernel/limits';
import { personOf } from '../../kernel/principal';
import { type KeyMakers } from '../key-rules';
import { type KeyRow } from '../rows/key-row';
import { type Actor, actionDenied, fieldDenied } from './actor';
import { type KeyAccess } from './key-access';
import { raiseOf, unsharedLimit } from './key-bounds';

/** The right of members to make keys that are nobody's. */
const serviceRoute = '/key/service-account/generate';

/** A key of a team, and who wants to make it. */
export interface TeamKeyWish {
  readonly actor: Actor;
  readonly team_id: string;
  /** Undefined for a service account. */
  readonly user_id: string | undefined;
}

/** Why somebody may not make such a key of a team; undefined when that is right. */
export async function teamMakerRefusal(
  access: Pick<KeyAccess, 'teamRole'>,
  makers: KeyMakers,
  { actor, team_id, user_id }: TeamKeyWish,
): Promise<GatewayError | undefined> {
  const membership = await access.teamRole(actor, team_id);
  if (membership === undefined) return fieldDenied('team_id', 'you are no member of that team');
  const allowed = makers.team_key_generation?.allowed_team_member_roles;
  if (allowed?.includes(membership.role) === false)
    return fieldDenied('team_id', `members with the role ${membership.role} may not make keys here`);
  if (membership.role === 'admin') return undefined;
  const permissions = membership.team.team_member_permissions;
  if (user_id === undefined)
    return permissions.includes(serviceRoute)
      ? undefined
      : fieldDenied(
          'team_id',
          'service accounts are made by an admin of the team, who can allow it to members with team_member_permissions',
        );
  if (user_id !== personOf(actor.principal))
    return fieldDenied('user_id', 'keys of other members are made by an admin of the team');
  if (allowed !== undefined || permissions.includes('/key/generate')) return undefined;
  return fieldDenied(
    'team_id',
    'members of that team may not make keys for it; its admin can allow it with team_member_permissions',
  );
}

/**
 * What the key that asks is held to must hold for both keys together.
 *
 * @param granter the key that asks, with its budget merged in. @throws {GatewayError} 403
 */
export function assertLimitsShared(actor: Actor, granter: KeyRow, row: KeyRow): void {
  const limit = unsharedLimit(granter, scopesInCommon(actor, row));
  if (limit === undefined) return;
  throw actionDenied(
    `This key has a limit of its own ('${limit}'), and a key that it makes or raises would have it once more. Ask the operator of this gateway for the key, or to give the limit to the user (with a team: to the member) instead of the key.`,
  );
}

/** A key that another one changes. */
export interface ChangeOfKey {
  readonly actor: Actor;
  /** The key that asks, with its budget merged in. */
  readonly granter: KeyRow;
  readonly before: KeyRow;
  readonly row: KeyRow;
}

/**
 * Whether a key can do more than before. Whoever raises another key has more afterwards, as by making one: so it takes the
 * right to make it.
 *
 * @throws {GatewayError} 403
 */
export async function checkedRaise(
  access: Pick<KeyAccess, 'teamRole' | 'merged'>,
  makers: KeyMakers,
  { actor, granter, before, row }: ChangeOfKey,
): Promise<boolean> {
  const raise = raiseOf(await access.merged(row), await access.merged(before));
  if (raise === undefined) return false;
  if (raise.isSpent) assertLimitsShared(actor, granter, row);
  const { team_id, user_id } = row;
  if (team_id === undefined) return true;
  if ((await teamMakerRefusal(access, makers, { actor, team_id, user_id })) !== undefined)
    throw fieldDenied(raise.field, 'only who may make such a key for its team raises it');
  return true;
}

/** Whose books a key's calls are entered in beside its own, and those of another key too. */
function scopesInCommon({ principal }: Actor, { team_id, user_id }: KeyRow): readonly ScopeLimits[] {
  const isSameTeam = team_id === principal.teamId;
  const isSameUser = user_id !== undefined && user_id === principal.userId;
  return principal.scopes.filter(({ kind, mode }) => {
    if (mode === 'observe' || !isSameTeam) return false;
    return kind === 'team' || ((kind === 'member' || kind === 'user') && isSameUser);
  });
}
