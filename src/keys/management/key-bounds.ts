import { effortRanks } from '../../kernel/effort-ranks';
import { type BudgetLimit, endlessMax, type Limits, type ScopeLimits } from '../../kernel/limits';
import { limitsOf, modelLimitsOf } from '../compile/limits-of';
import { fitsPattern } from '../model-access';
import { intersection } from '../../kernel/networks';
import { type KeyRow } from '../rows/key-row';
import { type LimitFields } from '../rows/limit-fields';

const times = { anchorMs: 0, increaseNanos: 0 };

/**
 * The first field in which a key could do more than another; undefined when it can do no more. Both with their budgets
 * merged in. What a key of a team may do is bounded by the team, so it makes keys of that team only.
 */
export function exceededField(key: KeyRow, granter: KeyRow): string | undefined {
  return rules.find(([, exceeds]) => exceeds(key, granter))?.[0];
}

type Rule = readonly [field: string, exceeds: (key: KeyRow, granter: KeyRow) => boolean];

const rules: readonly Rule[] = [
  ['team_id', (key, granter) => granter.team_id !== undefined && key.team_id !== granter.team_id],
  ['models', (key, granter) => !isCovered(key.models, granter.models)],
  ['duration', (key, granter) => isMore(key.expiresMs, granter.expiresMs)],
  ['allowed_routes', (key, granter) => !areRoutesCovered(key.allowed_routes, granter.allowed_routes)],
  ['allowed_networks', (key, granter) => !areNetworksCovered(key.allowed_networks, granter.allowed_networks)],
  ['max_reasoning_effort', (key, granter) => isMore(rankOf(key), rankOf(granter))],
  ['service_tier', (key, granter) => !isTierCovered(key.service_tier, granter.service_tier)],
  ['forced_model', (key, granter) => granter.forced_model !== undefined && key.forced_model !== granter.forced_model],
  ['deployments', (key, granter) => !isSubset(key.deployments, granter.deployments)],
  ['codex_mode', (key, granter) => granter.codex_mode !== undefined && key.codex_mode !== granter.codex_mode],
  ['limit_mode', (key, granter) => key.limit_mode === 'observe' && granter.limit_mode !== 'observe'],
  ['disable_fallbacks', (key, granter) => granter.disable_fallbacks === true && key.disable_fallbacks !== true],
  ['temp_budget_increase', (key, granter) => (key.temp_budget_increase ?? 0) > (granter.temp_budget_increase ?? 0)],
  ['rpm_limit', (key, granter) => isMore(key.rpm_limit, granter.rpm_limit)],
  ['tpm_limit', (key, granter) => isMore(key.tpm_limit, granter.tpm_limit)],
  ['max_parallel_requests', (key, granter) => isMore(key.max_parallel_requests, granter.max_parallel_requests)],
  ['max_budget', (key, granter) => !areBudgetsCovered(limitsOf(key, times), limitsOf(granter, times))],
  ['model_max_budget', areModelsExceeded],
  ['aliases', isLimitedAliasChanged],
];

/** What there is more of when it is raised on one key while another one keeps its own. */
const spentFields: ReadonlySet<string> = new Set([
  'duration', 'limit_mode', 'temp_budget_increase', 'rpm_limit', 'tpm_limit', 'max_parallel_requests', 'max_budget',
  'model_max_budget', 'aliases',
]); // prettier-ignore

/** How a key can do more after a change than before it. */
export interface Raise {
  /** The first field at fault. */
  readonly field: string;
  /** More can be spent, not only otherwise. */
  readonly isSpent: boolean;
}

/** Whether a key can do more than before; undefined when not. Both with their budgets merged in. */
export function raiseOf(key: KeyRow, before: KeyRow): Raise | undefined {
  const fields = rules.filter(([, exceeds]) => exceeds(key, before)).map(([field]) => field);
  // What fits a pattern may be the name of an access group.
  const opensGroup = modelsWithin(key, before).length > before.models_within.length;
  const field = fields[0] ?? (opensGroup ? 'models' : undefined);
  return field === undefined ? undefined : { field, isSpent: fields.some((each) => spentFields.has(each)) };
}

/**
 * The first limit of a key, with its budget merged in, that none of some scopes has as tightly: another key that is entered
 * in these scopes too would have it once more. Undefined when there is none.
 */
export function unsharedLimit(row: KeyRow, scopes: readonly Pick<ScopeLimits, 'limits'>[]): string | undefined {
  const own = limitsOf(row, times);
  const isLooser = (pick: (limits: Limits) => number | undefined): boolean =>
    scopes.every(({ limits }) => isMore(pick(limits), pick(own)));
  if (own.requestsPerWindow !== undefined && isLooser((limits) => limits.requestsPerWindow)) return 'rpm_limit';
  if (own.tokensPerWindow !== undefined && isLooser((limits) => limits.tokensPerWindow)) return 'tpm_limit';
  if (own.parallel !== undefined && isLooser((limits) => limits.parallel)) return 'max_parallel_requests';
  const shared: Limits = { budgets: scopes.flatMap(({ limits }) => limits.budgets) };
  if (!areBudgetsCovered(shared, own)) return 'max_budget';
  return modelLimitsOf(row, times).size > 0 ? 'model_max_budget' : undefined;
}

/** No limit is more than any. */
function isMore(value: number | undefined, most: number | undefined): boolean {
  return most !== undefined && (value === undefined || value > most);
}

