import { invalidRequest } from '../../kernel/errors';
import { windowsOf } from '../compile/limits-of';
import { type KeyRules } from '../key-rules';
import { after } from '../rows/duration';
import { type KeyRow } from '../rows/key-row';
import { amountsOf, type LimitFields } from '../rows/limit-fields';
import { exceededField, isBudgetCovered } from './key-bounds';
import { type GenerateFields } from './key-fields';

/** As LiteLLM checks aliases when it is told to. */
const aliasForm = /^[A-Za-z0-9][A-Za-z0-9_\-/.@]{0,253}[A-Za-z0-9]$/;

/** @throws {GatewayError} 400 */
export function assertAlias(alias: string | undefined, { validatesAliases }: Pick<KeyRules, 'validatesAliases'>): void {
  if (!validatesAliases || alias === undefined || aliasForm.test(alias)) return;
  throw invalidRequest(
    "'key_alias' must have 2 to 255 characters of a-z, A-Z, 0-9, _ - / . @, and begin and end with a letter or digit.",
    'key_alias',
  );
}

/**
 * What the settings give to keys that do not say otherwise: the defaults first, then the most they may have.
 *
 * @param named limits of the budget that the key points to. What a key has itself goes before them, so neither a default takes
 *   their place, nor a bound that they lie within.
 */
export function withDefaults(
  fields: GenerateFields,
  { defaultKey, upperBounds }: Pick<KeyRules, 'defaultKey' | 'upperBounds'>,
  named: LimitFields = {},
): GenerateFields {
  const within = Object.fromEntries(
    Object.entries(named).filter(([field, value]) => !isOver(field, value, own(upperBounds, field))),
  );
  const filled: Record<string, unknown> = { ...notSaidBy(within, upperBounds) };
  for (const source of [fields.budget_id === undefined ? defaultKey : notSaidBy(named, defaultKey), fields]) {
    // A period belongs to its amount: another amount does not get the period of the default.
    if (source.max_budget !== undefined && source.budget_duration === undefined) delete filled['budget_duration'];
    Object.assign(filled, source);
  }
  if (upperBounds.budget_duration !== undefined && filled['max_budget'] !== undefined)
    filled['budget_duration'] ??= upperBounds.budget_duration;
  return filled;
}

/** Fields of the settings that a named budget leaves unsaid; a period goes when no amount is left that it is for. */
export function notSaidBy<T extends LimitFields>(named: LimitFields, fields: T): T {
  const left = Object.entries(fields).filter(
    ([field]) => field === 'budget_duration' || own(named, field) === undefined,
  );
  const hasPeriod =
    fields.max_budget === undefined || left.some(([field]) => field !== 'budget_duration' && budgetFields.has(field));
  return Object.fromEntries(left.filter(([field]) => field !== 'budget_duration' || hasPeriod)) as T;
}

function own(fields: object, name: string): unknown {
  return (fields as Readonly<Record<string, unknown>>)[name];
}

/** Amounts and the period that they share count together. */
const budgetFields: ReadonlySet<string> = new Set([
  'max_budget',
  'soft_budget',
  'token_budget',
  'request_budget',
  'budget_duration',
]);

/** Whose key makes a key, and what its row would be. */
export interface Fitting {
  /** With its budget merged in. */
  readonly granter: KeyRow;
  /** Names of what the request itself says; all else is the settings'. */
  readonly asked: ReadonlySet<string>;
  /** The row of a new key, where it says nothing with what it takes over. */
  readonly rowOf: (fields: GenerateFields) => KeyRow;
}

/**
 * Fields of a new key, with what the settings fill in only as far as it lies within the key that asks, whose own is taken over
 * otherwise. Filled-in budgets of other periods come beside those that are taken over.
 */
export function fittedFields(fields: GenerateFields, { granter, asked, rowOf }: Fitting): GenerateFields {
  const parts = new Map<string, [name: string, value: unknown][]>();
  for (const [name, value] of Object.entries(fields)) {
    const part = asked.has(name) ? 'asked' : budgetFields.has(name) ? 'budget' : name;
    parts.set(part, [...(parts.get(part) ?? []), [name, value]]);
  }
  let fitted: GenerateFields = Object.fromEntries(parts.get('asked') ?? []);
  parts.delete('asked');
  for (const [name, part] of parts) {
    const filled: GenerateFields = Object.fromEntries(part);
    const row = rowOf({ ...fitted, ...filled });
    if (exceededField(row, granter) === undefined) fitted = { ...fitted, ...filled };
    else if (name === 'budget') fitted = { ...fitted, ...besideTaken(filled, { row, granter, rest: rowOf(fitted) }) };
  }
  return fitted;
}

/** The budgets among what was filled in that what is taken over does not hold as tightly. */
function besideTaken(
  filled: GenerateFields,
  { row, granter, rest }: { readonly row: KeyRow; readonly granter: KeyRow; readonly rest: KeyRow },
): GenerateFields {
  const windows = windowsOf({ ...filled, budget_duration: row.budget_duration }).filter(
    (window) => amountsOf(window).length > 0 && !isBudgetCovered({ budget_limits: [window] }, granter),
  );
  return windows.length === 0 ? {} : { budget_limits: [...(rest.budget_limits ?? []), ...windows] };
}

/** @throws {GatewayError} 400 that names field, value and bound. */
export function assertWithinBounds(fields: GenerateFields, { upperBounds }: Pick<KeyRules, 'upperBounds'>): void {
  for (const [field, most] of Object.entries(upperBounds)) {
    const value = own(fields, field);
    if (isOver(field, value, most))
      throw invalidRequest(
        `'${field}' is over the most that the operator allows: ${String(value)} of ${String(most)}.`,
        field,
      );
  }
}

/** A shorter period of a budget is more: the same money comes back sooner. */
function isOver(field: string, value: unknown, most: unknown): boolean {
  if (typeof value === 'number' && typeof most === 'number') return value > most;
  if (typeof value !== 'string' || typeof most !== 'string') return false;
  const longer = after(0, value) - after(0, most);
  return field === 'budget_duration' ? longer < 0 : longer > 0;
}
