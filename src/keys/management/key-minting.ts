import { GatewayError, invalidRequest } from '../../kernel/errors';
import { personOf } from '../../kernel/principal';
import { type Change } from '../../state/entities/entity';
import { oneOf } from '../../state/entities/entity-store';
import { present } from '../present';
import { after } from '../rows/duration';
import { type KeyRow } from '../rows/key-row';
import { type Stored, stored } from '../rows/rows';
import { digestOf, maskedSecret, newSecret } from '../secrets';
import { type Actor, actionDenied, fieldDenied, isAdmin } from './actor';
import { ChangedMeanwhile, retrying } from './audited-writes';
import { namedLimits } from './edits';
import { assertOwnFields } from './grants';
import { type KeyAccess } from './key-access';
import { exceededField, inherited, modelsWithin } from './key-bounds';
import { type GenerateFields, generateShape, keptKeyFields, liftedFromMetadata } from './key-fields';
import { assertLimitsShared, teamMakerRefusal } from './key-makers';
import { keyPut, rowOfNewKey } from './key-rows';
import { assertAlias, assertWithinBounds, fittedFields, withDefaults } from './key-standards';
import { type ManagementParts } from './parts';
import { type ReadFields, readFields } from './request-fields';

/** A key that was just made, with the only copy of its secret. */
export interface MintedKey {
  readonly secret: string;
  readonly key: Stored<'key'>;
  /** Fields that were kept and do nothing. */
  readonly ignored: readonly string[];
}

/** A key that is ready to be stored, and what must not have changed until then. */
export interface KeyDraft {
  readonly secret: string;
  readonly id: string;
  readonly row: KeyRow;
  readonly changes: readonly Change[];
  readonly ignored: readonly string[];
}

/** Makes keys. Nothing it makes can do more than who asks for it. */
export class KeyMinting {
  constructor(
    private readonly parts: ManagementParts,
    private readonly access: KeyAccess,
  ) {}

  /** `POST /key/generate`. @throws {GatewayError} 400 or 403 that names the field. */
  async generate(actor: Actor, body: unknown): Promise<MintedKey> {
    const read = readFields(liftedFromMetadata(body), { shape: generateShape, keptNames: keptKeyFields });
    return retrying(async () => this.store(actor, 'key.create', await this.draft(actor, read)));
  }

  /** `POST /key/service-account/generate`: a key of a team that is nobody's. */
  async generateForService(actor: Actor, body: unknown): Promise<MintedKey> {
    const read = readFields(liftedFromMetadata(body), { shape: generateShape, keptNames: keptKeyFields });
    if (read.fields.team_id === undefined)
      throw invalidRequest("'team_id' is missing: a service account belongs to a team.", 'team_id');
    if (read.fields.user_id !== undefined)
      throw invalidRequest("'user_id' goes with personal keys only; leave it out for a service account.", 'user_id');
    const metadata = { ...read.fields.metadata, service_account_id: read.fields.key_alias ?? 'service-account' };
    const asked = { ...read, fields: { ...read.fields, metadata } };
    return retrying(async () => this.store(actor, 'key.create', await this.draft(actor, asked, { isService: true })));
  }

  /** A key as it would be stored; also for those who store it with something else. */
  async draft(actor: Actor, read: ReadFields<GenerateFields>, { isService = false } = {}): Promise<KeyDraft> {
    const { rules, store } = this.parts;
    if (!isAdmin(actor)) assertOwnFields([...Object.keys(read.fields), ...read.cleared, ...Object.keys(read.kept)]);
    const granterCheck = await this.access.unchangedGranter(actor);
    const named = await namedLimits(this.parts, read.fields.budget_id ?? rules.defaultKey.budget_id);
    const fields = withDefaults(read.fields, rules, named);
    const owner = isAdmin(actor) ? fields : await this.ownedFields(actor, { fields, asked: read.fields }, isService);
    const changes = await this.checkedReferences(actor, owner);
    if (!isAdmin(actor)) await this.access.assertMember(owner);
    assertAlias(owner.key_alias, rules);
    assertWithinBounds(owner, rules);
    const secret = owner.key ?? newSecret();
    const hash = digestOf(secret);
    const common = present({ created_by: creatorOf(actor), updated_by: creatorOf(actor) });
    const base = {
      secrets: [{ hash }],
      key_name: maskedSecret(secret),
      standing: standingFor(actor, owner),
      ...common,
    };
    const row = isAdmin(actor)
      ? rowOfNewKey(
          { ...read, fields: owner },
          { ...base, ...present({ operator_aliases: owner.aliases }) },
          store.nowMs(),
        )
      : await this.boundedRow(actor, { ...read, fields: owner }, { base, asked: read.fields });
    await this.access.assertNoHigherOwner(actor, row);
    return { secret, id: hash, row, changes: [...changes, ...granterCheck], ignored: Object.keys(read.kept) };
  }

  private async store(actor: Actor, action: string, draft: KeyDraft): Promise<MintedKey> {
    const { secret, id, row, changes, ignored } = draft;
    const put = keyPut(id, row, 0);
    const act = { actor, action, objects: [{ kind: 'key' as const, id }], after: row };
    try {
      await this.parts.writes.commit(act, [put, ...changes]);
    } catch (error) {
      // Of the documents only the key itself can be in the way of its own making, unless a reference moved.
      const taken = await oneOf(this.parts.store, { kind: 'key', id });
      if (!(error instanceof GatewayError) || error.code !== 'changed_meanwhile' || taken === undefined) throw error;
      throw invalidRequest(
        "'key' cannot be used: choose another value, or leave it out to get a new one.",
        'key',
        'already_exists',
      );
    }
    const entity = await oneOf(this.parts.store, { kind: 'key', id });
    // Deleted by somebody else since, with its team or user perhaps: made once more if that is still right.
    if (entity === undefined) throw new ChangedMeanwhile();
    return { secret, key: stored('key', entity), ignored };
  }

