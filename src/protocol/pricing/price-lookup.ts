import { GatewayError, shorten } from '../../kernel/errors';
import { type PriceAdjustment } from './cost-of';
import { completePrice, type OwnPrice } from './own-price';
import { type ModelPrice, type PriceSource, zeroPrice } from './model-price';
import { type PriceTable } from './price-table';

/** How this installation prices what it serves. Plain values, from the settings. */
export interface PricingRules {
  readonly table: PriceTable;
  /** `codex_model_prices`: the operator's own prices, by model name. */
  readonly ownPrices: ReadonlyMap<string, OwnPrice>;
  /** Subscription models at the list prices of the API, or at nothing. */
  readonly codexPricing: 'api_equivalent' | 'zero';
  /** A model without a price: at the dearest rates, or not served. */
  readonly unknownPrice: 'dearest' | 'refuse';
  /** By provider (`codex`, `openai`), and `global` for all that have none of their own. */
  readonly adjustments: ReadonlyMap<string, PriceAdjustment>;
}

/** Names under which a price may be found, and what the operator said of the deployment. */
export interface PriceQuestion {
  readonly provider: 'codex' | 'openai';
  /** Prices of `litellm_params` or `model_info`. */
  readonly ownPrice?: OwnPrice | undefined;
  /** `model_info.base_model`. */
  readonly baseModel?: string | undefined;
  /** As the answer named it; undefined before there is one. */
  readonly responseModel?: string | undefined;
  /** What goes upstream, then the model group that was asked for. */
  readonly requestModels: readonly string[];
}

/** Longest names first would guess; only these are ever cut off. */
const providerPrefix = /^(?:openai|chatgpt|codex|codex-oauth)\//;
const snapshot = /^(.+)-\d{4}-\d{2}-\d{2}$/;

/**
 * The price of a model: the deployment's own, then that of its `base_model`, of the response's model, of the request's.
 * Exact names and documented aliases only. What is not found costs the dearest rates, and says so; `isUnknown` lets
 * admission refuse it.
 */
export function priceFor(rules: PricingRules, question: PriceQuestion): ModelPrice {
  const { ownPrice } = question;
  if (ownPrice === undefined) return withoutOwn(rules, question);
  return completePrice(ownPrice, () => withoutOwn(rules, question));
}

/** Nobody knows what the model costs. */
export function isUnknown({ source }: ModelPrice): boolean {
  return source === 'dearest';
}

/** Whether a price is known under exactly this name, the operator's or the list's. */
export function hasPrice({ ownPrices, table }: Pick<PricingRules, 'ownPrices' | 'table'>, name: string): boolean {
  return ownPrices.has(name) || listedAs(table, name) !== undefined;
}

/** The discount and margin of a provider. */
export function adjustmentFor(rules: PricingRules, provider: string): PriceAdjustment | undefined {
  return rules.adjustments.get(provider) ?? rules.adjustments.get('global');
}

/** 400: no price is known and `codex_unknown_price` is `refuse`. Nothing was sent upstream. */
export function unknownPrice(model: string): GatewayError {
  return new GatewayError({
    status: 400,
    type: 'invalid_request_error',
    code: 'model_price_unknown',
    param: 'model',
    message: `The model '${shorten(model)}' has no known price, and this gateway serves none without one. Ask the operator to set its price (codex_model_prices, or input_cost_per_token on the deployment), or use another model.`,
    shouldRetry: false,
  });
}

function withoutOwn(rules: PricingRules, question: PriceQuestion): ModelPrice {
  const isFree = question.provider === 'codex' && rules.codexPricing === 'zero';
  if (isFree) return zeroPrice;
  const base = question.baseModel === undefined ? undefined : named(rules, question.baseModel, 'base_model');
  if (base !== undefined) return base;
  for (const name of [question.responseModel, ...question.requestModels]) {
    const found = name === undefined ? undefined : named(rules, name, 'list');
    if (found !== undefined) return found;
  }
  return question.provider === 'codex' ? rules.table.dearest.codex : rules.table.dearest.all;
}

function named(rules: PricingRules, written: string, source: PriceSource): ModelPrice | undefined {
  const name = written.replace(providerPrefix, '');
  const own = rules.ownPrices.get(name);
  const listed = listedAs(rules.table, name);
  if (own !== undefined) return completePrice(own, () => listed ?? rules.table.dearest.all);
  return listed === undefined || listed.source === source ? listed : { ...listed, source };
}

function listedAs({ byName, dated }: PriceTable, name: string): ModelPrice | undefined {
  const exact = byName.get(name);
  if (exact !== undefined) return exact;
  const model = snapshot.exec(name)?.[1];
  return model !== undefined && dated.has(model) ? byName.get(model) : undefined;
}
