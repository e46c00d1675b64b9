import { z } from 'zod';
import { dollars, duration, flag, id, mapOf, metadata, name, names } from '../rows/field-types';
import { durationForm, isDuration } from '../rows/duration';
import { limitShape } from '../rows/limit-fields';
import { policyShape } from '../rows/policy-fields';
import { mistakeInOwnKey } from '../secrets';

const ownSecret = z.string({ error: 'must be text' }).superRefine((value, context) => {
  const mistake = mistakeInOwnKey(value);
  if (mistake !== undefined) context.addIssue({ code: 'custom', message: mistake });
});

/** `10d`, or a date. */
const moment = z
  .string({ error: 'must be a date or a duration' })
  .refine((value) => isDuration(value) || Number.isFinite(Date.parse(value)), {
    error: 'must be a date such as 2027-01-31T00:00:00Z, or a duration such as 10d',
  });

/** What makes a key, and changes it. */
const commonShape = {
  ...limitShape,
  ...policyShape,
  key_alias: name.max(255, { error: 'must have at most 255 characters' }),
  user_id: id,
  team_id: id,
  budget_id: id,
  models: names,
  aliases: mapOf(name),
  allowed_routes: names,
  tags: names,
  metadata,
  blocked: flag,
  disable_fallbacks: flag,
  content_logging_duration: duration,
};

/** `POST /key/generate`. */
export const generateShape = {
  ...commonShape,
  key: ownSecret,
  duration,
  key_type: z.enum(['default', 'llm_api', 'management', 'read_only'], {
    error: 'must be default, llm_api, management or read_only',
  }),
};

/** `POST /key/update`. */
export const updateShape = {
  ...commonShape,
  /** `-1`: never expires. */
  duration: z
    .string({ error: `must be ${durationForm}, or -1 for never` })
    .refine((value) => value === '-1' || isDuration(value), { error: `must be ${durationForm}, or -1 for never` }),
  temp_budget_increase: dollars,
  temp_budget_expiry: moment,
};

/** `POST /key/regenerate`. */
export const regenerateShape = {
  ...updateShape,
  new_key: ownSecret,
  /** How long the old secret goes on working. */
  grace_period: z
    .string({ error: `must be ${durationForm}, or 0s` })
    .refine((value) => /^0[a-z]*$/.test(value) || isDuration(value), { error: `must be ${durationForm}, or 0s` }),
};

/** LiteLLM's fields of keys that are kept and shown, and do nothing here. */
export const keptKeyFields: ReadonlySet<string> = new Set([
  'config', 'permissions', 'guardrails', 'policies', 'prompts', 'router_settings', 'allowed_cache_controls',
  'enforced_params', 'organization_id', 'project_id', 'agent_id', 'object_permission', 'send_invite_email', 'auto_rotate',
  'rotation_interval', 'rpm_limit_type', 'tpm_limit_type', 'allowed_passthrough_routes', 'allowed_vector_store_indexes',
  'access_group_ids', 'spend', 'soft_budget_cooldown', 'enable_prompt_caching', 'disable_global_guardrails',
  'denied_passthrough_routes', 'default_estimated_output_tokens', 'default_estimated_output_tokens_per_model', 'mcp_rpm_limit',
]); // prettier-ignore

type Fields<S extends z.core.$ZodLooseShape> = Partial<z.output<z.ZodObject<S>>>;
/** What a new key is asked to be. */
export type GenerateFields = Fields<typeof generateShape>;
/** What is to change of a key. */
export type UpdateFields = Fields<typeof updateShape>;
/** What both say of a key. */
export type CommonKeyFields = Fields<typeof commonShape>;

const liftedOfKeys: ReadonlySet<string> = new Set(['tags', 'model_rpm_limit', 'model_tpm_limit', 'disable_fallbacks']);
/** What LiteLLM keeps in the `metadata` of a team. */
export const liftedOfTeams: ReadonlySet<string> = new Set(['tags', 'model_rpm_limit', 'model_tpm_limit']);

/** LiteLLM keeps some limits in `metadata`; they are taken for the fields they are, unless those were sent. */
export function liftedFromMetadata(body: unknown, liftedFields = liftedOfKeys): unknown {
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return body;
  const inside = body.metadata;
  if (typeof inside !== 'object' || inside === null) return body;
  const lifted = Object.entries(inside).filter(([field]) => liftedFields.has(field) && !Object.hasOwn(body, field));
  if (lifted.length === 0) return body;
  const rest = Object.entries(inside).filter(([field]) => !liftedFields.has(field));
  return { ...body, ...Object.fromEntries(lifted), metadata: Object.fromEntries(rest) };
}
