import { dollarsFromNanos } from '../../kernel/money';
import { type Principal } from '../../kernel/principal';
import { type ScopeCounters } from '../../metering/ledger';
import { type LimitState } from '../../metering/meter';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { type CodexWindow, codexWindows } from '../limits/codex-windows';
import { hasMax, limitName, rateKindOf, remainingOf, shownAmount } from '../limits/limit-words';

const units: Readonly<Record<string, string>> = { nano_usd: 'usd', plan_5h: 'percent', plan_week: 'percent' };
/** The Codex CLI reads every window's reset; a budget without an end is said to end in a year. Seconds. */
const endlessSeconds = 365 * 86_400;

/** `GET /v1/usage`: what a key spent in all and what it is held to, with what counts against each limit. Dollars; times in ISO 8601. */
export function usageShape(
  principal: Principal,
  counters: ScopeCounters | undefined,
  limits: readonly LimitState[],
): JsonObject {
  const { keyHash, keyAlias, teamId, userId } = principal;
  return {
    object: 'usage',
    key: { token: keyHash, key_alias: keyAlias ?? null, team_id: teamId ?? null, user_id: userId ?? null },
    spend: dollarsFromNanos(counters?.spent ?? 0),
    held: dollarsFromNanos(counters?.held ?? 0),
    running_requests: counters?.running ?? 0,
    limits: limits.filter(hasMax).map(limitShape),
  };
}

function limitShape(state: LimitState): JsonObject {
  const { scope, name, model, limit, period, max, used, resetAtMs } = state;
  const kind = rateKindOf(state);
  return {
    limit: limitName(state),
    scope: scope === 'member' ? 'team_member' : scope,
    name: name ?? null,
    model: model ?? null,
    unit: kind ?? units[limit] ?? limit,
    period,
    max: shownAmount(state, max),
    used: shownAmount(state, used),
    remaining: remainingOf(state),
    reset_at: resetAtMs === undefined ? null : new Date(resetAtMs).toISOString(),
  };
}

/**
 * `GET /backend-api/wham/usage` as the Codex CLI reads it: the tightest budget as the primary window, which alone reaches
 * its status line, and every budget by its exact sum in the only free text that is shown. Source: recorded displays of
 * 0.169.0 (`client-limits-0.169.0.json`).
 */
export function codexUsageShape(limits: readonly LimitState[], nowMs: number): JsonObject {
  const windows = codexWindows(limits);
  const [primary, secondary] = windows;
  const shown = windows.map((window) => ({
    limit_name: budgetName(window.state),
    metered_feature: 'codex_budget',
    rate_limit: rateLimit([window], nowMs),
  }));
  return {
    plan_type: 'team',
    rate_limit:
      primary === undefined ? null : rateLimit(secondary === undefined ? [primary] : [primary, secondary], nowMs),
    additional_rate_limits: shown,
    credits: null,
    spend_control: null,
  };
}

function rateLimit([primary, secondary]: readonly CodexWindow[], nowMs: number): JsonObject {
  const reached = [primary, secondary].some((window) => window !== undefined && window.usedPercent >= 100);
  return {
    allowed: !reached,
    limit_reached: reached,
    primary_window: primary === undefined ? null : windowShape(primary, nowMs),
    secondary_window: secondary === undefined ? null : windowShape(secondary, nowMs),
  };
}

function windowShape({ usedPercent, minutes, resetAt }: CodexWindow, nowMs: number): JsonObject {
  const nowSeconds = Math.floor(nowMs / 1_000);
  const end = resetAt ?? nowSeconds + endlessSeconds;
  return {
    used_percent: usedPercent,
    // 0 reads as a window without a name of its own: "usage limit".
    limit_window_seconds: (minutes ?? 0) * 60,
    reset_after_seconds: Math.max(0, end - nowSeconds),
    reset_at: end,
  };
}

/** `Budget USD 7.38/12`, `Budget of the team: tokens 1200/5000`. */
function budgetName(state: LimitState): string {
  const { scope, limit, model } = state;
  const whose = scope === 'key' ? 'Budget' : `Budget of the ${scope === 'member' ? 'team member' : scope}:`;
  const unit = limit === 'nano_usd' ? 'USD' : limit.startsWith('plan_') ? '% of plan' : limit;
  const amount = (value: number): string => String(Math.round(shownAmount(state, value) * 100) / 100);
  return `${whose} ${unit} ${amount(state.used)}/${amount(state.max)}${model === undefined ? '' : ` ${model}`}`;
}
