import { type BudgetLimit, endlessMax, type Limits } from '../../kernel/limits';
import { nanosFromDollars } from '../../kernel/money';
import { present } from '../present';
import { type BudgetWindow, type LimitFields, type ModelBudget } from '../rows/limit-fields';

const partsPerShare = 1_000_000;

/** What limits depend on beside their fields. Unix milliseconds. */
export interface LimitTimes {
  /** Creation of the entity. */
  readonly anchorMs: number;
  /** Added to every money budget for now. */
  readonly increaseNanos: number;
}

/** Fields as people write them → limits as the books count them. Undefined when there is none. */
export function limitsOf(fields: LimitFields, times: LimitTimes): Limits {
  const { rpm_limit, tpm_limit, max_parallel_requests } = fields;
  return {
    ...(rpm_limit === undefined ? {} : { requestsPerWindow: rpm_limit }),
    ...(tpm_limit === undefined ? {} : { tokensPerWindow: tpm_limit }),
    ...(max_parallel_requests === undefined ? {} : { parallel: max_parallel_requests }),
    budgets: windowsOf(fields).map((window) => budgetOf(window, times)),
  };
}

/** Limits of single models, by the name that was written. */
export function modelLimitsOf(fields: LimitFields, times: LimitTimes): ReadonlyMap<string, Limits> {
  const { model_max_budget = {}, model_rpm_limit = {}, model_tpm_limit = {} } = fields;
  const models = new Set([model_max_budget, model_rpm_limit, model_tpm_limit].flatMap(Object.keys));
  return new Map(
    [...models].map((model) => {
      const written = writtenOf(own(model_max_budget, model));
      const rpm_limit = own(model_rpm_limit, model) ?? written.rpm_limit;
      const tpm_limit = own(model_tpm_limit, model) ?? written.tpm_limit;
      return [model, limitsOf({ ...written, rpm_limit, tpm_limit }, times)];
    }),
  );
}

/** LiteLLM has two spellings, and null for what is not there. */
function writtenOf(entry: ModelBudget | undefined): LimitFields {
  if (entry === undefined) return {};
  return {
    max_budget: entry.budget_limit ?? entry.max_budget ?? undefined,
    budget_duration: entry.time_period ?? entry.budget_duration ?? undefined,
    rpm_limit: entry.rpm_limit ?? undefined,
    tpm_limit: entry.tpm_limit ?? undefined,
  };
}

/**
 * Own limits before those of the budgets that the entity points to, an earlier budget before a later one. A period goes with
 * its amount: what a budget allows in its own period becomes one of `budget_limits` when the merged period is another.
 */
export function withBudget(fields: LimitFields, ...budgets: readonly (LimitFields | undefined)[]): LimitFields {
  const layers = [fields, ...budgets.filter((budget) => budget !== undefined)];
  if (layers.length === 1) return fields;
  const merged = layers.toReversed().reduce<LimitFields>((below, layer) => ({ ...below, ...present(layer) }), {});
  const [first, ...others] = amountNames.flatMap((name) => {
    const at = layers.findIndex((layer) => layer[name] !== undefined);
    return at < 0 ? [] : [{ name, budget_duration: periodOf(layers, at) }];
  });
  if (first === undefined) return merged;
  const moved = others.filter(({ budget_duration }) => budget_duration !== first.budget_duration);
  const windows = moved.map(({ name, budget_duration }): BudgetWindow => {
    const isTokens = name === 'token_budget';
    return present({
      ...(isTokens ? { max_tokens: merged.token_budget } : { max_requests: merged.request_budget }),
      budget_duration,
    });
  });
  // What has moved is said to be undefined: callers lay this over the row that it came from.
  return {
    ...merged,
    ...Object.fromEntries(moved.map(({ name }) => [name, undefined])),
    budget_duration: first.budget_duration,
    budget_limits: windows.length === 0 ? merged.budget_limits : [...(merged.budget_limits ?? []), ...windows],
  };
}

/** Amounts that share `budget_duration`. Money first: its period stays where headers and views look for it. */
const amountNames = ['max_budget', 'token_budget', 'request_budget'] as const;

function hasAmount(fields: LimitFields): boolean {
  return fields.soft_budget !== undefined || amountNames.some((name) => fields[name] !== undefined);
}

/** The period of the amounts that one of several layers says, where those above it may have changed it. */
function periodOf(layers: readonly LimitFields[], at: number): string | undefined {
  // A period that was said without an amount can only mean the amounts below it.
  const above = layers.slice(0, at).find((layer) => !hasAmount(layer) && layer.budget_duration !== undefined);
  if (above !== undefined) return above.budget_duration;
  const layer = layers[at];
  if (layer?.budget_duration !== undefined || layer?.max_budget !== undefined) return layer.budget_duration;
  return layers.slice(at).find(({ budget_duration }) => budget_duration !== undefined)?.budget_duration;
}

/** Every budget of an entity in the one form of `budget_limits`. */
export function windowsOf(fields: LimitFields): readonly BudgetWindow[] {
  const { max_budget, soft_budget, token_budget, request_budget, plan_share_5h, plan_share_week } = fields;
  const period = fields.budget_duration === undefined ? {} : { budget_duration: fields.budget_duration };
  const windows: BudgetWindow[] = [...(fields.budget_limits ?? [])];
  if (max_budget !== undefined || soft_budget !== undefined) windows.unshift({ max_budget, soft_budget, ...period });
  if (token_budget !== undefined) windows.push({ max_tokens: token_budget, ...period });
  if (request_budget !== undefined) windows.push({ max_requests: request_budget, ...period });
  if (plan_share_5h !== undefined) windows.push({ plan_share_5h });
  if (plan_share_week !== undefined) windows.push({ plan_share_week });
  return windows;
}

function budgetOf(window: BudgetWindow, { anchorMs, increaseNanos }: LimitTimes): BudgetLimit {
  const { budget_duration: duration, soft_budget } = window;
  const period = duration === undefined ? {} : { duration };
  if (window.max_tokens !== undefined) return { unit: 'tokens', max: window.max_tokens, ...period, anchorMs };
  if (window.max_requests !== undefined) return { unit: 'requests', max: window.max_requests, ...period, anchorMs };
  if (window.plan_share_5h !== undefined)
    return { unit: 'plan_5h', max: partsOf(window.plan_share_5h), duration: duration ?? '5h', anchorMs };
  if (window.plan_share_week !== undefined)
    return { unit: 'plan_week', max: partsOf(window.plan_share_week), duration: duration ?? '7d', anchorMs };
  // A soft budget alone warns and never refuses.
  const max = window.max_budget === undefined ? endlessMax : nanosFromDollars(window.max_budget) + increaseNanos;
  const soft = soft_budget === undefined ? {} : { soft: nanosFromDollars(soft_budget) };
  return { unit: 'nano_usd', max: Math.min(max, endlessMax), ...soft, ...period, anchorMs };
}

function partsOf(share: number): number {
  return Math.round(share * partsPerShare);
}

/** Models may be called `constructor`. */
function own<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
