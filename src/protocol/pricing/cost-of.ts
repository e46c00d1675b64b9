import { nanosFromPicos } from '../../kernel/money';
import { type TokenUsage } from '../../kernel/usage';
import { type ModelPrice, type TokenRates } from './model-price';
import { ratesFor } from './rates-for';
import { type BilledTier } from './service-tier';

/** What the operator takes off list prices and puts on top. Parts per million, so that nothing is ever a fraction. */
export interface PriceAdjustment {
  /** 0 to 1 000 000. */
  readonly discountPpm: number;
  /** Of what is left after the discount. */
  readonly marginPpm: number;
  /** On every request that costs something. Nano-dollars. */
  readonly marginFixedNanos: number;
}

/** Nothing off, nothing on top. */
export const noAdjustment: PriceAdjustment = { discountPpm: 0, marginPpm: 0, marginFixedNanos: 0 };

/** What a request costs and how that came about. Whole nano-dollars. */
export interface Cost {
  /** Rounded up once, from the exact sum in pico-dollars. */
  readonly nanos: number;
  /** What the cached input tokens would have cost more as others, before discount and margin; rounded down. */
  readonly cacheSavedNanos: number;
  readonly parts: CostBreakdown;
}

/** Nano-dollars, each rounded down, so that the five kinds of token never add up to more than the request cost. */
export interface CostBreakdown {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
  readonly discount: number;
  readonly margin: number;
  /** A `PriceSource`, with `:tier_estimated` behind it when the billed tier has no price that anybody told. */
  readonly priceSource: string;
}

const million = 1_000_000n;
/** Pico-dollars times two factors in parts per million. */
const scale = million * million;

/**
 * The one place where tokens become money, for every dialect and for streams as for whole answers.
 *
 * Exact: whole numbers of any size, rounded once. Cached and written tokens are taken out of the input and reasoning out
 * of the output; parts that claim more than their whole are cut to it.
 */
export function costOf(
  usage: TokenUsage,
  tier: BilledTier,
  price: ModelPrice,
  adjustment: PriceAdjustment = noAdjustment,
): Cost {
  const { rates, isTold } = ratesFor(price, tier, tokens(usage.inputTokens));
  const priceSource = isTold ? price.source : `${price.source}:tier_estimated`;
  const counts = countsOf(usage);
  return small(counts, rates, adjustment, priceSource) ?? exact(counts, rates, adjustment, priceSource);
}

/** Whether list prices are what is paid. */
function isPlain({ discountPpm, marginPpm, marginFixedNanos }: PriceAdjustment): boolean {
  return discountPpm === 0 && marginPpm === 0 && marginFixedNanos === 0;
}

/**
 * The same as `exact` in plain numbers, which is several times faster: for requests at list prices whose pico-dollars a
 * double holds exactly, up to nine thousand dollars. @returns undefined for all others.
 */
function small(counts: Counts, rates: TokenRates, adjustment: PriceAdjustment, priceSource: string): Cost | undefined {
  const input = counts.input * rates.input;
  const cachedInput = counts.cached * rates.cachedInput;
  const cacheWrite = counts.written * rates.cacheWrite;
  const output = counts.output * rates.output;
  const reasoning = counts.reasoning * rates.reasoning;
  // A sum that is safe has only safe parts, since none is below zero.
  const list = input + cachedInput + cacheWrite + output + reasoning;
  const saved = counts.cached * Math.max(0, rates.input - rates.cachedInput);
  if (!isPlain(adjustment) || !Number.isSafeInteger(list) || !Number.isSafeInteger(saved)) return undefined;
  return {
    nanos: ceilSmall(list),
    cacheSavedNanos: floorSmall(saved),
    parts: {
      input: floorSmall(input),
      cachedInput: floorSmall(cachedInput),
      cacheWrite: floorSmall(cacheWrite),
      output: floorSmall(output),
      reasoning: floorSmall(reasoning),
      discount: 0,
      margin: 0,
      priceSource,
    },
  };
}

function exact(counts: Counts, rates: TokenRates, adjustment: PriceAdjustment, priceSource: string): Cost {
  const parts = pricedParts(counts, rates);
  const list = parts.input + parts.cachedInput + parts.cacheWrite + parts.output + parts.reasoning;
  const { sum, discount, margin } = adjusted(list, adjustment);
  return {
    nanos: nanosFromPicos(sum, scale),
    cacheSavedNanos: floorNanos(savedByCache(counts, rates)),
    parts: {
      input: floorNanos(parts.input),
      cachedInput: floorNanos(parts.cachedInput),
      cacheWrite: floorNanos(parts.cacheWrite),
      output: floorNanos(parts.output),
      reasoning: floorNanos(parts.reasoning),
      discount: floorNanos(discount / scale),
      margin: floorNanos(margin / scale),
      priceSource,
    },
  };
}

