import { type PlanCredits, type PlanQuota, type PlanWindow } from '../../kernel/plan-quota';

type Headers = Readonly<Record<string, string>>;

const family = 'x-codex-';
const usedEnding = '-primary-used-percent';
/** The limit that every model counts towards. */
export const mainLimit = 'codex';
/** Further limits that one answer may name; more are not looked at. */
const mostFamilies = 8;

/** Reads the `x-codex-*` headers (lower-case names); undefined when there are none. */
export function quotaOf(headers: Headers, nowMs: number): PlanQuota | undefined {
  const windows = familiesIn(headers).flatMap((prefix) => windowsOf(headers, prefix, nowMs));
  const planType = text(headers, 'x-codex-plan-type');
  const activeLimit = text(headers, 'x-codex-active-limit');
  const credits = creditsOf(headers);
  const isSilent = planType === undefined && activeLimit === undefined && credits === undefined;
  return windows.length === 0 && isSilent ? undefined : { planType, activeLimit, windows, credits };
}

/** Unix milliseconds at which the last used-up window is free again; undefined when none is used up. */
export function exhaustedUntil(quota: PlanQuota | undefined): number | undefined {
  if (quota === undefined) return undefined;
  const { windows, activeLimit } = quota;
  const counted = windows.some(({ limit }) => limit === activeLimit) ? activeLimit : mainLimit;
  const resets = windows.flatMap(({ limit, usedPercent, resetAtMs }) =>
    limit === counted && usedPercent >= 100 && resetAtMs !== undefined ? [resetAtMs] : [],
  );
  return resets.length === 0 ? undefined : Math.max(...resets);
}

/** The headers that change from answer to answer; those of an answer that says the same as the last one need not be read. */
const telling = [
  'x-codex-primary-used-percent',
  'x-codex-primary-reset-at',
  'x-codex-secondary-used-percent',
  'x-codex-secondary-reset-at',
  'x-codex-credits-balance',
  'x-codex-active-limit',
] as const;

const tellingFromNow = ['x-codex-primary-reset-after-seconds', 'x-codex-secondary-reset-after-seconds'] as const;
/** Resets may be told in whole seconds from now; within a part of one that means the same moment. */
const sameMomentMs = 250;

interface Said {
  readonly said: string;
  readonly quota: PlanQuota;
  /** Whether it says the same at any moment. */
  readonly isLasting: boolean;
  readonly atMs: number;
}

/** Reads the headers of one account's answers, and gives the same object as long as they say the same. */
export class QuotaReader {
  private last: Said | undefined;

  /** As `quotaOf`, give or take a quarter of a second in resets that are told relative to now. */
  read(headers: Headers, nowMs: number): PlanQuota | undefined {
    const { last } = this;
    const said = joined(headers, telling);
    if (last?.isLasting === true && last.said === said) return last.quota;
    const relative = said + joined(headers, tellingFromNow);
    if (last?.said === relative && Math.abs(nowMs - last.atMs) < sameMomentMs) return last.quota;
    const quota = quotaOf(headers, nowMs);
    const isMain = quota?.windows.every(({ limit }) => limit === mainLimit) === true;
    const isLasting = isMain && namesItsResets(headers, quota);
    this.last = isMain ? { said: isLasting ? said : relative, quota, isLasting, atMs: nowMs } : undefined;
    return quota;
  }
}

function joined(headers: Headers, names: readonly string[]): string {
  let said = '';
  for (const name of names) said += `${headers[name] ?? ''} `;
  return said;
}

function namesItsResets(headers: Headers, { windows }: PlanQuota): boolean {
  const named = ['primary', 'secondary'].filter((slot) => number(headers, `x-codex-${slot}-reset-at`) !== undefined);
  return named.length >= windows.length;
}

/** `x-codex` itself, then `x-codex-<limit>` for every further metered limit. */
function familiesIn(headers: Headers): readonly string[] {
  let further: string[] | undefined;
  for (const name in headers) {
    if (!name.endsWith(usedEnding) || !name.startsWith(family)) continue;
    const prefix = name.slice(0, -usedEnding.length);
    if (prefix.length >= family.length && (further?.length ?? 0) < mostFamilies) (further ??= []).push(prefix);
  }
  return further === undefined ? onlyMain : ['x-codex', ...further];
}

const onlyMain: readonly string[] = ['x-codex'];

function windowsOf(headers: Headers, prefix: string, nowMs: number): readonly PlanWindow[] {
  const limit =
    text(headers, `${prefix}-limit-name`) ?? (prefix === 'x-codex' ? mainLimit : prefix.slice(family.length));
  return ['primary', 'secondary'].flatMap((slot) => windowOf(headers, `${prefix}-${slot}`, limit, nowMs) ?? []);
}

function windowOf(headers: Headers, prefix: string, limit: string, nowMs: number): PlanWindow | undefined {
  const usedPercent = number(headers, `${prefix}-used-percent`);
  const minutes = number(headers, `${prefix}-window-minutes`);
  if (usedPercent === undefined || minutes === undefined || minutes <= 0) return undefined;
  const at = number(headers, `${prefix}-reset-at`);
  const after = number(headers, `${prefix}-reset-after-seconds`);
  const fallback = after === undefined ? undefined : nowMs + after * 1000;
  return { limit, usedPercent, minutes, resetAtMs: at === undefined ? fallback : at * 1000 };
}

function creditsOf(headers: Headers): PlanCredits | undefined {
  const has = text(headers, 'x-codex-credits-has-credits');
  if (has === undefined) return undefined;
  return {
    has: isYes(has),
    unlimited: isYes(text(headers, 'x-codex-credits-unlimited')),
    balance: text(headers, 'x-codex-credits-balance'),
  };
}

function text(headers: Headers, name: string): string | undefined {
  const value = headers[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

function number(headers: Headers, name: string): number | undefined {
  const value = Number(text(headers, name) ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

function isYes(value: string | undefined): boolean {
  return value !== undefined && ['true', '1'].includes(value.toLowerCase());
}
