import { type BudgetLimit, type ScopeKind, type ScopeLimits } from '../../kernel/limits';
import { type Principal } from '../../kernel/principal';
import { type LimitState } from '../../metering/meter';
import { periodMinutes } from '../limits/codex-windows';
import { amountWords, budgetWord, nameOf, rateKindOf, shownAmount } from '../limits/limit-words';
import { type AlertBody, type AlertEvent, type AlertName, blankBody } from './alert-event';

/** Percent of a budget at which LiteLLM tells, the higher first. */
const thresholds = [95, 85] as const;
/** A projection from less of a period, or of a budget, is no better than a guess. */
const leastElapsed = 0.1;
const leastShare = 0.25;

/** What decides how long an alert is not repeated. */
export interface EventTimes {
  readonly nowMs: number;
  /** For budgets without a period. */
  readonly repeatMs: number;
}

/** How far a budget is gone. Higher levels make lower ones pointless. */
interface Level {
  readonly name: AlertName;
  /** Part of the key, so that each level is told once. */
  readonly mark: string;
}

const crossed: Level = { name: 'budget_crossed', mark: 'crossed' };
const projected: Level = { name: 'projected_limit_exceeded', mark: 'projected' };
const soft: Level = { name: 'soft_budget_crossed', mark: 'soft' };

/** Who is charged for a request, and the book of the customer that it is made for; undefined without one. */
export interface Charged {
  readonly principal: Principal;
  readonly customer: ScopeLimits | undefined;
}

/**
 * What of these limits is worth an alert: of each budget the highest level that it reached, and its soft budget by itself.
 * Cheap while nothing is near its end, because it is asked at every request.
 */
export function budgetEvents(
  { principal, customer }: Charged,
  limits: readonly LimitState[],
  times: EventTimes,
): readonly AlertEvent[] {
  const events: AlertEvent[] = [];
  for (const state of limits) {
    if (state.max <= 0 || rateKindOf(state) !== undefined) continue;
    const level = levelOf(state, times.nowMs);
    if (level !== undefined) events.push(eventOf(principal, state, level, times));
    const softMax = budgetOf(scopeOf(state, principal, customer), state)?.soft;
    if (softMax !== undefined && state.used >= softMax) events.push(softEvent(principal, state, softMax, times));
  }
  return events;
}

/** The event of a budget that kept a request out: it may stand below its limit, with no room for the request. */
export function refusedEvent(principal: Principal, state: LimitState, times: EventTimes): AlertEvent | undefined {
  return rateKindOf(state) === undefined ? eventOf(principal, state, crossed, times) : undefined;
}

function levelOf(state: LimitState, nowMs: number): Level | undefined {
  const { used, max } = state;
  if (used >= max) return crossed;
  const percent = thresholds.find((each) => used * 100 >= max * each);
  if (percent !== undefined) return { name: 'threshold_crossed', mark: String(percent) };
  if (used < max * leastShare) return undefined;
  return projectionOf(state, nowMs) === undefined ? undefined : projected;
}

interface Projection {
  /** At the end of the period, in the budget's unit. */
  readonly spend: number;
  readonly exceededAtMs: number;
}

/** Spending on as up to now; undefined when the budget would last, or when it is too early to say. */
function projectionOf({ used, max, period, resetAtMs }: LimitState, nowMs: number): Projection | undefined {
  const minutes = periodMinutes(period);
  if (resetAtMs === undefined || minutes === undefined || used <= 0) return undefined;
  const lengthMs = minutes * 60_000;
  const elapsedMs = lengthMs - (resetAtMs - nowMs);
  if (elapsedMs < lengthMs * leastElapsed) return undefined;
  const spend = Math.round((used * lengthMs) / elapsedMs);
  if (spend <= max) return undefined;
  return { spend, exceededAtMs: nowMs + Math.round((elapsedMs * (max - used)) / used) };
}

function eventOf(principal: Principal, state: LimitState, level: Level, times: EventTimes): AlertEvent {
  const projection = level === projected ? projectionOf(state, times.nowMs) : undefined;
  const body: AlertEvent['body'] = {
    ...whoOf(principal, state),
    max_budget: shownAmount(state, state.max),
    event: level.name,
    event_message: messageOf(state, level),
    ...(projection === undefined
      ? {}
      : {
          projected_spend: shownAmount(state, projection.spend),
          projected_exceeded_date: new Date(projection.exceededAtMs).toISOString(),
        }),
  };
  const marks = [crossed.mark, ...thresholds.map(String), projected.mark];
  const lower = marks.slice(marks.indexOf(level.mark) + 1);
  return {
    type: 'budget_alerts',
    key: keyOf(state, level.mark),
    ttlMs: ttlOf(state, times),
    covers: lower.map((mark) => keyOf(state, mark)),
    body,
  };
}

