import { type z } from 'zod';
import { type Entity, type EntityKind } from '../../state/entities/entity';
import { deletedKeyRowSchema, keyRowSchema } from './key-row';
import { memberRowSchema, teamRowSchema } from './team-row';
import { budgetRowSchema, customerRowSchema, userRowSchema } from './user-row';

const schemas = {
  key: keyRowSchema,
  team: teamRowSchema,
  user: userRowSchema,
  member: memberRowSchema,
  budget: budgetRowSchema,
  customer: customerRowSchema,
  deleted_key: deletedKeyRowSchema,
} as const satisfies Record<EntityKind, z.ZodType>;

/** What is stored under a kind. */
export type RowOf<K extends EntityKind> = z.infer<(typeof schemas)[K]>;

/** A document with its body read. */
export interface Stored<K extends EntityKind> {
  readonly kind: K;
  readonly id: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly row: RowOf<K>;
  /** Fields that are stored in a form which cannot be used, and are left out of the row; undefined when all is well. */
  readonly faults?: readonly string[];
}

/** Reads a body; fields that an earlier release did not have get their defaults. @throws {Error} for what is no such row. */
export function stored<K extends EntityKind>(kind: K, entity: Entity): Stored<K> {
  const { id, version, createdAtMs, updatedAtMs, body } = entity;
  // Fields of a later release stay, because this one may write the row back during a rolling update.
  const schema = schemas[kind].loose();
  const written: unknown = JSON.parse(body);
  const parsed = schema.safeParse(written);
  if (parsed.success) return { kind, id, version, createdAtMs, updatedAtMs, row: parsed.data as RowOf<K> };
  // One document that an earlier release let in must not hide all the others: it is shown, and lets nobody in.
  const faults = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))];
  const rest = schema.safeParse(without(written, faults));
  // The text of the fault would quote what is stored.
  if (!rest.success) throw new Error(`the stored ${kind} of ${id.slice(0, 16)} cannot be read`);
  return { kind, id, version, createdAtMs, updatedAtMs, row: rest.data as RowOf<K>, faults };
}

function without(written: unknown, fields: readonly string[]): unknown {
  if (typeof written !== 'object' || written === null) return written;
  return Object.fromEntries(Object.entries(written).filter(([name]) => !fields.includes(name)));
}
