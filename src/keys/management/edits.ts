import { type z } from 'zod';
import { type Change, type EntityKind } from '../../state/entities/entity';
import { oneOf } from '../../state/entities/entity-store';
import { type LimitFields } from '../rows/limit-fields';
import { type RowOf, type Stored, stored } from '../rows/rows';
import { type ReadFields } from './request-fields';
import { type AdminAct, ChangedMeanwhile } from './audited-writes';
import { type ManagementParts } from './parts';

/** A document, read. */
export async function readOne<K extends EntityKind>(
  { store }: Pick<ManagementParts, 'store'>,
  kind: K,
  id: string,
): Promise<Stored<K> | undefined> {
  const entity = await oneOf(store, { kind, id });
  return entity === undefined ? undefined : stored(kind, entity);
}

/** What the budget allows that somebody points to; that it is there is checked where the pointer is stored. */
export async function namedLimits(
  parts: Pick<ManagementParts, 'store'>,
  budgetId: string | undefined,
): Promise<LimitFields> {
  return budgetId === undefined ? {} : ((await readOne(parts, 'budget', budgetId))?.row ?? {});
}

/** A row with the sent fields in it, the cleared ones gone, and defaults where nothing is left. */
export function edited<K extends EntityKind>(
  schema: z.ZodObject,
  row: RowOf<K>,
  { fields, cleared, kept }: ReadFields<object>,
): RowOf<K> {
  const before: Readonly<Record<string, unknown>> = row;
  const keptBefore = typeof before['kept'] === 'object' ? before['kept'] : {};
  const changed: Record<string, unknown> = { ...before, ...fields };
  for (const name of cleared) changed[name] = undefined;
  changed['kept'] = keptWithout(cleared, { ...keptBefore, ...kept });
  return schema.loose().parse(changed) as RowOf<K>;
}

/** Fields that do nothing and are kept, without those that were taken away. */
export function keptWithout(
  cleared: ReadonlySet<string>,
  kept: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(kept).filter(([name]) => !cleared.has(name)));
}

/** Commits, and reads back what is there now. @throws {ChangedMeanwhile} also when somebody else removed it since. */
export async function committed<K extends EntityKind>(
  parts: Pick<ManagementParts, 'store' | 'writes'>,
  { kind, id }: { readonly kind: K; readonly id: string },
  act: Omit<AdminAct, 'objects'>,
  changes: readonly Change[],
): Promise<Stored<K>> {
  const objects = changes.flatMap((change) => (change.op === 'check' ? [] : [{ kind: change.kind, id: change.id }]));
  await parts.writes.commit({ ...act, objects }, changes);
  const now = await readOne(parts, kind, id);
  if (now === undefined) throw new ChangedMeanwhile();
  return now;
}
