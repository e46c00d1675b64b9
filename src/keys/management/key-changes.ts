import { z } from 'zod';
import { invalidRequest } from '../../kernel/errors';
import { type Change, type EntityRef } from '../../state/entities/entity';
import { oneOf } from '../../state/entities/entity-store';
import { absentOr, dollars, name } from '../rows/field-types';
import { type DeletedKeyRow, type KeyRow, standingOf } from '../rows/key-row';
import { type Stored, stored } from '../rows/rows';
import { digestOf, maskedSecret, newSecret } from '../secrets';
import { type Actor, fieldDenied, isAdmin, notFound } from './actor';
import { retrying } from './audited-writes';
import { assertOwnFields } from './grants';
import { type KeyAccess } from './key-access';
import { exceededField, modelsWithin } from './key-bounds';
import { keptKeyFields, liftedFromMetadata, regenerateShape, type UpdateFields, updateShape } from './key-fields';
import { checkedReferences, creatorOf, graceEnd, type MintedKey, standingFor } from './key-minting';
import { checkedRaise } from './key-makers';
import { keyPut, rowOfUpdate } from './key-rows';
import { assertAlias } from './key-standards';
import { type ManagementParts } from './parts';
import { type ReadFields, readFields, readStrictly } from './request-fields';

const updateBody = { ...updateShape, key: name, spend: dollars };
const regenerateBody = { ...regenerateShape, key: name };
/** LiteLLM's clients send both lists, one of them null. */
const removeBody = z.strictObject(
  { keys: absentOr(z.array(name).max(1_000)), key_aliases: absentOr(z.array(name).max(1_000)) },
  { error: 'must be {keys: [...]} or {key_aliases: [...]}' },
);
const blockBody = z.strictObject({ key: name });

/** Old secrets that may be in their time of grace at once. */
const mostOldSecrets = 4;

/** A key after a change. */
export interface ChangedKey {
  readonly key: Stored<'key'>;
  /** Fields that were kept and do nothing. */
  readonly ignored: readonly string[];
  /** A budget was set on a key that may have spent before. */
  readonly setsBudget: boolean;
  /** What shall count as spent, in dollars, where that was sent. */
  readonly spend?: number;
}

/** Changes, switches off and deletes keys. */
export class KeyChanges {
  constructor(
    private readonly parts: ManagementParts,
    private readonly access: KeyAccess,
  ) {}

  /** `POST /key/update`. @throws {GatewayError} 400, 403 or 404 that names the field. */
  async update(actor: Actor, body: unknown): Promise<ChangedKey> {
    const { fields, ...rest } = readFields(liftedFromMetadata(body), { shape: updateBody, keptNames: keptKeyFields });
    const { key: named, spend, ...changes } = fields;
    if (named === undefined) throw invalidRequest("'key' is missing: the key, or its digest.", 'key');
    if (spend !== undefined && !isAdmin(actor)) assertOwnFields(['spend']);
    const changed = await retrying(async () => {
      const key = await this.access.managed(actor, named);
      return this.change(actor, key, { ...rest, fields: changes }, 'key.update');
    });
    return spend === undefined ? changed : { ...changed, spend };
  }

  /** `POST /key/block` and `/key/unblock`. @throws {GatewayError} 404 */
  async block(actor: Actor, body: unknown, blocked: boolean): Promise<Stored<'key'>> {
    const { key: named } = readStrictly(blockBody, body);
    return retrying(async () => {
      const key = await this.access.managed(actor, named);
      const row = { ...key.row, blocked, updated_by: creatorOf(actor) };
      return this.store(actor, key, { row, action: blocked ? 'key.block' : 'key.unblock', checks: [] });
    });
  }

  /** `POST /key/delete`: all that were named, or none. @returns what they were called in the request. */
  async remove(actor: Actor, body: unknown): Promise<readonly string[]> {
    const { keys = [], key_aliases = [] } = readStrictly(removeBody, body);
    const named = [...new Set([...keys, ...key_aliases])];
    if (named.length === 0) throw invalidRequest("'keys' or 'key_aliases' must name at least one key.", 'keys');
    await retrying(async () => {
      const found = new Map<string, Stored<'key'>>();
      for (const each of keys) this.add(found, await this.access.managed(actor, each));
      for (const alias of key_aliases) this.add(found, await this.managedByAlias(actor, alias));
      await this.removeAll(actor, [...found.values()]);
    });
    return named;
  }

