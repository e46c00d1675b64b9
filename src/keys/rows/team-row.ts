import { z } from 'zod';
import { count, dollars, duration, flag, id, keptFields, mapOf, metadata, name, names, text } from './field-types';
import { limitShape } from './limit-fields';
import { policyShape } from './policy-fields';

/** `admin` manages keys and members of the team. */
export const teamRole = z.enum(['admin', 'user'], { error: 'must be admin or user' });

/** Somebody in a team. */
export const teamMemberSchema = z.object({ user_id: id, role: teamRole, user_email: text.optional() });
/** Somebody in a team. */
export type TeamMember = z.infer<typeof teamMemberSchema>;

/** A team as it is stored. */
export const teamRowSchema = z.object({
  ...limitShape,
  ...policyShape,
  team_alias: name.optional(),
  members_with_roles: z.array(teamMemberSchema).default([]),
  /** Empty: every model. */
  models: names.default([]),
  model_aliases: mapOf(name).default({}),
  tags: names.default([]),
  metadata: metadata.default({}),
  blocked: flag.default(false),
  budget_id: id.optional(),
  /** Key routes that plain members may call for keys of the team. */
  team_member_permissions: names.default([]),
  /** What a member without limits of its own may spend here. */
  team_member_budget: dollars.optional(),
  team_member_budget_duration: duration.optional(),
  team_member_rpm_limit: count.optional(),
  team_member_tpm_limit: count.optional(),
  kept: keptFields,
  created_by: z.string().optional(),
});
/** A team as it is stored. */
export type TeamRow = z.infer<typeof teamRowSchema>;

/** What one member is held to in a team, when that differs from the team's rule. */
export const memberRowSchema = z.object({
  ...limitShape,
  team_id: id,
  user_id: id,
  budget_id: id.optional(),
});
/** What one member is held to in a team. */
export type MemberRow = z.infer<typeof memberRowSchema>;
