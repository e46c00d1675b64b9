import { type PlanCredits, type PlanQuota, type PlanWindow } from '../../kernel/plan-quota';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString, parsedObject } from '../canonical/parsed-event';
import { mainLimit } from './quota-headers';

/** The frame of a stream that tells the account's windows; dropped before clients see it. */
export const quotaFrameType = 'codex.rate_limits';

/**
 * Reads a `codex.rate_limits` event (wire text); undefined when it tells no window, or those of another limit, such as a model
 * has of its own: the account is not used up with it.
 */
export function quotaOfFrame(eventJson: string, nowMs: number): PlanQuota | undefined {
  const event = parsedObject(eventJson);
  const limit = asString(event?.['metered_limit_name']) ?? asString(event?.['limit_name']) ?? mainLimit;
  if (event === undefined || limit.toLowerCase() !== mainLimit) return undefined;
  return quotaIn(event, asObject(event['rate_limits']), nowMs);
}

/** Reads the answer of `GET …/wham/usage`; undefined when it tells no window. */
export function quotaOfUsage(answer: unknown, nowMs: number): PlanQuota | undefined {
  const usage = asObject(answer);
  return usage === undefined ? undefined : quotaIn(usage, asObject(usage['rate_limit']), nowMs);
}

function quotaIn(said: JsonObject, main: JsonObject | undefined, nowMs: number): PlanQuota | undefined {
  const windows = windowsIn(main, mainLimit, nowMs);
  if (windows.length === 0) return undefined;
  return {
    planType: asString(said['plan_type']),
    activeLimit: undefined,
    windows: [...windows, ...furtherIn(said['additional_rate_limits'], nowMs)],
    credits: creditsIn(asObject(said['credits'])),
    resetCredits: resetCreditsIn(said['rate_limit_reset_credits']),
  };
}

/** The frame writes `primary` and minutes, the usage route `primary_window` and seconds. */
function windowsIn(limits: JsonObject | undefined, limit: string, nowMs: number): readonly PlanWindow[] {
  const slots = ['primary', 'secondary'].map(
    (slot) => asObject(limits?.[slot]) ?? asObject(limits?.[`${slot}_window`]),
  );
  return slots.flatMap((slot) => windowIn(slot, limit, nowMs) ?? []);
}

function windowIn(slot: JsonObject | undefined, limit: string, nowMs: number): PlanWindow | undefined {
  const usedPercent = number(slot?.['used_percent']);
  const minutes = number(slot?.['window_minutes']) ?? (number(slot?.['limit_window_seconds']) ?? 0) / 60;
  if (usedPercent === undefined || minutes <= 0) return undefined;
  const at = number(slot?.['reset_at']);
  const after = number(slot?.['reset_after_seconds']);
  const fallback = after === undefined ? undefined : nowMs + after * 1000;
  return { limit, usedPercent, minutes, resetAtMs: at === undefined ? fallback : at * 1000 };
}

/** Either a list of `{limit_name, rate_limit}` or a map from names; what is neither is passed over. */
function furtherIn(further: unknown, nowMs: number): readonly PlanWindow[] {
  const named: readonly (readonly [string, unknown])[] = Array.isArray(further)
    ? further.map((each: unknown) => [asString(asObject(each)?.['limit_name']) ?? '', each] as const)
    : Object.entries(asObject(further) ?? {});
  return named.flatMap(([name, each]) => {
    const limits = asObject(asObject(each)?.['rate_limit']) ?? asObject(each);
    return name === '' ? [] : windowsIn(limits, name, nowMs);
  });
}

function creditsIn(credits: JsonObject | undefined): PlanCredits | undefined {
  if (credits === undefined) return undefined;
  const { has_credits: has, unlimited, balance } = credits;
  return {
    has: has === true,
    unlimited: unlimited === true,
    balance: typeof balance === 'number' ? String(balance) : asString(balance),
  };
}

function resetCreditsIn(value: unknown): number | undefined {
  const credits = asObject(value);
  return (
    number(value) ?? number(credits?.['available']) ?? number(credits?.['remaining']) ?? number(credits?.['count'])
  );
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
