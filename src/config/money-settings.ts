import { type AlertSettings, readAlerts } from './alert-settings';
import { type Fault } from './config-fault';
import { type Deployment } from './deployment';
import { priceWarnings } from './price-warnings';
import { type PricingSettings, readPricing } from './pricing-settings';
import { readReports, type ReportSettings } from './report-settings';
import { type FileSections, type SettingsSources } from './settings-sources';

/** What things cost, who is told, and what reports show. */
export interface MoneySettings {
  readonly pricing: PricingSettings;
  readonly reports: ReportSettings;
  readonly alerts: AlertSettings;
}

/** Money settings, and what is wrong with them. */
export interface MoneyReading {
  readonly settings: MoneySettings;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/** @param deployments whose own prices are looked at. */
export function readMoney(
  sources: SettingsSources,
  sections: FileSections,
  deployments: readonly Deployment[],
): MoneyReading {
  const pricing = readPricing(sections);
  const { alerts, faults, warnings } = readAlerts(sources, sections);
  return {
    settings: { pricing, reports: readReports(sections), alerts },
    faults,
    warnings: [...priceWarnings(deployments, pricing), ...warnings],
  };
}
