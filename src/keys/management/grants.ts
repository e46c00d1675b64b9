import { fieldDenied } from './actor';

/** What only an admin may set on a key, and why. Everything else a holder may set on its own keys, within its own bounds. */
const adminFields: ReadonlyMap<string, string> = new Map([
  ['budget_id', 'a budget may allow more than this key has'],
  ['limit_mode', 'it decides whether limits refuse anything'],
  ['blocked', 'a blocked key is opened by the operator only'],
  ['deployments', 'accounts are given out by the operator'],
  ['codex_mode', 'it is decided by the operator'],
  ['content_logging_duration', 'the logging of prompts and answers is decided by the operator'],
  ['temp_budget_increase', 'budgets are raised by the operator'],
  ['temp_budget_expiry', 'budgets are raised by the operator'],
  ['forced_model', 'it is asked whatever models are allowed'],
  ['tags', 'they decide which accounts are asked and to whom spend is put down'],
  ['permissions', 'rights are given by the operator'],
  ['organization_id', 'it is set by the operator'],
  ['config', 'it is set by the operator'],
  ['spend', 'what was spent is in the books'],
]);

/** Every field of a key that only an admin may set. */
export const adminOnlyKeyFields: readonly string[] = [...adminFields.keys()];

/**
 * @param sent names of all fields in the body, cleared and kept ones too. @throws {GatewayError} 403 that names the field.
 */
export function assertOwnFields(sent: Iterable<string>): void {
  for (const field of sent) {
    const reason = adminFields.get(field);
    if (reason !== undefined) throw fieldDenied(field, reason);
  }
}
