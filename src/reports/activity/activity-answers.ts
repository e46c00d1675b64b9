import { z } from 'zod';
import { day, moment, namedAnswer, whole } from '../../http/openapi-answers';

const text = z.string().nullable();
const dollars = z.number().meta({ description: 'Dollars' });

/** `MetricSums.shown`. */
const metrics = namedAnswer(
  'ActivityMetrics',
  z.object({
    spend: dollars,
    prompt_tokens: whole,
    completion_tokens: whole,
    cache_read_input_tokens: whole,
    cache_creation_input_tokens: whole,
    total_tokens: whole,
    successful_requests: whole,
    failed_requests: whole,
    api_requests: whole,
  }),
);

const keyName = { key_alias: text, team_id: text };

/** By its name: what one part of a day is made of. */
const parts = z.record(
  z.string(),
  namedAnswer(
    'ActivityPart',
    z.object({
      metrics,
      metadata: z.object({ team_alias: z.string().optional() }),
      api_key_breakdown: z.record(z.string(), z.object({ metrics, metadata: z.object(keyName) })),
    }),
  ),
);

const breakdown = z.object({
  models: parts,
  model_groups: parts,
  providers: parts,
  endpoints: parts,
  api_keys: z.record(
    z.string(),
    z.object({ metrics, metadata: z.object({ ...keyName, user_id: text, user_email: text }) }),
  ),
  entities: parts,
  mcp_servers: z.record(z.string(), z.unknown()),
});

/** `GET /user/daily/activity` and its like. */
export const dailyActivityAnswer = namedAnswer(
  'DailyActivity',
  z.object({
    results: z.array(z.object({ date: day, metrics, breakdown })),
    metadata: z.object({
      total_spend: dollars,
      total_prompt_tokens: whole,
      total_completion_tokens: whole,
      total_tokens: whole,
      total_api_requests: whole,
      total_successful_requests: whole,
      total_failed_requests: whole,
      total_cache_read_input_tokens: whole,
      total_cache_creation_input_tokens: whole,
      page: whole,
      total_pages: whole,
      has_more: z.boolean(),
    }),
  }),
);

const group = {
  total_spend: dollars,
  metadata: z.array(z.object({ model: z.string(), spend: dollars, total_tokens: whole, api_key: z.string() })),
};
const groupDay = { group_by_day: moment };
const keyCost = { total_cost: dollars, total_input_tokens: whole, total_output_tokens: whole };

/** `GET /global/spend/report`, as `group_by` asks: per day and team, customer or both, or per key. */
export const spendReport = namedAnswer(
  'SpendReport',
  z.array(
    z.union([
      z.object({ ...groupDay, teams: z.array(z.object({ team_name: z.string(), ...group })) }),
      z.object({ ...groupDay, customers: z.array(z.object({ customer: z.string(), ...group })) }),
      z.object({
        ...groupDay,
        teams_customers: z.array(z.object({ team_name: z.string(), customer: z.string(), ...group })),
      }),
      z.object({
        api_key: z.string(),
        ...keyCost,
        model_details: z.array(z.object({ model: z.string(), ...keyCost })),
      }),
    ]),
  ),
);

/** `GET /global/spend`. */
export const globalSpend = namedAnswer('GlobalSpend', z.object({ spend: dollars, max_budget: dollars.nullable() }));

/** `GET /global/spend/logs`. */
export const spendByDay = namedAnswer('SpendByDay', z.array(z.object({ date: day, spend: dollars })));

/** `GET /global/spend/keys`. */
export const topKeys = namedAnswer(
  'TopKeys',
  z.array(z.object({ api_key: z.string(), key_alias: text, key_name: text, total_spend: dollars })),
);

/** `GET /global/spend/models`. */
export const topModels = namedAnswer('TopModels', z.array(z.object({ model: z.string(), total_spend: dollars })));

/** `GET /global/spend/provider`. */
export const topProviders = namedAnswer('TopProviders', z.array(z.object({ provider: z.string(), spend: dollars })));

/** `GET /global/spend/teams`; beside its date a day has the spend of each team under its name. */
export const teamSpend = namedAnswer(
  'TeamSpend',
  z.object({
    daily_spend: z.array(z.object({ date: day }).catchall(dollars)),
    teams: z.array(z.string()),
    total_spend_per_team: z.array(z.object({ team_id: z.string(), total_spend: dollars })),
  }),
);

/** `GET /global/spend/tags`. */
export const spendPerTag = namedAnswer(
  'SpendPerTag',
  z.object({ spend_per_tag: z.array(z.object({ name: z.string(), spend: dollars, log_count: whole })) }),
);

const activity = {
  daily_data: z.array(z.object({ date: day, api_requests: whole, total_tokens: whole })),
  sum_api_requests: whole,
  sum_total_tokens: whole,
};

/** `GET /global/activity`. */
export const globalActivity = namedAnswer('GlobalActivity', z.object(activity));

/** `GET /global/activity/model`. */
export const modelActivity = namedAnswer('ModelActivity', z.array(z.object({ model: z.string(), ...activity })));

/** `GET /spend/keys`. */
export const keySpend = namedAnswer(
  'KeySpend',
  z.array(
    z.object({ token: z.string(), key_alias: text, key_name: text, spend: dollars, team_id: text, user_id: text }),
  ),
);

/** `GET /spend/users`. */
export const userSpend = namedAnswer('UserSpend', z.array(z.object({ user_id: z.string(), spend: dollars })));

/** `GET /spend/tags`. */
export const tagSpend = namedAnswer(
  'TagSpend',
  z.array(z.object({ individual_request_tag: z.string(), log_count: whole, total_spend: dollars })),
);

/** `GET /provider/budgets`. */
export const providerBudgets = namedAnswer(
  'ProviderBudgets',
  z.object({
    providers: z.record(
      z.string(),
      z.object({ budget_limit: dollars, time_period: z.string(), spend: dollars, budget_reset_at: moment }),
    ),
  }),
);