  /** Whose key it becomes when no admin asks: the caller's own, or one of a team the caller may make keys for. */
  private async ownedFields(
    actor: Actor,
    { fields, asked }: { readonly fields: GenerateFields; readonly asked: GenerateFields },
    isService: boolean,
  ): Promise<GenerateFields> {
    const { role } = actor.principal;
    const userId = personOf(actor.principal);
    if (userId === undefined)
      throw actionDenied('This key belongs to nobody, so it cannot make keys. Ask the operator of this gateway.');
    const granter = await this.access.granter(actor);
    const owned: GenerateFields = {
      ...fields,
      ...present({ team_id: asked.team_id ?? granter.team_id ?? fields.team_id }),
    };
    const user_id = isService ? undefined : (fields.user_id ?? userId);
    if (owned.team_id === undefined) {
      this.assertPersonalMaker(role, fields);
      if (user_id !== userId) throw fieldDenied('user_id', 'keys of others are made by the operator');
      return { ...owned, user_id };
    }
    const refusal = await teamMakerRefusal(this.access, this.parts.rules.makers, {
      actor,
      team_id: owned.team_id,
      user_id,
    });
    if (refusal !== undefined) throw refusal;
    assertRequired(fields, this.parts.rules.makers.team_key_generation?.required_params);
    return { ...owned, ...present({ user_id }) };
  }

  private assertPersonalMaker(role: Actor['principal']['role'], fields: GenerateFields): void {
    const makers = this.parts.rules.makers.personal_key_generation;
    if (makers?.allowed_user_roles?.includes(role) === false)
      throw actionDenied(`Users with the role ${role} may not make personal keys here.`);
    assertRequired(fields, makers?.required_params);
  }

  /** What was not asked for is taken over from the key that asks, and what was asked for may not exceed it. */
  private async boundedRow(
    actor: Actor,
    read: Pick<ReadFields<GenerateFields>, 'fields' | 'kept'>,
    {
      base,
      asked,
    }: { readonly base: Pick<KeyRow, 'secrets' | 'key_name' | 'standing'>; readonly asked: GenerateFields },
  ): Promise<KeyRow> {
    const granter = await this.access.granter(actor);
    const [taken, nowMs] = [{ ...present(inherited(granter)), ...base }, this.parts.store.nowMs()];
    const rowOf = (fields: GenerateFields): KeyRow => rowOfNewKey({ ...read, fields }, taken, nowMs);
    const names = new Set([...Object.keys(asked), 'team_id', 'user_id']);
    const row = rowOf(fittedFields(read.fields, { granter, asked: names, rowOf }));
    const field = exceededField(row, granter);
    if (field !== undefined) throw fieldDenied(field, 'no key can give more than it has itself');
    assertLimitsShared(actor, granter, row);
    return { ...row, models_within: modelsWithin(row, granter) };
  }

  /** What the key points to must be there, and stay so until it is stored. */
  private async checkedReferences(actor: Actor, { team_id, budget_id }: GenerateFields): Promise<readonly Change[]> {
    return checkedReferences(this.parts, { team_id, budget_id }, !isAdmin(actor));
  }
}

/**
 * Checks of a team and a budget that something points to. @param isForeign the answer must not tell which teams there are.
 * @throws {GatewayError} 400 that names the field.
 */
export async function checkedReferences(
  { store }: Pick<ManagementParts, 'store'>,
  { team_id, budget_id }: { readonly team_id?: string | undefined; readonly budget_id?: string | undefined },
  isForeign = false,
): Promise<readonly Change[]> {
  const refs = [
    ...(team_id === undefined ? [] : [{ kind: 'team' as const, id: team_id }]),
    ...(budget_id === undefined ? [] : [{ kind: 'budget' as const, id: budget_id }]),
  ];
  const found = refs.length === 0 ? [] : await store.many(refs);
  return refs.map((ref, at): Change => {
    const version = found[at]?.version;
    const field = `${ref.kind}_id`;
    if (version === undefined)
      throw invalidRequest(
        isForeign
          ? `'${field}' is not one of yours.`
          : `'${field}' names a ${ref.kind} that does not exist: make it with POST /${ref.kind}/new.`,
        field,
      );
    return { op: 'check', ...ref, expected: version };
  });
}

/** Who may know the secret of what an actor makes. */
export function standingFor(
  actor: Actor,
  { user_id }: { readonly user_id?: string | undefined },
): NonNullable<KeyRow['standing']> {
  if (isAdmin(actor)) return 'operator';
  return user_id !== undefined && user_id === personOf(actor.principal) ? 'own' : 'team';
}

/** Who made it: a user's id, else the digest of the key, else a word. */
export function creatorOf({ principal, via }: Actor): string {
  if (via === 'command') return 'command';
  return principal.kind === 'master' ? 'master' : (personOf(principal) ?? principal.keyHash);
}

function assertRequired(fields: GenerateFields, required: readonly string[] = []): void {
  const missing = required.find((field) => (fields as Record<string, unknown>)[field] === undefined);
  if (missing !== undefined) throw invalidRequest(`'${missing}' is missing: keys here must have it.`, missing);
}

/** The end of a grace period; undefined when there is none. */
export function graceEnd(nowMs: number, grace: string | undefined): number | undefined {
  return grace === undefined || grace.startsWith('0') ? undefined : after(nowMs, grace);
}
