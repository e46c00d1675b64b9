import { z } from 'zod';
import { effortRanks } from '../../kernel/effort-ranks';
import { flag, name, names, network } from './field-types';
import { limitMode } from './limit-fields';

/** What of a key's or team's calls is forced or forbidden; ours, no such fields in LiteLLM. */
export const policyShape = {
  forced_model: name.optional(),
  max_reasoning_effort: z.enum(effortRanks, { error: `must be one of ${effortRanks.join(', ')}` }).optional(),
  service_tier: z
    .enum(['forbidden', 'default', 'priority'], { error: 'must be forbidden, default or priority' })
    .optional(),
  /** Source networks. */
  allowed_networks: z
    .array(network, { error: 'must be a list of networks' })
    .max(100, { error: 'must have at most 100 entries' })
    .optional(),
  /** Ids of deployments, or names of credentials. */
  deployments: names.optional(),
  codex_mode: flag.optional(),
  limit_mode: limitMode.optional(),
};
