/**
 * Money is whole numbers: prices are pico-dollars per token, the parts of one request are summed in pico-dollars and
 * rounded up once to nano-dollars. 2^53 nano-dollars are nine million dollars.
 */

/** Pico-dollars in a nano-dollar. */
const picosPerNano = 1_000n;
const nanosPerDollar = 1_000_000_000;

/**
 * Rounded up: a request that cost something never costs nothing.
 *
 * @param scale what `picos` is a multiple of: factors that are still to be divided out before the one rounding.
 */
export function nanosFromPicos(picos: bigint, scale = 1n): number {
  const divisor = picosPerNano * scale;
  return Math.min(Number((picos + divisor - 1n) / divisor), Number.MAX_SAFE_INTEGER);
}

/** Dollars as people write them (`12.5`) → nano-dollars, rounded to the nearest. */
export function nanosFromDollars(dollars: number): number {
  return Math.round(dollars * nanosPerDollar);
}

/** Nano-dollars → dollars, for APIs that speak dollars. */
export function dollarsFromNanos(nanos: number): number {
  return nanos / nanosPerDollar;
}
