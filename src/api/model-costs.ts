import { type ModelPrice, type TokenRates } from '../protocol/pricing/model-price';
import { isUnknown } from '../protocol/pricing/price-lookup';
import { type JsonObject } from '../protocol/canonical/canonical-request';

const picosPerDollar = 1e12;

/** What a model costs, in LiteLLM's keys: dollars per token. `null` is its word for a price that nobody knows. */
export function modelCosts(price: ModelPrice): JsonObject {
  if (isUnknown(price)) return { input_cost_per_token: null, output_cost_per_token: null };
  const short = price.bands.at(-1);
  const long = price.bands.at(-2);
  const above = long === undefined ? '' : `_above_${long.aboveTokens / 1_000}k_tokens`;
  return {
    ...keysOf(short?.standard, ''),
    ...keysOf(short?.priority, '_priority'),
    ...keysOf(short?.flex, '_flex'),
    ...keysOf(long?.standard, above),
  };
}

function keysOf(rates: TokenRates | undefined, suffix: string): JsonObject {
  if (rates === undefined) return {};
  return {
    [`input_cost_per_token${suffix}`]: rates.input / picosPerDollar,
    [`output_cost_per_token${suffix}`]: rates.output / picosPerDollar,
    [`cache_read_input_token_cost${suffix}`]: rates.cachedInput / picosPerDollar,
    [`cache_creation_input_token_cost${suffix}`]: rates.cacheWrite / picosPerDollar,
  };
}
