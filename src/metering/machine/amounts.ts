import { type BudgetUnit } from '../../kernel/limits';
import { adjustmentCall, type LedgerRow } from '../ledger-row';
import { type Hold } from '../meter';

/** How much of everything that budgets count. Whole numbers in the unit's own measure. */
export type Amounts = Readonly<Record<BudgetUnit, number>>;

/** Units of which a request may be given less than it asks for: it is stopped when that is used up. */
export type GrantedUnit = 'nano_usd' | 'tokens';

/** How much of those units. */
export type Granted = Readonly<Record<GrantedUnit, number>>;

/** Every unit, in the order in which amounts travel to scripts and files. */
export const budgetUnits = [
  'nano_usd',
  'tokens',
  'requests',
  'plan_5h',
  'plan_week',
] as const satisfies readonly BudgetUnit[];

/** Of one request before it is known what it takes. */
export function heldAmounts({ nanos, tokens, plan5h, planWeek }: Hold): Amounts {
  return { nano_usd: nanos, tokens, requests: 1, plan_5h: plan5h, plan_week: planWeek };
}

/** Whether a request may be given less of a unit than it asks for. */
export function isGranted(unit: BudgetUnit): unit is GrantedUnit {
  return unit === 'nano_usd' || unit === 'tokens';
}

/** An adjustment moves money only, and a refused request is none. */
export function isRequest({ callType, end }: LedgerRow): boolean {
  return callType !== adjustmentCall && end !== 'refused';
}

/** Of one settled request. */
export function amountsOf(row: LedgerRow): Amounts {
  const { usage, spend, plan5h = 0, planWeek = 0 } = row;
  return {
    nano_usd: spend,
    tokens: usage.inputTokens + usage.outputTokens,
    requests: isRequest(row) ? 1 : 0,
    plan_5h: plan5h,
    plan_week: planWeek,
  };
}
