import { type AlertType } from '../../config/alert-settings';

/** LiteLLM's words for what happened. */
export type AlertName =
  | 'budget_crossed'
  | 'soft_budget_crossed'
  | 'threshold_crossed'
  | 'projected_limit_exceeded'
  | 'spend_tracked'
  | 'key_created'
  | 'internal_user_created';

/** The JSON a webhook gets: LiteLLM's members, dollars as numbers, and ours behind them. */
export interface AlertBody {
  readonly spend: number;
  readonly max_budget: number | null;
  /** SHA-256 of the key. */
  readonly token: string | null;
  readonly customer_id: string | null;
  readonly user_id: string | null;
  readonly team_id: string | null;
  readonly user_email: string | null;
  readonly key_alias: string | null;
  readonly projected_exceeded_date: string | null;
  readonly projected_spend: number | null;
  readonly event: AlertName;
  readonly event_group: 'key' | 'team' | 'user' | 'internal_user' | 'customer' | 'proxy';
  readonly event_message: string;
  /** The same for every try of the same alert, so that a receiver can drop repeats. */
  readonly event_id: string;
  /** ISO 8601. */
  readonly event_time: string;
  /** What `spend` and `max_budget` count: `usd`, `tokens`, `requests`, `percent`. */
  readonly unit: string;
  /** Duration of the budget, and when it starts anew (ISO 8601). */
  readonly period: string | null;
  readonly resets_at: string | null;
}

/** Something to be told once. */
export interface AlertEvent {
  readonly type: AlertType;
  /** Told once under this key until `ttlMs` have passed, over all replicas. */
  readonly key: string;
  readonly ttlMs: number;
  /** Keys that this event makes pointless: of lower thresholds of the same budget. */
  readonly covers: readonly string[];
  readonly body: Omit<AlertBody, 'event_id' | 'event_time'>;
}

/** A body of which nothing is known but what the caller fills in. */
export const blankBody = {
  spend: 0,
  max_budget: null,
  token: null,
  customer_id: null,
  user_id: null,
  team_id: null,
  user_email: null,
  key_alias: null,
  projected_exceeded_date: null,
  projected_spend: null,
  unit: 'usd',
  period: null,
  resets_at: null,
} as const;