function softEvent(principal: Principal, state: LimitState, softMax: number, times: EventTimes): AlertEvent {
  return {
    type: 'budget_alerts',
    // Once it was raised, it is told anew.
    key: keyOf(state, `${soft.mark}:${softMax}`),
    ttlMs: ttlOf(state, times),
    covers: [],
    body: {
      ...whoOf(principal, state),
      max_budget: shownAmount(state, softMax),
      event: soft.name,
      event_message: messageOf({ ...state, max: softMax }, soft),
    },
  };
}

function whoOf(
  principal: Principal,
  state: LimitState,
): Omit<AlertBody, 'event' | 'event_message' | 'event_id' | 'event_time'> {
  const { scope, scopeId, resetAtMs } = state;
  return {
    ...blankBody,
    ...(scope === 'key' ? { token: principal.keyHash, ...named('key_alias', principal.keyAlias) } : {}),
    ...(withTeam.has(scope) ? named('team_id', principal.teamId) : {}),
    ...(withPerson.has(scope)
      ? { ...named('user_id', principal.userId), ...named('user_email', principal.userEmail) }
      : {}),
    ...(scope === 'customer' ? { customer_id: scopeId } : {}),
    spend: shownAmount(state, state.used),
    event_group: groups[scope],
    unit: unitOf(state),
    // A budget without an end has no period, whatever its books call it.
    ...named('period', resetAtMs === undefined ? undefined : state.period),
    ...named('resets_at', resetAtMs === undefined ? undefined : new Date(resetAtMs).toISOString()),
  };
}

/** Whose budget it is decides who is named: a team's says nothing of the member who happened to cross it. */
const withTeam: ReadonlySet<ScopeKind> = new Set<ScopeKind>(['key', 'team', 'member']);
const withPerson: ReadonlySet<ScopeKind> = new Set<ScopeKind>(['key', 'user', 'member']);

function named<K extends string>(field: K, value: string | undefined): Readonly<Partial<Record<K, string>>> {
  return (value === undefined ? {} : { [field]: value }) as Readonly<Partial<Record<K, string>>>;
}

const groups: Readonly<Record<ScopeKind, AlertBody['event_group']>> = {
  key: 'key',
  team: 'team',
  user: 'internal_user',
  member: 'internal_user',
  customer: 'customer',
  proxy: 'proxy',
};

function unitOf({ limit }: LimitState): string {
  if (limit === 'nano_usd') return 'usd';
  return limit === 'plan_5h' || limit === 'plan_week' ? 'percent' : limit;
}

function messageOf(state: LimitState, { name, mark }: Level): string {
  const who = `${budgetWord(state)} ${nameOf(state)}${state.model === undefined ? '' : ` (model ${state.model})`}`;
  const sums = `${amountWords(state, state.used)} of ${amountWords(state, state.max)}`;
  // Only a request that was refused crosses a budget before its end.
  const rest = name === crossed.name && state.used < state.max ? ', too little is left for a request' : '';
  const until = state.resetAtMs === undefined ? '' : `, starts anew at ${new Date(state.resetAtMs).toISOString()}`;
  const words: Readonly<Partial<Record<AlertName, string>>> = {
    budget_crossed: 'Budget crossed',
    soft_budget_crossed: 'Soft budget crossed',
    threshold_crossed: `${mark} % of the budget used`,
    projected_limit_exceeded: 'Budget will not last',
  };
  return `${words[name] ?? name}: ${who} has used ${sums}${rest}${until}.`;
}

/** A new period is a new key, and so is a budget that was changed. */
function keyOf({ scope, scopeId, model, limit, period, max, resetAtMs }: LimitState, mark: string): string {
  return ['alert', mark, scope, scopeId, model ?? '', limit, period, max, resetAtMs ?? ''].join(':');
}

function ttlOf({ resetAtMs }: LimitState, { nowMs, repeatMs }: EventTimes): number {
  return resetAtMs === undefined ? repeatMs : Math.max(60_000, resetAtMs - nowMs);
}

/** A customer's book is no part of the key's: it comes with the request. */
function scopeOf(
  { scope, scopeId, model }: LimitState,
  { scopes, modelScopes }: Principal,
  customer: ScopeLimits | undefined,
): ScopeLimits | undefined {
  if (scope === 'customer') return customer;
  const entered = model === undefined ? scopes : (modelScopes.get(model) ?? []);
  return entered.find(({ kind, id }) => kind === scope && id === scopeId);
}

function budgetOf(scope: ScopeLimits | undefined, state: LimitState): BudgetLimit | undefined {
  return scope?.limits.budgets.find(
    ({ unit, duration, max }) =>
      unit === state.limit &&
      max === state.max &&
      (duration === undefined ? state.resetAtMs === undefined : duration === state.period),
  );
}
