import { noAdjustment, type PriceAdjustment } from '../protocol/pricing/cost-of';
import { type PricingRules } from '../protocol/pricing/price-lookup';
import { readBundledPrices } from './bundled-prices';
import { type SharesByProvider } from './pricing-keys';
import { type FileSections } from './settings-sources';

/** What requests cost, and what of it clients are told. */
export interface PricingSettings extends PricingRules {
  /** `usage.cost` in the last chunk of a stream. */
  readonly includeCostInStreamingUsage: boolean;
  /** HTTP status of a spent budget; its `type` is always `budget_exceeded`. */
  readonly budgetStatus: 400 | 422 | 429;
}

/** From the top of the file, then `general_settings`, then `litellm_settings`. */
export function readPricing({ top, general, litellm }: FileSections): PricingSettings {
  const places = [top, general, litellm];
  const written = <T>(find: (place: (typeof places)[number]) => T | null | undefined): T | undefined =>
    places.map(find).find((value) => value !== undefined && value !== null) ?? undefined;
  return {
    table: readBundledPrices(),
    ownPrices: written((place) => place.codex_model_prices) ?? new Map(),
    codexPricing: written((place) => place.codex_pricing) ?? 'api_equivalent',
    unknownPrice: written((place) => place.codex_unknown_price) ?? 'dearest',
    adjustments: adjustmentsOf(litellm.cost_discount_config ?? new Map(), litellm.cost_margin_config ?? new Map()),
    includeCostInStreamingUsage: litellm.include_cost_in_streaming_usage === true,
    budgetStatus: written((place) => place.litellm_compat?.budget_status) ?? 429,
  };
}

/** A provider without a discount of its own has the global one, and the same for margins. */
function adjustmentsOf(discounts: SharesByProvider, margins: SharesByProvider): ReadonlyMap<string, PriceAdjustment> {
  const names = new Set([...discounts.keys(), ...margins.keys()]);
  const shareOf = (shares: SharesByProvider, name: string): Partial<PriceAdjustment> =>
    shares.get(name) ?? shares.get('global') ?? {};
  return new Map(
    [...names].map((name) => [name, { ...noAdjustment, ...shareOf(discounts, name), ...shareOf(margins, name) }]),
  );
}