function rankOf({ max_reasoning_effort: effort }: KeyRow): number | undefined {
  return effort === undefined ? undefined : effortRanks.indexOf(effort);
}

/** An empty list means every model. */
function isCovered(models: readonly string[], granted: readonly string[]): boolean {
  if (granted.length === 0 || granted.includes('all-proxy-models')) return true;
  if (models.length === 0) return false;
  return models.every(
    (model) =>
      model === 'no-default-models' || granted.some((entry) => entry === model || isWithinPattern(entry, model)),
  );
}

/** A pattern covers what it matches; another pattern only when it is the same. */
function isWithinPattern(pattern: string, model: string): boolean {
  const isSpecial = model.includes('*') || model.startsWith('all-');
  return pattern.includes('*') && !isSpecial && fitsPattern(pattern, model);
}

function areRoutesCovered(routes: readonly string[] | undefined, granted: readonly string[] | undefined): boolean {
  if (granted === undefined) return true;
  const covers = (entry: string, route: string): boolean =>
    entry === route || (entry.endsWith('/*') && route.startsWith(entry.slice(0, -1)));
  return routes?.every((route) => granted.some((entry) => covers(entry, route))) ?? false;
}

/** Covered when nothing is lost by holding each to what is granted. */
function areNetworksCovered(networks: readonly string[] | undefined, granted: readonly string[] | undefined): boolean {
  if (granted === undefined) return true;
  return networks?.every((network) => intersection([network], granted).includes(network)) ?? false;
}

function isTierCovered(tier: KeyRow['service_tier'], granted: KeyRow['service_tier']): boolean {
  return (
    granted === undefined || tier === granted || tier === 'forbidden' || (tier === 'default' && granted === 'priority')
  );
}

function isSubset(list: readonly string[] | undefined, granted: readonly string[] | undefined): boolean {
  return granted === undefined || (list?.every((each) => granted.includes(each)) ?? false);
}

/** Every budget of the granter has one of the same unit and period that is no larger. */
function areBudgetsCovered(limits: Limits, granted: Limits): boolean {
  const isHeld = (budget: BudgetLimit): boolean =>
    limits.budgets.some(
      ({ unit, duration, max }) => unit === budget.unit && duration === budget.duration && max <= budget.max,
    );
  return granted.budgets.filter(({ max }) => max < endlessMax).every(isHeld);
}

/** Every budget of `granted` has one of the same unit and period in `fields` that is no larger. */
export function isBudgetCovered(granted: LimitFields, fields: LimitFields): boolean {
  return areBudgetsCovered(limitsOf(fields, times), limitsOf(granted, times));
}

function areModelsExceeded(key: KeyRow, granter: KeyRow): boolean {
  const own = modelLimitsOf(key, times);
  return [...modelLimitsOf(granter, times)].some(([model, granted]) => {
    const limits = own.get(model);
    if (limits === undefined) return true;
    const { requestsPerWindow, tokensPerWindow } = granted;
    const isLooser =
      isMore(limits.requestsPerWindow, requestsPerWindow) || isMore(limits.tokensPerWindow, tokensPerWindow);
    return isLooser || !areBudgetsCovered(limits, granted);
  });
}

/** A limit for an alias holds for what the alias stands for: to lead it elsewhere would be to be free of it. */
function isLimitedAliasChanged(key: KeyRow, granter: KeyRow): boolean {
  const limited = modelLimitsOf(granter, times);
  return Object.entries(granter.aliases).some(([alias, model]) => limited.has(alias) && key.aliases[alias] !== model);
}

/**
 * Further lists that a key is held to. What fits a pattern of the granter may be the name of an access group, and would open
 * all models of that group: so the granter's own list goes on to count.
 */
export function modelsWithin(key: KeyRow, granter: KeyRow): KeyRow['models_within'] {
  const isByPattern = granter.models.length > 0 && !key.models.every((model) => granter.models.includes(model));
  const lists = [...key.models_within, ...granter.models_within, ...(isByPattern ? [granter.models] : [])];
  return [...new Map(lists.map((list) => [JSON.stringify(list), list])).values()];
}

/** Fields of the granter that a new key takes over when it does not say otherwise. */
export function inherited(granter: KeyRow): Partial<KeyRow> {
  const { models, allowed_routes, allowed_networks, max_reasoning_effort, service_tier, forced_model } = granter;
  const { deployments, codex_mode, disable_fallbacks, rpm_limit, tpm_limit, max_parallel_requests } = granter;
  const { contentLoggingUntilMs, tags, limit_mode } = granter;
  const { max_budget, soft_budget, budget_duration, budget_limits, model_max_budget, model_rpm_limit } = granter;
  const { model_tpm_limit, token_budget, request_budget, plan_share_5h, plan_share_week, expiresMs, team_id } = granter;
  return {
    ...{ models, allowed_routes, allowed_networks, max_reasoning_effort, service_tier, forced_model },
    ...{ deployments, codex_mode, disable_fallbacks, rpm_limit, tpm_limit, max_parallel_requests },
    ...{ max_budget, soft_budget, budget_duration, budget_limits, model_max_budget, model_rpm_limit },
    ...{ model_tpm_limit, token_budget, request_budget, plan_share_5h, plan_share_week, expiresMs, team_id },
    ...{ contentLoggingUntilMs, tags, ...(limit_mode === 'enforce' ? { limit_mode } : {}) },
  };
}
