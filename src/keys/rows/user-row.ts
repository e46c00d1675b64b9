import { z } from 'zod';
import { flag, id, keptFields, metadata, name, names, text } from './field-types';
import { limitMode, limitShape } from './limit-fields';

/** Roles on the management routes. */
export const userRoles = ['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'] as const;
/** A role, or a message that names all. */
export const userRole = z.enum(userRoles, { error: `must be one of ${userRoles.join(', ')}` });

/** A person or a service that holds keys. Email, alias and metadata are personal data. */
export const userRowSchema = z.object({
  ...limitShape,
  limit_mode: limitMode.optional(),
  user_email: text.optional(),
  user_alias: name.optional(),
  user_role: userRole.default('internal_user'),
  /** Teams it is a member of. */
  teams: names.default([]),
  /** Empty: every model; of keys without a team only. */
  models: names.default([]),
  metadata: metadata.default({}),
  budget_id: id.optional(),
  kept: keptFields,
  created_by: z.string().optional(),
});
/** A person or a service that holds keys. */
export type UserRow = z.infer<typeof userRowSchema>;

/** Limits under a name, for keys, users, members and customers that point to it. */
export const budgetRowSchema = z.object({ ...limitShape, created_by: z.string().optional() });
/** Limits under a name. */
export type BudgetRow = z.infer<typeof budgetRowSchema>;

/** An end user, as requests name it. */
export const customerRowSchema = z.object({
  ...limitShape,
  alias: name.optional(),
  blocked: flag.default(false),
  budget_id: id.optional(),
  allowed_model_region: text.optional(),
  default_model: name.optional(),
  created_by: z.string().optional(),
});
/** An end user, as requests name it. */
export type CustomerRow = z.infer<typeof customerRowSchema>;
