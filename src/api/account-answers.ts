import { z } from 'zod';
import { type AccountCondition, type AccountState } from '../auth/refresh/account-state';
import { moment, namedAnswer, whole } from '../http/openapi-answers';

const text = z.string().nullable();
const texts = z.array(z.string());
const date = moment.nullable();

const kind = z.enum({
  chatgpt: 'chatgpt',
  file: 'file',
  access_token: 'access_token',
  api_key: 'api_key',
} satisfies { [K in AccountState['kind']]: K });

const condition = z.enum({
  ok: 'ok',
  refreshing: 'refreshing',
  expiring: 'expiring',
  quarantined: 'quarantined',
  file_not_writable: 'file_not_writable',
  backing_off: 'backing_off',
  unusable: 'unusable',
} satisfies { [K in AccountCondition]: K });

/** `listedRouting`. */
const routing = z.object({
  deployments: texts,
  in_flight: whole,
  plan: text,
  windows: z.array(
    z.object({
      window: z.string().meta({ description: '5h, week or other' }),
      limit: z.string(),
      window_minutes: z.number(),
      used_percent: z.number(),
      remaining_percent: z.number(),
      resets_at: date,
      source: z.string(),
      seen_at: date,
    }),
  ),
  credits: z.object({ has_credits: z.boolean(), unlimited: z.boolean(), balance: text }).nullable(),
  reset_credits: z.number().nullable(),
  cooldowns: z.array(
    z.object({ scope: z.string(), kind: z.string(), reason: z.string(), since: date, until: date, advice: text }),
  ),
  quarantine_reason: text,
});

const share = namedAnswer(
  'PlanShare',
  z.object({ percent_per_million_tokens: z.number().nullable(), error: z.number().nullable(), samples: whole }),
);

/** `GET /account/list`. */
export const accountList = namedAnswer(
  'AccountList',
  z.object({
    accounts: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        names: texts,
        kind,
        account: text,
        plan: text,
        state: condition,
        expires_at: date,
        last_refresh: date,
        rotated_by: text,
        rotated_by_id: text,
        generation: whole,
        advice: text,
        routing,
        plan_share: z.object({ '5h': share, week: share }).nullable(),
      }),
    ),
  }),
);

/** `POST /account/clear_cooldown`. */
export const clearedCooldowns = namedAnswer('ClearedCooldowns', z.object({ cleared: texts }));
