import { key, reading } from './file-values';

/** What a provider may cost in a period. Nano-dollars. */
export interface ProviderBudget {
  readonly maxNanos: number;
  /** As written, for example `7d`. */
  readonly period: string;
  /** Calendar days (UTC) that the period spans, today included. */
  readonly days: number;
}

const daysPerUnit: Readonly<Record<string, number>> = { d: 1, w: 7, mo: 30 };
const providerNames: ReadonlyMap<string, string> = new Map([
  ['codex-oauth', 'codex'],
  ['chatgpt', 'codex'],
]);

const providerBudgets = reading(
  readProviderBudgets,
  'must be a map of providers, each with {budget_limit, time_period} such as {budget_limit: 100, time_period: 7d}',
);

/** Keys of the file that the reports are read from, by section; `gateway-file.schema.ts` spreads them. */
export const reportKeys = {
  router: {
    provider_budget_config: key(providerBudgets, 'shown by /provider/budgets with what was spent of it', 'mapped'),
  },
} as const;

function readProviderBudgets(value: unknown): ReadonlyMap<string, ProviderBudget> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).map(([name, written]) => {
    const provider = name.toLowerCase();
    return [providerNames.get(provider) ?? provider, budgetIn(written)] as const;
  });
  const sound = entries.flatMap(([name, budget]) => (budget === undefined ? [] : [[name, budget] as const]));
  return sound.length === entries.length ? new Map(sound) : undefined;
}

function budgetIn(written: unknown): ProviderBudget | undefined {
  if (typeof written !== 'object' || written === null) return undefined;
  const dollars = Number('budget_limit' in written ? written.budget_limit : Number.NaN);
  const period = 'time_period' in written ? written.time_period : undefined;
  if (!Number.isFinite(dollars) || dollars < 0 || typeof period !== 'string') return undefined;
  const [, amount, unit] = /^(\d{1,4})(d|w|mo)$/.exec(period) ?? [];
  const days = Number(amount) * (daysPerUnit[unit ?? ''] ?? Number.NaN);
  return days >= 1 ? { maxNanos: Math.round(dollars * 1e9), period, days } : undefined;
}
