import { invalidRequest } from '../../kernel/errors';
import { type KeyRules } from '../key-rules';
import { after } from '../rows/duration';
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

/** What the settings give to keys that do not say otherwise: the defaults first, then the most they may have. */
export function withDefaults(fields: GenerateFields, rules: Pick<KeyRules, 'defaultKey' | 'upperBounds'>): GenerateFields {
  const filled: Record<string, unknown> = { ...rules.upperBounds };
  for (const source of [rules.defaultKey, fields]) {
    // A period belongs to its amount: another amount does not get the period of the default.
    if (source.max_budget !== undefined && source.budget_duration === undefined) delete filled['budget_duration'];
    Object.assign(filled, source);
  }
  if (rules.upperBounds.budget_duration !== undefined && filled['max_budget'] !== undefined)
    filled['budget_duration'] ??= rules.upperBounds.budget_duration;
  return filled;
} // prettier-ignore

/** @throws {GatewayError} 400 that names field, value and bound. */
export function assertWithinBounds(fields: GenerateFields, { upperBounds }: Pick<KeyRules, 'upperBounds'>): void {
  for (const [field, most] of Object.entries(upperBounds)) {
    const value = (fields as Record<string, unknown>)[field];
    if (isOver(field, value, most))
      throw invalidRequest(`'${field}' is over the most that the operator allows: ${String(value)} of ${String(most)}.`, field); // prettier-ignore
  }
}

/** A shorter period of a budget is more: the same money comes back sooner. */
function isOver(field: string, value: unknown, most: unknown): boolean {
  if (typeof value === 'number' && typeof most === 'number') return value > most;
  if (typeof value !== 'string' || typeof most !== 'string') return false;
  const longer = after(0, value) - after(0, most);
  return field === 'budget_duration' ? longer < 0 : longer > 0;
}
