import { z } from 'zod';
import { count, dollars, duration, mapOf, share } from './field-types';

const windowShape = z.strictObject(
  {
    budget_duration: duration.optional(),
    max_budget: dollars.optional(),
    max_tokens: count.optional(),
    max_requests: count.optional(),
    plan_share_5h: share.optional(),
    plan_share_week: share.optional(),
    soft_budget: dollars.optional(),
  },
  {
    error: 'must be {budget_duration, and one of max_budget, max_tokens, max_requests, plan_share_5h, plan_share_week}',
  },
);
/** One entry of `budget_limits`. */
export type BudgetWindow = z.infer<typeof windowShape>;

/** One entry of `budget_limits`: one amount, over a period. */
const budgetWindow = windowShape
  .refine((entry) => amountsOf(entry).length === 1, {
    error: 'must say exactly one of max_budget, max_tokens, max_requests, plan_share_5h, plan_share_week',
  })
  .refine((entry) => entry.soft_budget === undefined || entry.max_budget !== undefined, {
    error: 'soft_budget goes with max_budget only',
  });

/** LiteLLM writes the limits of a model in either spelling; of old a bare number was its budget. */
const modelBudget = z.preprocess(
  namedBudget,
  z
    .looseObject({
      budget_limit: dollars.nullish(),
      max_budget: dollars.nullish(),
      time_period: duration.nullish(),
      budget_duration: duration.nullish(),
      tpm_limit: count.nullish(),
      rpm_limit: count.nullish(),
    })
    .refine(
      (entry) =>
        [entry.budget_limit, entry.max_budget, entry.tpm_limit, entry.rpm_limit].some((limit) => limit != null),
      {
        error: 'must say a budget_limit, an rpm_limit or a tpm_limit',
      },
    ),
);

function namedBudget(entry: unknown): unknown {
  return typeof entry === 'number' ? { budget_limit: entry } : entry;
}

/** How many entries `budget_limits` may have. */
export const mostWindows = 8;

/** Limits as they are stored, by LiteLLM's names where it has them. Money is dollars here, as everywhere on the outside. */
export const limitShape = {
  max_budget: dollars.optional(),
  soft_budget: dollars.optional(),
  budget_duration: duration.optional(),
  /** Several budgets beside each other; each its own period. */
  budget_limits: z
    .array(budgetWindow)
    .max(mostWindows, { error: `must have at most ${mostWindows} entries` })
    .optional(),
  model_max_budget: mapOf(modelBudget).optional(),
  tpm_limit: count.optional(),
  rpm_limit: count.optional(),
  max_parallel_requests: count.optional(),
  model_tpm_limit: mapOf(count).optional(),
  model_rpm_limit: mapOf(count).optional(),
  /** Tokens and requests in one `budget_duration`, or ever. */
  token_budget: count.optional(),
  request_budget: count.optional(),
  /** Share of a plan's 5-hour and weekly windows. */
  plan_share_5h: share.optional(),
  plan_share_week: share.optional(),
};

/** How the limits of an entity are taken: `observe` counts, and refuses nothing. */
export const limitMode = z.enum(['enforce', 'observe'], { error: 'must be enforce or observe' });

/** The limits that one entity carries. */
export type LimitFields = z.infer<z.ZodObject<typeof limitShape>>;
/** Limits of one model, in one of LiteLLM's spellings. */
export type ModelBudget = z.infer<typeof modelBudget>;
/** Which amounts an entry names. */
export function amountsOf(entry: Omit<BudgetWindow, 'budget_duration' | 'soft_budget'>): readonly string[] {
  const { max_budget, max_tokens, max_requests, plan_share_5h, plan_share_week } = entry;
  const amounts = { max_budget, max_tokens, max_requests, plan_share_5h, plan_share_week };
  return Object.entries(amounts).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}
