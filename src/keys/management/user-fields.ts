import { type z } from 'zod';
import { flag, id, metadata, name, names, text } from '../rows/field-types';
import { limitMode, limitShape } from '../rows/limit-fields';
import { userRole } from '../rows/user-row';
import { generateShape } from './key-fields';

/** What makes a user, and changes it. */
export const userShape = {
  ...limitShape,
  limit_mode: limitMode,
  user_email: text.regex(/^[^\s@]+@[^\s@]+$/, { error: 'must be an email address' }),
  user_alias: name.max(255, { error: 'must have at most 255 characters' }),
  user_role: userRole,
  models: names,
  metadata,
  budget_id: id,
};

/** `POST /user/new`: the user, and fields of the key that is made with it. */
export const newUserShape = {
  ...userShape,
  user_id: id,
  teams: names,
  auto_create_key: flag,
  key_alias: generateShape.key_alias,
  duration: generateShape.duration,
  aliases: generateShape.aliases,
  team_id: id,
};

/** LiteLLM's fields of users that are kept and shown, and do nothing here. */
export const keptUserFields: ReadonlySet<string> = new Set([
  'send_invite_email', 'organizations', 'organization_id', 'sso_user_id', 'allowed_cache_controls', 'blocked', 'guardrails',
  'policies', 'prompts', 'permissions', 'config', 'object_permission', 'password', 'spend', 'max_internal_user_budget',
  'agent_id', 'mcp_rpm_limit',
]); // prettier-ignore

/** What a new user is asked to be. */
export type NewUserFields = Partial<z.output<z.ZodObject<typeof newUserShape>>>;
/** What is to change of a user. */