/**
 * What to set aside for a request of which only lengths are guessed: every input token at the dearer of the input and
 * cache-write rates, every output token at the dearer of the output and reasoning rates. Never less than `costOf` of a
 * usage with at most as many tokens. Nano-dollars.
 */
export function holdNanos(
  tokensIn: number,
  tokensOut: number,
  price: ModelPrice,
  how: { readonly tier: BilledTier; readonly adjustment?: PriceAdjustment },
): number {
  const { rates } = ratesFor(price, how.tier, tokens(tokensIn));
  const adjustment = how.adjustment ?? noAdjustment;
  const dearestInput = Math.max(rates.input, rates.cachedInput, rates.cacheWrite);
  const dearestOutput = Math.max(rates.output, rates.reasoning);
  const picos = tokens(tokensIn) * dearestInput + tokens(tokensOut) * dearestOutput;
  if (isPlain(adjustment) && Number.isSafeInteger(picos)) return ceilSmall(picos);
  const list = BigInt(tokens(tokensIn)) * BigInt(dearestInput) + BigInt(tokens(tokensOut)) * BigInt(dearestOutput);
  return nanosFromPicos(adjusted(list, adjustment).sum, scale);
}

interface PicoParts {
  readonly input: bigint;
  readonly cachedInput: bigint;
  readonly cacheWrite: bigint;
  readonly output: bigint;
  readonly reasoning: bigint;
}

/** Tokens apart by what they cost; together they are those of the request. */
interface Counts {
  readonly input: number;
  readonly cached: number;
  readonly written: number;
  readonly output: number;
  readonly reasoning: number;
}

function countsOf(usage: TokenUsage): Counts {
  const input = tokens(usage.inputTokens);
  const cached = Math.min(tokens(usage.cachedInputTokens), input);
  const written = Math.min(tokens(usage.cacheWriteTokens), input - cached);
  const output = tokens(usage.outputTokens);
  const reasoning = Math.min(tokens(usage.reasoningTokens), output);
  return { input: input - cached - written, cached, written, output: output - reasoning, reasoning };
}

/** Big integers: a million tokens at a hundredth of a dollar each are already more pico-dollars than a double holds. */
function pricedParts(counts: Counts, rates: TokenRates): PicoParts {
  return {
    input: BigInt(counts.input) * BigInt(rates.input),
    cachedInput: BigInt(counts.cached) * BigInt(rates.cachedInput),
    cacheWrite: BigInt(counts.written) * BigInt(rates.cacheWrite),
    output: BigInt(counts.output) * BigInt(rates.output),
    reasoning: BigInt(counts.reasoning) * BigInt(rates.reasoning),
  };
}

function savedByCache({ cached }: Counts, rates: TokenRates): bigint {
  return BigInt(cached) * BigInt(Math.max(0, rates.input - rates.cachedInput));
}

interface Adjusted {
  /** All three in pico-dollars times `scale`. */
  readonly sum: bigint;
  readonly discount: bigint;
  readonly margin: bigint;
}

/** First the discount, then the margin on what is left. */
function adjusted(list: bigint, { discountPpm, marginPpm, marginFixedNanos }: PriceAdjustment): Adjusted {
  if (list === 0n) return { sum: 0n, discount: 0n, margin: 0n };
  const discount = list * BigInt(discountPpm) * million;
  const kept = list * (million - BigInt(discountPpm));
  const margin = kept * BigInt(marginPpm) + BigInt(marginFixedNanos) * 1_000n * scale;
  return { sum: kept * million + margin, discount, margin };
}

/** A count that is no whole number of 0 or more is none at all. */
function tokens(count: number): number {
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

function floorNanos(picos: bigint): number {
  return Number(picos / 1_000n);
}

/** Whole nano-dollars of pico-dollars that are a safe integer. */
function floorSmall(picos: number): number {
  return (picos - (picos % 1_000)) / 1_000;
}

/** Rounded up, as `nanosFromPicos` does. */
function ceilSmall(picos: number): number {
  return floorSmall(picos) + (picos % 1_000 === 0 ? 0 : 1);
}
