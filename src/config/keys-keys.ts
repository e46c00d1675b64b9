import { z } from 'zod';
import { parseNetwork } from '../kernel/networks';
import { amount, anyMap, count, flag, key, reading, text } from './file-values';

const mode = z.enum(['enforce', 'observe'], { error: 'must be enforce or observe' });
const networks = reading(readNetworks, 'must be a list of addresses or networks, such as 10.0.0.0/8');
const routes = reading(readRoutes, 'must be a list of routes, such as /v1/chat/completions, /key/* or llm_api_routes');

/** Keys of the file that the settings of keys are read from, by section; `gateway-file.schema.ts` spreads them. */
export const keysKeys = {
  general: {
    limit_mode: key(mode, 'observe: limits count and report, and refuse nothing'),
    allowed_ips: key(networks, 'addresses and networks that keys may be used from; all others are refused'),
    allowed_routes: key(routes, 'routes that keys may call, the master key too; all others are refused'),
    global_max_parallel_requests: key(count, 'requests of virtual keys that may run at once, in all replicas together'),
    audit_log_max_records: key(count, 'how many records of admin actions are kept'),
  },
  litellm: {
    max_budget: key(amount, 'budget of the whole gateway, in dollars'),
    budget_duration: key(text, 'its period'),
    default_key_generate_params: key(anyMap, 'for new keys that do not say otherwise'),
    upperbound_key_generate_params: key(anyMap, 'the most that a new key may have'),
    key_generation_settings: key(anyMap, 'who may make keys'),
    default_internal_user_params: key(anyMap, 'for new users that do not say otherwise'),
    max_internal_user_budget: key(amount, 'budget of new internal users, in dollars'),
    internal_user_budget_duration: key(text, 'its period'),
    default_team_params: key(anyMap, 'for new teams that do not say otherwise'),
    max_end_user_budget: key(amount, 'budget of customers without one, in dollars'),
    max_end_user_budget_id: key(text, 'budget of customers without one, by name'),
    enable_key_alias_format_validation: key(flag, 'aliases: 2 to 255 characters, letters and digits at both ends'),
  },
} as const;

function readRoutes(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const written = value.map((each: unknown) => (typeof each === 'string' ? each.trim() : ''));
  return written.every((each) => /^(\/\S*|\w+_routes)$/.test(each)) ? written : undefined;
}

/** An empty list would let nobody in, which nobody means by it. */
function readNetworks(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const written = value.map((each: unknown) => (typeof each === 'string' ? each.trim() : ''));
  return written.every((each) => parseNetwork(each) !== undefined) ? written : undefined;
}
