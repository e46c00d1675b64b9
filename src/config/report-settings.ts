import { type ProviderBudget } from './report-keys';
import { type FileSections } from './settings-sources';

/** What reports show beside the books. */
export interface ReportSettings {
  /** `provider_budget_config`, by provider as the ledger calls it. */
  readonly providerBudgets: ReadonlyMap<string, ProviderBudget>;
}

/** From `router_settings`. */
export function readReports({ router }: FileSections): ReportSettings {
  return { providerBudgets: router.provider_budget_config ?? new Map() };
}
