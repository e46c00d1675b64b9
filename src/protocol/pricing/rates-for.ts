import { dearerRates, type ModelPrice, type PriceBand, type TokenRates } from './model-price';
import { type BilledTier } from './service-tier';

/** The rates of one request. */
export interface ChosenRates {
  readonly rates: TokenRates;
  /** False when the tier has no price that anybody told, and a dearer or equal one stands in. */
  readonly isTold: boolean;
}

/** The dearest ratio of fast to standard prices that any list has (gpt-5.5), as a fraction. */
const fastTimes = 5;
const fastOver = 2;

/** The band of the whole question, then the tier in it. @param inputTokens cached and written ones included. */
export function ratesFor(price: ModelPrice, { tier, isListed }: BilledTier, inputTokens: number): ChosenRates {
  const band = bandFor(price, inputTokens);
  const own = band[tier];
  if (own !== undefined) return { rates: own, isTold: isListed };
  // What operators set themselves, and nothing at all, is meant for every tier.
  if (price.source === 'deployment' || price.source === 'settings' || price.source === 'zero') {
    return { rates: band.standard, isTold: true };
  }
  if (tier !== 'priority') return { rates: band.standard, isTold: false };
  const short = price.bands.at(-1)?.priority;
  return { rates: short === undefined ? fast(band.standard) : dearerRates(short, band.standard), isTold: false };
}

function bandFor({ bands }: ModelPrice, inputTokens: number): PriceBand {
  const band = bands.find(({ aboveTokens }) => inputTokens > aboveTokens);
  if (band === undefined) throw new Error('a price without a band for short questions');
  return band;
}

function fast(rates: TokenRates): TokenRates {
  const times = (rate: number): number => Math.ceil((rate * fastTimes) / fastOver);
  return {
    input: times(rates.input),
    cachedInput: times(rates.cachedInput),
    cacheWrite: times(rates.cacheWrite),
    output: times(rates.output),
    reasoning: times(rates.reasoning),
  };
}