  /** Deletes keys in one commit with other changes. */
  async removeAll(
    actor: Actor,
    keys: readonly Stored<'key'>[],
    more: readonly Change[] = [],
    action = 'key.delete',
  ): Promise<void> {
    const changes = this.removals(actor, keys);
    const objects: EntityRef[] = keys.map(({ kind, id }) => ({ kind, id }));
    const others = more.filter(({ op }) => op !== 'check').map(({ kind, id }) => ({ kind, id }));
    await this.parts.writes.commit(
      { actor, action, objects: [...others, ...objects], before: keys.map(({ row }) => row) },
      [...changes, ...more],
    );
  }

  /** What takes keys away, for those who commit it with something else. */
  removals(actor: Actor, keys: readonly Stored<'key'>[]): readonly Change[] {
    return keys.flatMap((key) => removal(key, this.parts.store.nowMs(), creatorOf(actor)));
  }

  /** `POST /key/{key}/regenerate`: another secret for the same key; the old ones work on for the time of grace, if any. */
  async regenerate(actor: Actor, named: string | undefined, body: unknown): Promise<MintedKey> {
    const sent = body ?? {};
    const { fields, ...rest } = readFields(liftedFromMetadata(sent), {
      shape: regenerateBody,
      keptNames: keptKeyFields,
    });
    const { key: inBody, new_key, grace_period, ...changes } = fields;
    const target = named ?? inBody;
    if (target === undefined) throw invalidRequest("'key' is missing: the key, or its digest.", 'key');
    const secret = new_key ?? newSecret();
    return retrying(async () => {
      const key = await this.access.managed(actor, target);
      const turned = { ...key, row: this.turned(actor, key.row, { secret, grace: grace_period }) };
      const { key: changed, ignored } = await this.change(
        actor,
        turned,
        { ...rest, fields: changes },
        'key.regenerate',
      );
      return { secret, key: changed, ignored };
    });
  }

  private turned(
    actor: Actor,
    row: KeyRow,
    { secret, grace }: { readonly secret: string; readonly grace: string | undefined },
  ): KeyRow {
    const nowMs = this.parts.store.nowMs();
    const until = graceEnd(nowMs, grace);
    const [current, ...older] = row.secrets;
    // Whoever took an earlier secret may have turned the key with a long grace: no secret outlives the grace given now.
    const alive = older.flatMap(({ hash: known, untilMs = 0 }) =>
      untilMs > nowMs && until !== undefined ? [{ hash: known, untilMs: Math.min(untilMs, until) }] : [],
    );
    const old = current === undefined || until === undefined ? [] : [{ hash: current.hash, untilMs: until }, ...alive];
    const hash = digestOf(secret);
    if (row.secrets.some((each) => each.hash === hash))
      throw invalidRequest("'new_key' is the present key.", 'new_key');
    return {
      ...row,
      ...(row.user_id === undefined ? {} : { standing: standingOfTurned(actor, row, old.length > 0) }),
      secrets: [{ hash }, ...old.slice(0, mostOldSecrets)],
      key_name: maskedSecret(secret),
      rotations: row.rotations + 1,
      rotatedMs: nowMs,
    };
  }

  private async change(
    actor: Actor,
    key: Stored<'key'>,
    read: ReadFields<UpdateFields>,
    action: string,
  ): Promise<ChangedKey> {
    const granterCheck = await this.access.unchangedGranter(actor, key.id);
    if (!isAdmin(actor)) await this.assertOwnChange(actor, key, read);
    assertAlias(read.fields.key_alias, this.parts.rules);
    const checks = [...granterCheck, ...(await checkedReferences(this.parts, read.fields, !isAdmin(actor)))];
    const updated = withStanding(actor, key.row, rowOfUpdate(key.row, read, this.parts.store.nowMs()));
    if (!isAdmin(actor) && (updated.user_id !== key.row.user_id || updated.team_id !== key.row.team_id))
      await this.access.assertMember(updated);
    await this.access.assertNoHigherOwner(actor, updated);
    const bound = isAdmin(actor) ? within(updated, read) : await this.bounded(actor, key, updated);
    const isAliased = isAdmin(actor) && (read.fields.aliases !== undefined || read.cleared.has('aliases'));
    const written = isAliased ? { operator_aliases: updated.aliases } : {};
    const row = { ...updated, ...written, models_within: bound.within, updated_by: creatorOf(actor) };
    const changed = await this.store(actor, key, { row, action, checks: [...checks, ...bound.checks] });
    return { key: changed, ignored: Object.keys(read.kept), setsBudget: setsBudget(read.fields) };
  }

