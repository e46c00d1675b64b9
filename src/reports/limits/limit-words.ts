import { dollarsFromNanos } from '../../kernel/money';
import { endlessMax, type ScopeKind } from '../../kernel/limits';
import { type LimitState } from '../../metering/meter';

/** What a limit counts, apart from what it is called: rates and slots belong to a window, everything else to a budget. */
export type RateKind = 'requests' | 'tokens' | 'max_parallel_requests';

/** The period of rate windows and parallel slots in a `LimitState`. */
const windowPeriod = 'window';

/** Names of LiteLLM's limiter, in headers and in the sentence about a rate. */
const scopeWords: Readonly<Record<ScopeKind, string>> = {
  key: 'api_key',
  team: 'team',
  user: 'user',
  member: 'team_member',
  customer: 'end_user',
  proxy: 'proxy',
};
/** Names of LiteLLM's sentence about a budget. */
const budgetWords: Readonly<Record<ScopeKind, string>> = {
  key: 'Key',
  team: 'Team',
  user: 'User',
  member: 'TeamMember',
  customer: 'EndUser',
  proxy: 'Proxy',
};
const rateSettings: Readonly<Record<RateKind, string>> = {
  requests: 'rpm_limit',
  tokens: 'tpm_limit',
  max_parallel_requests: 'max_parallel_requests',
};

/** Undefined for a budget. */
export function rateKindOf({ limit, period }: LimitState): RateKind | undefined {
  if (limit === 'parallel') return 'max_parallel_requests';
  if (period !== windowPeriod) return undefined;
  return limit === 'requests' || limit === 'tokens' ? limit : undefined;
}

/** False for a budget that only warns. */
export function hasMax({ max }: Pick<LimitState, 'max'>): boolean {
  return max < endlessMax;
}

/** `api_key`, `team_member`, or `model_per_key` and so on for the part of one model. */
export function scopeWord({ scope, model }: LimitState): string {
  if (model === undefined) return scopeWords[scope];
  return `model_per_${scope === 'member' ? 'team_member' : scope}`;
}

/** Who is over a budget, as LiteLLM's sentence begins: `Key`, `TeamMember`. */
export function budgetWord({ scope }: LimitState): string {
  return budgetWords[scope];
}

/** The setting that an operator would change, for `error.gateway.limit`: `key.rpm_limit`, `team.max_budget[gpt-5.5]`. */
export function limitName(state: LimitState): string {
  const kind = rateKindOf(state);
  const setting = kind === undefined ? budgetSetting(state) : rateSettings[kind];
  const scope = state.scope === 'member' ? 'team_member' : state.scope;
  return `${scope}.${setting}${state.model === undefined ? '' : `[${state.model}]`}`;
}

/** What is left, never below 0. Dollars for money, percent for shares of a plan, else a count. */
export function remainingOf(state: LimitState): number {
  return shownAmount(state, Math.max(0, state.max - state.used));
}

/** An amount in the measure people read: dollars, percent of a plan's window, tokens or requests. */
export function shownAmount({ limit }: LimitState, amount: number): number {
  if (limit === 'nano_usd') return dollarsFromNanos(amount);
  return limit === 'plan_5h' || limit === 'plan_week' ? amount / ppmPerPercent : amount;
}

/** The same as words: `$0.52`, `37 %`, `1200 tokens`. Money keeps what a cent would hide. */
export function amountWords(state: LimitState, amount: number): string {
  const shown = shownAmount(state, amount);
  if (state.limit === 'nano_usd') return dollarWords(shown);
  return state.limit === 'plan_5h' || state.limit === 'plan_week' ? `${shown} %` : `${shown} ${state.limit}`;
}

/** At least cents, at most a millionth of a dollar. */
export function dollarWords(dollars: number): string {
  const [whole = '0', rest = ''] = dollars.toFixed(6).split('.');
  return `$${whole}.${rest.replace(/0{1,4}$/, '')}`;
}

/** How a scope is called to its holder: its alias, else nothing, since a hash helps nobody. */
export function nameOf({ name, scope }: LimitState): string {
  return name ?? `this ${scopeWords[scope]}`;
}

const ppmPerPercent = 10_000;

const budgetSettings: Readonly<Record<string, string>> = {
  nano_usd: 'max_budget',
  tokens: 'token_budget',
  requests: 'request_budget',
  plan_5h: 'plan_share_5h',
  plan_week: 'plan_share_week',
};

function budgetSetting({ limit }: LimitState): string {
  return budgetSettings[limit] ?? limit;
}
