import { z } from 'zod';
import { moment, namedAnswer, whole } from '../../http/openapi-answers';

const text = z.string().nullable();

/** `usageShape`. */
export const usageAnswer = namedAnswer(
  'KeyUsage',
  z.object({
    object: z.literal('usage'),
    key: z.object({ token: z.string(), key_alias: text, team_id: text, user_id: text }),
    spend: z.number().meta({ description: 'Dollars of all time' }),
    held: z.number().meta({ description: 'Dollars that running requests may still cost' }),
    running_requests: whole,
    limits: z.array(
      z.object({
        limit: z.string(),
        scope: z.string(),
        name: text,
        model: text,
        unit: z.string(),
        period: z.string(),
        max: z.number(),
        used: z.number(),
        remaining: z.number(),
        reset_at: moment.nullable(),
      }),
    ),
  }),
);

const window = z
  .object({
    used_percent: whole,
    limit_window_seconds: whole,
    reset_after_seconds: whole,
    reset_at: whole.meta({ description: 'Unix seconds' }),
  })
  .nullable();

const rateLimit = z.object({
  allowed: z.boolean(),
  limit_reached: z.boolean(),
  primary_window: window,
  secondary_window: window,
});

const nothing = z.record(z.string(), z.unknown()).nullable();

/** `codexUsageShape`. */
export const codexUsageAnswer = namedAnswer(
  'CodexUsage',
  z.object({
    plan_type: z.string(),
    rate_limit: rateLimit.nullable(),
    additional_rate_limits: z.array(
      z.object({ limit_name: z.string(), metered_feature: z.string(), rate_limit: rateLimit }),
    ),
    credits: nothing,
    spend_control: nothing,
  }),
);

/** `POST /spend/calculate`. */
export const calculatedCost = namedAnswer(
  'CalculatedCost',
  z.object({ cost: z.number().meta({ description: 'Dollars' }), price_source: z.string() }),
);
