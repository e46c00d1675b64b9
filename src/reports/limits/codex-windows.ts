import { type ScopeKind } from '../../kernel/limits';
import { type LimitState } from '../../metering/meter';
import { rateKindOf } from './limit-words';

/** A budget as the Codex CLI shows windows: how much of it is used, how long it is, when it starts anew. */
export interface CodexWindow {
  readonly state: LimitState;
  /** 0 to 100, whole. */
  readonly usedPercent: number;
  /** Undefined for a budget without a period; the CLI then says "usage limit". */
  readonly minutes?: number;
  /** Unix seconds. */
  readonly resetAt?: number;
}

/** Books that belong to the holder; the whole proxy's and a customer's say nothing about them. */
const own: ReadonlySet<ScopeKind> = new Set<ScopeKind>(['key', 'member', 'user', 'team']);
const minutesPerUnit: Readonly<Record<string, number>> = {
  s: 1 / 60,
  m: 1,
  h: 60,
  d: 1_440,
  w: 10_080,
  mo: 43_200,
  y: 525_600,
};

const minutesPerWord: ReadonlyMap<string, number> = new Map([['daily', 1_440], ['weekly', 10_080], ['monthly', 43_200]]); // prettier-ignore

/**
 * The holder's budgets as windows, the one that is used up most first. Money before all else, because that is what the CLI
 * has words for; other budgets only for those who have none in money.
 */
export function codexWindows(limits: readonly LimitState[]): readonly CodexWindow[] {
  const budgets = limits.filter((state) => own.has(state.scope) && rateKindOf(state) === undefined && state.max > 0);
  const money = budgets.filter(({ limit }) => limit === 'nano_usd');
  const shown = (money.length > 0 ? money : budgets).map(windowOf);
  return [...shown].sort((left, right) => shareOf(right) - shareOf(left));
}

/** `x-codex-primary-*` of the tightest budget and `x-codex-secondary-*` of the next one; empty without budgets. */
export function codexWindowHeaders(limits: readonly LimitState[]): Record<string, string> {
  const [primary, secondary] = codexWindows(limits);
  return {
    ...(primary === undefined ? {} : headersOf('primary', primary)),
    ...(secondary === undefined ? {} : headersOf('secondary', secondary)),
  };
}

/** A duration such as `30d`, `24h`, `1mo`, `weekly`; a month counts as 30 days. Undefined for anything else. */
export function periodMinutes(period: string): number | undefined {
  const word = minutesPerWord.get(period);
  if (word !== undefined) return word;
  const [, amount, unit] = /^(\d+)(s|mo|m|h|d|w|y)$/.exec(period) ?? [];
  const perUnit = minutesPerUnit[unit ?? ''];
  return perUnit === undefined ? undefined : Math.max(1, Math.round(Number(amount) * perUnit));
}

function windowOf(state: LimitState): CodexWindow {
  const minutes = periodMinutes(state.period);
  return {
    state,
    usedPercent: Math.min(100, Math.floor((state.used / state.max) * 100)),
    ...(minutes === undefined ? {} : { minutes }),
    ...(state.resetAtMs === undefined ? {} : { resetAt: Math.ceil(state.resetAtMs / 1_000) }),
  };
}

function shareOf({ state }: CodexWindow): number {
  return state.used / state.max;
}

function headersOf(
  slot: 'primary' | 'secondary',
  { usedPercent, minutes, resetAt }: CodexWindow,
): Record<string, string> {
  return {
    [`x-codex-${slot}-used-percent`]: String(usedPercent),
    ...(minutes === undefined ? {} : { [`x-codex-${slot}-window-minutes`]: String(minutes) }),
    ...(resetAt === undefined ? {} : { [`x-codex-${slot}-reset-at`]: String(resetAt) }),
  };
}
