import { type OwnPrice, suspiciousRate } from '../protocol/pricing/own-price';
import { type Deployment } from './deployment';
import { type PricingSettings } from './pricing-settings';

/** Prices that are likely a slip of the unit: they would use up every budget with one request. */
export function priceWarnings(
  deployments: readonly Deployment[],
  { ownPrices }: Pick<PricingSettings, 'ownPrices'>,
): readonly string[] {
  const written = deployments.flatMap(({ modelGroup, price }) =>
    price === undefined ? [] : [[modelGroup, price] as const],
  );
  return [...written, ...ownPrices].flatMap(([model, price]) => warningOf(model, price));
}

function warningOf(model: string, price: OwnPrice): readonly string[] {
  const dollars = suspiciousRate(price);
  if (dollars === undefined) return [];
  return [
    `the price of ${model} is ${dollars} dollars for one token; if that was meant for a million, write it as input_cost_per_million_tokens or output_cost_per_million_tokens`,
  ];
}
