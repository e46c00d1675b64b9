import { z } from 'zod';
import { absentOr, count, dollars, duration, flag, id, mapOf, metadata, name, names, text } from '../rows/field-types';
import { limitShape } from '../rows/limit-fields';
import { policyShape } from '../rows/policy-fields';
import { teamRole } from '../rows/team-row';

/** Somebody, by id or by email. */
export const memberEntry = z
  .strictObject({ role: teamRole.default('user'), user_id: absentOr(id), user_email: absentOr(text) })
  .refine((entry) => entry.user_id !== undefined || entry.user_email !== undefined, {
    error: 'must say a user_id or a user_email',
  });
/** Somebody, by id or by email. */
export type MemberEntry = z.infer<typeof memberEntry>;

/** What makes a team, and changes it. */
export const teamShape = {
  ...limitShape,
  ...policyShape,
  team_alias: name.max(255, { error: 'must have at most 255 characters' }),
  models: names,
  model_aliases: mapOf(name),
  tags: names,
  metadata,
  blocked: flag,
  budget_id: id,
  team_member_permissions: names,
  team_member_budget: dollars,
  team_member_budget_duration: duration,
  team_member_rpm_limit: count,
  team_member_tpm_limit: count,
};

/** `POST /team/new`. */
export const newTeamShape = {
  ...teamShape,
  team_id: id,
  members_with_roles: z
    .array(memberEntry, { error: 'must be a list of members' })
    .max(10_000, { error: 'must have at most 10000 entries' }),
};

const { max_budget, tpm_limit, rpm_limit, budget_duration } = limitShape;
const memberEntries = z.union([memberEntry.transform((entry) => [entry]), z.array(memberEntry).min(1).max(1_000)], {
  error: 'must be a member, or a list of members',
});

/** `POST /team/member_add`. */
export const newMemberShape = {
  team_id: id,
  member: memberEntries,
  max_budget_in_team: max_budget,
  tpm_limit,
  rpm_limit,
  budget_duration,
};

/** `POST /team/member_update`. */
export const memberShape = {
  team_id: id,
  user_id: id,
  user_email: text,
  role: teamRole,
  max_budget_in_team: max_budget,
  tpm_limit,
  rpm_limit,
  budget_duration,
  budget_id: id,
};

/** `POST /team/member_delete`. */
export const removedMember = z.strictObject({ team_id: id, user_id: absentOr(id), user_email: absentOr(text) });

/** LiteLLM's fields of teams that are kept and shown, and do nothing here. */
export const keptTeamFields: ReadonlySet<string> = new Set([
  'organization_id', 'guardrails', 'policies', 'prompts', 'object_permission', 'router_settings', 'admins', 'members',
  'rpm_limit_type', 'tpm_limit_type', 'allowed_passthrough_routes', 'allowed_vector_store_indexes', 'secret_manager_settings',
  'model_id', 'team_member_key_duration', 'access_group_ids', 'disable_global_guardrails', 'require_trace_id', 'denied_passthrough_routes', 'mcp_rpm_limit',
  'default_estimated_output_tokens', 'default_estimated_output_tokens_per_model', 'enforced_batch_output_expires_after',
  'enforced_file_expires_after',
]); // prettier-ignore

/** What a new team is asked to be. */
export type NewTeamFields = Partial<z.output<z.ZodObject<typeof newTeamShape>>>;
/** What is to change of a team. */
