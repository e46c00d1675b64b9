import { z } from 'zod';
import { count, dollars, flag, id, keptFields, mapOf, metadata, name, names } from './field-types';
import { limitShape } from './limit-fields';
import { policyShape } from './policy-fields';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * A virtual key as it is stored, under the digest of its first secret: that id stays when the secret is rotated, so that
 * books, logs and metrics go on. Never the secret itself. Times are Unix milliseconds.
 */
export const keyRowSchema = z.object({
  ...limitShape,
  ...policyShape,
  /** Digests of the secrets that open it, the current one first; older ones only for their time of grace. */
  secrets: z.array(z.object({ hash: digest, untilMs: z.number().optional() })).min(1),
  /** `sk-...abcd`: enough for a person to tell keys apart. */
  key_name: z.string(),
  key_alias: name.optional(),
  user_id: id.optional(),
  team_id: id.optional(),
  budget_id: id.optional(),
  blocked: flag.default(false),
  expiresMs: z.number().optional(),
  /** Empty: every model. */
  models: names.default([]),
  /** Lists of the keys it comes from, where these have its models by a pattern only; each must allow a model too. */
  models_within: z.array(names).default([]),
  aliases: mapOf(name).default({}),
  /** The aliases as the operator last wrote them: one that `models` names opens what it stands for here. */
  operator_aliases: mapOf(name).optional(),
  allowed_routes: names.optional(),
  tags: names.default([]),
  metadata: metadata.default({}),
  temp_budget_increase: dollars.optional(),
  tempBudgetUntilMs: z.number().optional(),
  contentLoggingUntilMs: z.number().optional(),
  disable_fallbacks: flag.optional(),
  /** LiteLLM's fields that are kept and shown, and do nothing here. */
  kept: keptFields,
  created_by: z.string().optional(),
  /** Who may know the secret; see `standingOf`. */
  standing: z.enum(['operator', 'own', 'team']).optional(),
  updated_by: z.string().optional(),
  /** How often the secret was changed. */
  rotations: count.default(0),
  rotatedMs: z.number().optional(),
});

/** A virtual key as it is stored. */
export type KeyRow = z.infer<typeof keyRowSchema>;

/**
 * Who may know the secret of a key: the operator who made it, its own user only, or somebody of its team. The last one is
 * charged to the user and has none of the user's rights: else whoever makes keys for others could act as they.
 */
export function standingOf({
  standing,
  created_by,
  user_id,
}: Pick<KeyRow, 'standing' | 'created_by' | 'user_id'>): 'operator' | 'own' | 'team' {
  if (standing !== undefined) return standing;
  // Keys of an earlier release: what is not known to be the operator's or the user's own is taken for somebody else's.
  if (created_by === undefined || created_by === 'master' || created_by === 'command') return 'operator';
  return created_by === user_id ? 'own' : 'team';
}

/** What is kept of a deleted key: nothing that names a person. */
export const deletedKeyRowSchema = z.object({
  key_name: z.string(),
  team_id: id.optional(),
  createdMs: z.number(),
  deletedMs: z.number(),
  deleted_by: z.string(),
});
/** What is kept of a deleted key. */
export type DeletedKeyRow = z.infer<typeof deletedKeyRowSchema>;
