import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Settings } from '../../config/settings';
import { SystemClock } from '../../config/system-clock';
import { missingBudgetWords } from '../../keys/directory/customer-directory';
import { entityStoreFor } from '../../state/entities/entities.module';
import { oneOf } from '../../state/entities/entity-store';
import { StateUnavailable } from '../../state/state-unavailable';
import { commandLink } from '../command-link';
import { type Finding, ok, skipped, warning } from './finding';

const check = 'customers';

/** Whether the budget that `max_end_user_budget_id` names is there; nothing when the settings name none. */
export async function budgetFindings(settings: Settings): Promise<readonly Finding[]> {
  const id = settings.keys.customerBudgetId;
  if (id === undefined) return [];
  try {
    return [(await isThere(settings, id)) ? ok(check, 'the budget of max_end_user_budget_id is there') : missing];
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    return [skipped(check, 'the state that keeps their budget cannot be asked')];
  }
}

const missing = warning(check, missingBudgetWords.what, missingBudgetWords.advice);

async function isThere(settings: Settings, id: string): Promise<boolean> {
  // A look must not make a journal where there is none.
  if (settings.redis === undefined && !existsSync(join(settings.stateDir, 'entities.journal'))) return false;
  const clock = new SystemClock();
  const link = settings.redis === undefined ? undefined : commandLink(settings.redis, settings, clock);
  await link?.open();
  const store = entityStoreFor(settings, clock, link);
  try {
    return (await oneOf(store, { kind: 'budget', id })) !== undefined;
  } finally {
    await store.close();
    await link?.close();
  }
}
