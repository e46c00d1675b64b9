import { z } from 'zod';
import { type PriceAdjustment } from '../protocol/pricing/cost-of';
import { isPriceKey, type OwnPrice, readOwnPrice } from '../protocol/pricing/own-price';
import { flag, key, reading } from './file-values';

/** Takes a share off list prices, or puts one on top. */
export type SharesByProvider = ReadonlyMap<string, Partial<PriceAdjustment>>;

const million = 1_000_000;
const budgetStatuses = [400, 422, 429] as const;
/** LiteLLM knew the Codex backend by other names. */
const providerNames: ReadonlyMap<string, string> = new Map([
  ['codex-oauth', 'codex'],
  ['chatgpt', 'codex'],
]);

const pricing = z.enum(['api_equivalent', 'zero'], { error: 'must be api_equivalent or zero' });
const unknownPrice = z.enum(['dearest', 'refuse'], { error: 'must be dearest or refuse' });
const modelPrices = reading(
  readModelPrices,
  'must be a map of model names, each with prices such as input_cost_per_million_tokens and output_cost_per_million_tokens',
);
const discounts = reading(readDiscounts, 'must be a map of providers (or global), each with a fraction from 0 to 1');
const margins = reading(
  readMargins,
  'must be a map of providers (or global), each with a fraction from 0 to 100, or {percentage, fixed_amount}',
);
const budgetStatus = reading(readBudgetStatus, 'must be 400, 422 or 429');

/** Read from the top of the file, `general_settings` and `litellm_settings`, in this order. */
const anywhere = {
  codex_pricing: key(pricing, 'subscription models at API list prices (api_equivalent) or at nothing (zero)'),
  codex_unknown_price: key(unknownPrice, 'a model without a price: the dearest rates, flagged, or a refusal'),
  codex_model_prices: key(modelPrices, 'prices by model name, over the bundled list'),
  litellm_compat: key(
    z.looseObject({ budget_status: key(budgetStatus, 'HTTP status of a spent budget') }),
    'statuses that differ between LiteLLM versions',
  ),
};

/** Keys of the file that the pricing settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const pricingKeys = {
  top: anywhere,
  general: anywhere,
  litellm: {
    ...anywhere,
    cost_discount_config: key(discounts, 'share taken off list prices, by provider'),
    cost_margin_config: key(margins, 'share put on top of prices, by provider'),
    include_cost_in_streaming_usage: key(flag, 'the last chunk of a stream carries usage.cost'),
  },
} as const;

function readModelPrices(value: unknown): ReadonlyMap<string, OwnPrice> | undefined {
  const prices = new Map<string, OwnPrice>();
  for (const [model, written] of entriesOf(value) ?? [['', undefined] as const]) {
    const keys = entriesOf(written) ?? [];
    if (!keys.every(([name]) => isPriceKey(name))) return undefined;
    const { price, faults } = readOwnPrice(Object.fromEntries(keys), 'settings');
    if (price === undefined || faults.length > 0) return undefined;
    prices.set(model, price);
  }
  return prices;
}

function readDiscounts(value: unknown): SharesByProvider | undefined {
  return sharesIn(value, (written) => {
    const discountPpm = ppmIn(written, 1);
    return discountPpm === undefined ? undefined : { discountPpm };
  });
}

function readMargins(value: unknown): SharesByProvider | undefined {
  return sharesIn(value, (written) => {
    const plain = ppmIn(written, 100);
    if (plain !== undefined) return { marginPpm: plain };
    const parts = new Map(entriesOf(written) ?? []);
    const marginPpm = ppmIn(parts.get('percentage') ?? 0, 100);
    const fixedDollars = numberIn(parts.get('fixed_amount') ?? 0);
    const isUsable = parts.size > 0 && marginPpm !== undefined && fixedDollars !== undefined && fixedDollars <= 100;
    return isUsable ? { marginPpm, marginFixedNanos: Math.round(fixedDollars * 1e9) } : undefined;
  });
}

function sharesIn(
  value: unknown,
  read: (written: unknown) => Partial<PriceAdjustment> | undefined,
): SharesByProvider | undefined {
  const entries = entriesOf(value)?.map(([provider, written]) => {
    const name = provider.toLowerCase();
    return [providerNames.get(name) ?? name, read(written)] as const;
  });
  if (entries?.some(([, share]) => share === undefined) !== false) return undefined;
  return new Map(entries.flatMap(([name, share]) => (share === undefined ? [] : [[name, share] as const])));
}

function ppmIn(value: unknown, most: number): number | undefined {
  const fraction = numberIn(value);
  return fraction === undefined || fraction > most ? undefined : Math.round(fraction * million);
}

/** A finite number of 0 or more, also as text. */
function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined;
}

function readBudgetStatus(value: unknown): (typeof budgetStatuses)[number] | undefined {
  return budgetStatuses.find((status) => status === Number(value));
}

function entriesOf(value: unknown): (readonly [string, unknown])[] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
}
