/**
 * Money is whole numbers: prices are pico-dollars per token, the parts of one request are summed in pico-dollars and
 * rounded up once to nano-dollars. 2^53 nano-dollars are nine million dollars.
 */

/** Pico-dollars in a nano-dollar. */
const picosPerNano = 1_000;
const nanosPerDollar = 1_000_000_000;

/** Rounded up: a request that cost something never costs nothing. */
export function nanosFromPicos(picos: number): number {
  return Math.ceil(picos / picosPerNano);
}

/** Dollars as people write them (`12.5`) → nano-dollars, rounded to the nearest. */
export function nanosFromDollars(dollars: number): number {
  return Math.round(dollars * nanosPerDollar);
}

/** Nano-dollars → dollars, for APIs that speak dollars. */
export function dollarsFromNanos(nanos: number): number {
  return nanos / nanosPerDollar;
}
