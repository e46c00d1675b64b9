import { z } from 'zod';
import { moment, namedAnswer, nullables, optionals, whole } from '../../http/openapi-answers';
import { limitShape } from '../rows/limit-fields';
import { policyShape } from '../rows/policy-fields';
import { teamMemberSchema } from '../rows/team-row';
import { keptKeyFields } from './key-fields';
import { keptTeamFields } from './team-fields';
import { keptUserFields } from './user-fields';

const text = z.string().nullable();
const texts = z.array(z.string());
const date = moment.nullable();
/** Whatever the operator keeps there. */
const map = z.record(z.string(), z.unknown());

const limits = { ...nullables(limitShape), model_max_budget: limitShape.model_max_budget.unwrap() };
const policy = nullables(policyShape);

/** What `Spent` is shown as, and the named budget that somebody points to. */
const money = {
  spend: z.number().meta({ description: 'Dollars in the period of the money budget; without one of all time' }),
  total_spend: z.number().meta({ description: 'Dollars of all time' }),
  budget_id: text,
  budget_reset_at: date,
};
const unusable = optionals(['unusable_fields'], texts);

/** `limitsView` with the id of the budget, and where it is the holder's alone when it starts anew. */
const limitTable = namedAnswer(
  'BudgetTable',
  z.object({ budget_id: text, ...limits, ...optionals(['budget_reset_at'], date) }),
);
const table = { litellm_budget_table: limitTable.nullable() };

/** Fields that were understood and do nothing here; of routes that write. */
export const ignored = optionals(['ignored_fields'], texts);

/** `keyView`. */
export const keyAnswer = namedAnswer(
  'Key',
  z.object({
    ...optionals(keptKeyFields),
    token: z.string().meta({ description: 'The digest by which the key is known everywhere' }),
    key_name: z.string().meta({ description: 'sk-...abcd' }),
    key_alias: text,
    ...money,
    ...table,
    expires: date,
    models: texts,
    aliases: z.record(z.string(), z.string()),
    config: z.unknown(),
    user_id: text,
    team_id: text,
    organization_id: z.unknown(),
    permissions: z.unknown(),
    metadata: map,
    tags: texts,
    blocked: z.boolean(),
    ...limits,
    ...policy,
    model_spend: map,
    allowed_routes: texts,
    disable_fallbacks: z.boolean(),
    temp_budget_increase: z.number().nullable(),
    temp_budget_expiry: date,
    content_logging_until: date,
    created_at: date,
    created_by: text,
    updated_at: date,
    updated_by: text,
    rotation_count: whole,
    last_rotation_at: date,
    ...unusable,
  }),
);

/** `teamView`. */
export const teamAnswer = namedAnswer(
  'Team',
  z.object({
    ...optionals(keptTeamFields),
    team_id: z.string(),
    team_alias: text,
    organization_id: z.unknown(),
    admins: texts,
    members: texts,
    members_with_roles: z.array(namedAnswer('TeamMember', teamMemberSchema)),
    metadata: map,
    tags: texts,
    ...limits,
    ...policy,
    models: texts,
    model_aliases: z.record(z.string(), z.string()),
    blocked: z.boolean(),
    ...money,
    ...table,
    team_member_permissions: texts,
    team_member_budget: z.number().nullable(),
    team_member_budget_duration: text,
    team_member_rpm_limit: whole.nullable(),
    team_member_tpm_limit: whole.nullable(),
    created_at: date,
    updated_at: date,
    ...unusable,
  }),
);

/** `membershipView`. */
export const membershipAnswer = namedAnswer(
  'TeamMembership',
  z.object({
    team_id: z.string(),
    user_id: z.string(),
    budget_id: text,
    spend: money.spend,
    total_spend: money.total_spend,
    ...table,
  }),
);

/** `userView`. */
export const userAnswer = namedAnswer(
  'User',
  z.object({
    ...optionals(keptUserFields),
    user_id: z.string(),
    user_email: text,
    user_alias: text,
    user_role: z.string(),
    teams: texts,
    models: texts,
    metadata: map,
    ...limits,
    limit_mode: text,
    ...money,
    ...table,
    organization_memberships: z.array(z.unknown()),
    created_at: date,
    updated_at: date,
    ...unusable,
  }),
);

/** `budgetView`. */
export const budgetAnswer = namedAnswer(
  'Budget',
  z.object({
    budget_id: z.string(),
    ...limits,
    budget_reset_at: date,
    created_at: date,
    created_by: text,
    updated_at: date,
    ...unusable,
  }),
);

/** `customerView`. */
export const customerAnswer = namedAnswer(
  'Customer',
  z.object({
    user_id: z.string(),
    alias: text,
    spend: money.spend,
    total_spend: money.total_spend,
    blocked: z.boolean(),
    allowed_model_region: text,
    default_model: text,
    budget_id: text,
    ...table,
  }),
);
