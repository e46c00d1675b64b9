/** One plan window as upstream reports it. */
export interface QuotaWindow {
  readonly slot: 'primary' | 'secondary';
  /** 0 to 100, fractions allowed. */
  readonly usedPercent: number;
  /** Which window it is follows from its length, not from its slot. */
  readonly windowMinutes: number;
  /** Unix milliseconds. */
  readonly resetAtMs: number | undefined;
}

/** What the headers of one answer say about the operator's plan. Never shown to clients. */
export interface QuotaSnapshot {
  readonly planType: string | undefined;
  readonly activeLimit: string | undefined;
  readonly windows: readonly QuotaWindow[];
  readonly credits:
    { readonly has: boolean; readonly unlimited: boolean; readonly balance: string | undefined } | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** Reads the `x-codex-*` headers (lower-case names); undefined when there are none. */
export function quotaOf(headers: Headers, nowMs: number): QuotaSnapshot | undefined {
  const windows = (['primary', 'secondary'] as const).flatMap((slot) => windowOf(headers, slot, nowMs) ?? []);
  const planType = text(headers, 'x-codex-plan-type');
  const activeLimit = text(headers, 'x-codex-active-limit');
  const has = text(headers, 'x-codex-credits-has-credits');
  if (windows.length === 0 && planType === undefined && activeLimit === undefined && has === undefined)
    return undefined;
  const credits =
    has === undefined
      ? undefined
      : {
          has: isYes(has),
          unlimited: isYes(text(headers, 'x-codex-credits-unlimited')),
          balance: text(headers, 'x-codex-credits-balance'),
        };
  return { planType, activeLimit, windows, credits };
}

/** Unix milliseconds at which the last used-up window is free again; undefined when none is used up. */
export function exhaustedUntil(headers: Headers, nowMs: number): number | undefined {
  const resets = (quotaOf(headers, nowMs)?.windows ?? []).flatMap((window) =>
    window.usedPercent >= 100 && window.resetAtMs !== undefined ? [window.resetAtMs] : [],
  );
  return resets.length === 0 ? undefined : Math.max(...resets);
}

function windowOf(headers: Headers, slot: 'primary' | 'secondary', nowMs: number): QuotaWindow | undefined {
  const prefix = `x-codex-${slot}`;
  const usedPercent = number(headers, `${prefix}-used-percent`);
  const windowMinutes = number(headers, `${prefix}-window-minutes`);
  if (usedPercent === undefined || windowMinutes === undefined || windowMinutes <= 0) return undefined;
  const at = number(headers, `${prefix}-reset-at`);
  const after = number(headers, `${prefix}-reset-after-seconds`);
  const fallback = after === undefined ? undefined : nowMs + after * 1000;
  return { slot, usedPercent, windowMinutes, resetAtMs: at === undefined ? fallback : at * 1000 };
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
