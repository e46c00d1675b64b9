import { personOf } from '../../kernel/principal';
import { type Change } from '../../state/entities/entity';
import { oneOf } from '../../state/entities/entity-store';
import { withBudget } from '../compile/limits-of';
import { type KeyRow } from '../rows/key-row';
import { type Stored, stored } from '../rows/rows';
import { type TeamRow } from '../rows/team-row';
import { digestOf, isDigest, looksLikeKey, secretName } from '../secrets';
import { type Actor, actionDenied, fieldDenied, isAdmin, isHeldAdmin, isReader, notFound } from './actor';
import { exceededField } from './key-bounds';
import { aliasName } from './key-rows';
import { type ManagementParts } from './parts';

/** Finds keys, and knows who may see and change which. */
export class KeyAccess {
  constructor(private readonly parts: Pick<ManagementParts, 'store' | 'reader'>) {}

  /** @param named the key itself, its digest, or the digest of its present secret. */
  async find(named: string): Promise<Stored<'key'> | undefined> {
    const { store } = this.parts;
    if (looksLikeKey(named)) return readKey(await store.named('key', secretName(digestOf(named))));
    if (!isDigest(named)) return undefined;
    return readKey((await oneOf(store, { kind: 'key', id: named })) ?? (await store.named('key', secretName(named))));
  }

  async findByAlias(alias: string): Promise<Stored<'key'> | undefined> {
    return readKey(await this.parts.store.named('key', aliasName(alias)));
  }

  /** A key that the actor may see. @throws {GatewayError} 404, the same for unknown and for foreign ones. */
  async seen(actor: Actor, named: string): Promise<Stored<'key'>> {
    const key = await this.find(named);
    if (key !== undefined && (await this.maySee(actor, key))) return key;
    throw notFound('key', 'key');
  }

  async maySee(actor: Actor, key: Stored<'key'>): Promise<boolean> {
    return isReader(actor) || this.isNear(actor, key);
  }

  /**
   * A key that the actor may change: admins all, others their own and those of teams they are admin of, as far as these can
   * do no more than the key that asks.
   *
   * @throws {GatewayError} 404 for what is not the actor's to see, 403 for what it may see and not change.
   */
  async managed(actor: Actor, named: string): Promise<Stored<'key'>> {
    const key = await this.seen(actor, named);
    await this.assertManages(actor, key);
    return key;
  }

  /** @throws {GatewayError} 403 */
  async assertManages(actor: Actor, key: Stored<'key'>): Promise<void> {
    await this.assertNoHigherOwner(actor, key.row);
    if (isAdmin(actor)) return;
    if (!(await this.isNear(actor, key))) throw actionDenied('This key may be seen by you, and not changed.');
    if (key.faults !== undefined)
      throw actionDenied(
        `'${key.faults[0] ?? ''}' of that key cannot be used as it is stored: the operator sets it again.`,
      );
    if (key.id === actor.principal.keyHash) return;
    const field = exceededField(await this.merged(key.row), await this.granter(actor));
    if (field === undefined) return;
    throw actionDenied(
      `That key may do more than yours ('${field}'), so yours cannot change it. Ask the operator of this gateway.`,
    );
  }

  /** Whoever holds a key of an admin could do everything; an admin key that is held to some routes gives none out. */
  async assertNoHigherOwner(actor: Actor, { user_id }: Pick<KeyRow, 'user_id'>): Promise<void> {
    if (user_id === undefined || (isAdmin(actor) && !isHeldAdmin(actor))) return;
    const owner = await oneOf(this.parts.store, { kind: 'user', id: user_id });
    const role = owner === undefined ? 'internal_user' : stored('user', owner).row.user_role;
    const isHigher = role === 'proxy_admin' || role === 'proxy_admin_viewer';
    if (isHigher && actor.principal.role !== role)
      throw actionDenied(`The owner of that key is ${role}, which is more than this key may give.`);
    if (isHigher && isHeldAdmin(actor))
      throw actionDenied(`The owner of that key is ${role}, and this key is held to some routes by allowed_routes.`);
  }

  /**
   * Keys of a team that are somebody's are a member's.
   *
   * @throws {GatewayError} 403
   */
  async assertMember({
    team_id,
    user_id,
  }: {
    readonly team_id?: string | undefined;
    readonly user_id?: string | undefined;
  }): Promise<void> {
    if (team_id === undefined || user_id === undefined) return;
    const team = await oneOf(this.parts.store, { kind: 'team', id: team_id });
    const members = team === undefined ? [] : stored('team', team).row.members_with_roles;
    if (members.some((member) => member.user_id === user_id)) return;
    throw fieldDenied('user_id', 'that user is no member of the team; its admin adds it with POST /team/member_add');
  }

  /** The key that asks, with its budget merged in: what nobody it makes or changes may exceed. */
  async granter({ principal }: Actor): Promise<KeyRow> {
    const key = await this.find(principal.keyHash);
    if (key === undefined) throw notFound('key', 'key');
    return this.merged(key.row);
  }

  /**
   * Keeps what a key makes or changes from being stored when that key was changed or deleted since; read it before anything
   * else. None for admins, nor for a key that changes itself.
   *
   * @throws {GatewayError} 404
   */
  async unchangedGranter(actor: Actor, changed?: string): Promise<readonly Change[]> {
    if (isAdmin(actor)) return [];
    const key = await this.find(actor.principal.keyHash);
    if (key === undefined) throw notFound('key', 'key');
    return key.id === changed ? [] : [{ op: 'check', kind: 'key', id: key.id, expected: key.version }];
  }

  async merged(row: KeyRow): Promise<KeyRow> {
    if (row.budget_id === undefined) return row;
    const { budgets } = await this.parts.reader.budgets([row.budget_id]);
    return { ...row, ...withBudget(row, budgets.get(row.budget_id)) };
  }

  /** The role of the actor's user in a team; undefined when it has none there. */
  async teamRole(
    actor: Actor,
    teamId: string,
  ): Promise<{ readonly team: TeamRow; readonly role: 'admin' | 'user' } | undefined> {
    const entity = await oneOf(this.parts.store, { kind: 'team', id: teamId });
    if (entity === undefined || personOf(actor.principal) === undefined) return undefined;
    const team = stored('team', entity).row;
    const member = team.members_with_roles.find(({ user_id }) => user_id === personOf(actor.principal));
    return member === undefined ? undefined : { team, role: member.role };
  }

  /** Its own key, a key of the same user, or one of a team whose admin the user is. */
  private async isNear(actor: Actor, key: Stored<'key'>): Promise<boolean> {
    const person = personOf(actor.principal);
    if (key.id === actor.principal.keyHash || (person !== undefined && key.row.user_id === person)) return true;
    return key.row.team_id !== undefined && (await this.teamRole(actor, key.row.team_id))?.role === 'admin';
  }
}

function readKey(entity: Parameters<typeof stored>[1] | undefined): Stored<'key'> | undefined {
  return entity === undefined ? undefined : stored('key', entity);
}