  /** What a holder makes of a key lies within the key that asks. @throws {GatewayError} 403 */
  private async bounded(actor: Actor, key: Stored<'key'>, row: KeyRow): Promise<Bound> {
    const granter = await this.access.granter(actor);
    const field = exceededField(await this.access.merged(row), granter);
    if (field !== undefined) throw fieldDenied(field, 'no key can give more than it has itself');
    const change = { actor, granter, before: key.row, row };
    const isItself = key.id === actor.principal.keyHash;
    const isRaised = !isItself && (await checkedRaise(this.access, this.parts.rules.makers, change));
    const checks = isRaised ? await checkedReferences(this.parts, { team_id: row.team_id }, true) : [];
    return { within: modelsWithin(row, granter), checks };
  }

  private async assertOwnChange(actor: Actor, key: Stored<'key'>, read: ReadFields<UpdateFields>): Promise<void> {
    assertOwnFields([...Object.keys(read.fields), ...read.cleared, ...Object.keys(read.kept)]);
    const { user_id, team_id } = read.fields;
    for (const field of ['user_id', 'team_id'] as const)
      if (read.cleared.has(field)) throw fieldDenied(field, 'keys change hands by the operator only');
    const isAdminOf = async (team: string | undefined): Promise<boolean> =>
      team !== undefined && (await this.access.teamRole(actor, team))?.role === 'admin';
    if (team_id !== undefined && team_id !== key.row.team_id && !(await isAdminOf(team_id)))
      throw fieldDenied('team_id', 'you are no admin of that team');
    if (user_id !== undefined && user_id !== key.row.user_id && !(await isAdminOf(key.row.team_id)))
      throw fieldDenied('user_id', 'keys change hands by the operator only');
  }

  private async store(
    actor: Actor,
    key: Stored<'key'>,
    { row, action, checks }: { readonly row: KeyRow; readonly action: string; readonly checks: readonly Change[] },
  ): Promise<Stored<'key'>> {
    const { kind, id, version } = key;
    const before = await oneOf(this.parts.store, { kind, id });
    const act = {
      actor,
      action,
      objects: [{ kind, id }],
      before: before === undefined ? undefined : stored('key', before).row,
      after: row,
    };
    await this.parts.writes.commit(act, [keyPut(id, row, version), ...checks]);
    const entity = await oneOf(this.parts.store, { kind, id });
    if (entity === undefined) throw notFound('key', 'key');
    return stored('key', entity);
  }

  private async managedByAlias(actor: Actor, alias: string): Promise<Stored<'key'>> {
    const key = await this.access.findByAlias(alias);
    if (key === undefined) throw notFound('key', 'key_aliases');
    return this.access.managed(actor, key.id);
  }

  private add(found: Map<string, Stored<'key'>>, key: Stored<'key'>): void {
    found.set(key.id, key);
  }
}

/** What a changed key is held to from now on, and what must not have changed until it is stored. */
interface Bound {
  readonly within: KeyRow['models_within'];
  readonly checks: readonly Change[];
}

/** What the operator says of models counts as it stands. */
function within({ models_within }: KeyRow, { fields }: ReadFields<UpdateFields>): Bound {
  return { within: fields.models === undefined ? models_within : [], checks: [] };
}

/** A new secret is known to who asked for it; an old one that works on, to who knew it before. */
function standingOfTurned(actor: Actor, row: KeyRow, hasOld: boolean): KeyRow['standing'] {
  const before = standingOf(row);
  const now = standingFor(actor, row);
  if (now === 'team' || before === 'team') return hasOld ? 'team' : now;
  return before;
}

/** A key that changes hands is known to who had it. */
function withStanding(actor: Actor, before: KeyRow, row: KeyRow): KeyRow {
  return isAdmin(actor) || row.user_id === before.user_id ? row : { ...row, standing: 'team' };
}

/** A deleted key leaves a note without anything of a person. */
function removal(key: Stored<'key'>, nowMs: number, by: string): readonly Change[] {
  const { id, version, createdAtMs, row } = key;
  const note: DeletedKeyRow = {
    key_name: row.key_name,
    team_id: row.team_id,
    createdMs: createdAtMs,
    deletedMs: nowMs,
    deleted_by: by,
  };
  const lists = row.team_id === undefined ? [] : [`team:${row.team_id}`];
  return [
    { op: 'remove', kind: 'key', id, expected: version },
    { op: 'put', kind: 'deleted_key', id, names: [], lists, body: JSON.stringify(note) },
  ];
}

function setsBudget(fields: UpdateFields): boolean {
  const { max_budget, budget_limits, budget_duration, budget_id, token_budget, request_budget } = fields;
  const set = [max_budget, budget_limits, budget_duration, budget_id, token_budget, request_budget];
  return set.some((field) => field !== undefined);
}
