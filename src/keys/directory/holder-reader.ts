import { type ChangedRef, type Entity, type EntityKind, type EntityRef } from '../../state/entities/entity';
import { type EntityStore } from '../../state/entities/entity-store';
import { type HolderFacts } from '../compile/principal-of';
import { type Stored, stored } from '../rows/rows';
import { memberId } from '../../kernel/member-id';
import { type BudgetRow } from '../rows/user-row';
import { unreadable } from '../key-refusals';
import { secretName } from '../secrets';

/** What is stored about a holder, and the documents it stands in, the missing ones too. */
export interface HolderReading {
  readonly facts: HolderFacts;
  readonly from: readonly ChangedRef[];
}

/** Reads everything about a holder in at most three round trips; two when no budget is pointed to. */
export class HolderReader {
  constructor(private readonly store: EntityStore) {}

  /** @param hash of the secret, SHA-256 in hex. @returns undefined when no key has it. @throws {StateUnavailable} */
  async read(hash: string): Promise<HolderReading | undefined> {
    const entity = await this.store.named('key', secretName(hash));
    return entity === undefined ? undefined : this.about(stored('key', entity));
  }

  /** The same for a key that was read already. */
  async about(key: Stored<'key'>): Promise<HolderReading> {
    const { team_id, user_id } = key.row;
    const refs: EntityRef[] = [];
    if (team_id !== undefined) refs.push({ kind: 'team', id: team_id });
    if (user_id !== undefined) refs.push({ kind: 'user', id: user_id });
    if (team_id !== undefined && user_id !== undefined) refs.push({ kind: 'member', id: memberId(team_id, user_id) });
    const around = refs.length === 0 ? [] : await this.store.many(refs);
    const team = only('team', around);
    const user = only('user', around);
    const member = only('member', around);
    const pointers = [key, team, user, member].flatMap((each) => each?.row.budget_id ?? []);
    const { budgets, refs: budgetRefs } = await this.budgets(pointers);
    const from = [{ kind: key.kind, id: key.id, version: key.version }, ...versionsOf(refs, around), ...budgetRefs];
    return { facts: { key, team, user, member, budgets }, from };
  }

  /** Budgets by their ids. @throws {StateUnavailable} */
  async budgets(
    ids: readonly string[],
  ): Promise<{ readonly budgets: ReadonlyMap<string, BudgetRow>; readonly refs: readonly ChangedRef[] }> {
    const refs = [...new Set(ids)].map((id) => ({ kind: 'budget' as const, id }));
    const found = refs.length === 0 ? [] : await this.store.many(refs);
    const budgets = new Map(
      found.flatMap((entity) => (entity === undefined ? [] : [[entity.id, whole(stored('budget', entity)).row]])),
    );
    return { budgets, refs: versionsOf(refs, found) };
  }
}

/** Limits that cannot be read are not taken for no limits. @throws {GatewayError} 401 */
function whole<K extends EntityKind>(document: Stored<K>): Stored<K> {
  if (document.faults !== undefined) throw unreadable(document.kind, document.faults);
  return document;
}

/** In which version they were read; 0 for those that are not there. */
function versionsOf(refs: readonly EntityRef[], found: readonly (Entity | undefined)[]): readonly ChangedRef[] {
  return refs.map(({ kind, id }, at) => ({ kind, id, version: found[at]?.version ?? 0 }));
}

function only<K extends EntityKind>(kind: K, entities: readonly (Entity | undefined)[]): Stored<K> | undefined {
  const entity = entities.find((each) => each?.kind === kind);
  return entity === undefined ? undefined : stored(kind, entity);
}
