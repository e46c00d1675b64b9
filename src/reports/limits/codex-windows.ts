import { type ScopeKind } from '../../kernel/limits';
import { Memo } from '../../kernel/memo';
import { spelledOut } from '../../kernel/periods';
import { type LimitState } from '../../metering/meter';
import { hasMax, rateKindOf } from './limit-words';

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

/**
 * The holder's budgets as windows, the one that is used up most first. Money before all else, because that is what the CLI
 * has words for; other budgets only for those who have none in money.
 */
export function codexWindows(limits: readonly LimitState[]): readonly CodexWindow[] {
  const money: CodexWindow[] = [];
  const others: CodexWindow[] = [];
  for (const state of limits) {
    if (state.max <= 0 || !hasMax(state) || !own.has(state.scope) || rateKindOf(state) !== undefined) continue;
    (state.limit === 'nano_usd' ? money : others).push(windowOf(state));
  }
  return (money.length > 0 ? money : others).sort((left, right) => shareOf(right) - shareOf(left));
}

/** `x-codex-primary-*` of the tightest budget and `x-codex-secondary-*` of the next one; nothing without budgets. */
export function addCodexWindowHeaders(headers: Record<string, string>, limits: readonly LimitState[]): void {
  const [primary, secondary] = codexWindows(limits);
  if (primary !== undefined) addWindow(headers, slots.primary, primary);
  if (secondary !== undefined) addWindow(headers, slots.secondary, secondary);
}

/** Durations that were read before; operators write a handful of them. */
const knownMinutes = new Memo<string, number | undefined>(1_000);

/** A duration such as `30d`, `24h`, `1mo`, `weekly`; a month counts as 30 days. Undefined for anything else. */
export function periodMinutes(period: string): number | undefined {
  if (knownMinutes.has(period)) return knownMinutes.get(period);
  const minutes = minutesIn(spelledOut(period));
  knownMinutes.set(period, minutes);
  return minutes;
}

function minutesIn(period: string): number | undefined {
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

interface SlotNames {
  readonly percent: string;
  readonly minutes: string;
  readonly reset: string;
}

const slots = { primary: slotNames('primary'), secondary: slotNames('secondary') } as const;

function slotNames(slot: string): SlotNames {
  const name = (what: string): string => `x-codex-${slot}-${what}`;
  return { percent: name('used-percent'), minutes: name('window-minutes'), reset: name('reset-at') };
}

function addWindow(
  headers: Record<string, string>,
  names: SlotNames,
  { usedPercent, minutes, resetAt }: CodexWindow,
): void {
  headers[names.percent] = String(usedPercent);
  if (minutes !== undefined) headers[names.minutes] = String(minutes);
  if (resetAt !== undefined) headers[names.reset] = String(resetAt);
}
