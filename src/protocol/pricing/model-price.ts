/** Pico-dollars (1e-12) per token, whole numbers of 0 or more: one dollar per million tokens is 1 000 000. */
export interface TokenRates {
  /** Input that was neither cached nor written to the cache. */
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  /** Output that was no reasoning. */
  readonly output: number;
  readonly reasoning: number;
}

/** The speeds that have prices of their own. */
export type Tier = 'standard' | 'priority' | 'flex';

/** Rates of one length of question. A tier without rates has no price that anybody told. */
export interface PriceBand {
  /** They hold for requests with more input tokens than this, for the whole request; -1 for all of them. */
  readonly aboveTokens: number;
  readonly standard: TokenRates;
  readonly priority?: TokenRates;
  readonly flex?: TokenRates;
}

/**
 * Where a price comes from. `deployment`: the operator's own, on the deployment; `settings`: `codex_model_prices`;
 * `base_model` and `list`: the bundled table, by the deployment's `base_model` or by the model's name; `dearest`: nobody
 * knows the model; `zero`: `codex_pricing: zero`.
 */
export type PriceSource = 'deployment' | 'settings' | 'base_model' | 'list' | 'dearest' | 'zero';

/** What one model costs. */
export interface ModelPrice {
  readonly source: PriceSource;
  /** The name it was found under; empty for `dearest` and `zero`. */
  readonly name: string;
  /** Longest questions first, so that the first band that fits is the right one; the last fits all. */
  readonly bands: readonly PriceBand[];
}

/** Nothing costs anything. */
export const zeroPrice: ModelPrice = {
  source: 'zero',
  name: '',
  bands: [{ aboveTokens: -1, standard: { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 } }],
};

/** Rates as somebody wrote them: what is missing costs what it is a part of. */
export interface WrittenRates {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly reasoning?: number | undefined;
}

/** Cached and written input cost as much as other input, reasoning as much as other output, unless a rate says otherwise. */
export function fullRates({ input, output, cachedInput, cacheWrite, reasoning }: WrittenRates): TokenRates {
  return {
    input,
    cachedInput: cachedInput ?? input,
    cacheWrite: cacheWrite ?? input,
    output,
    reasoning: reasoning ?? output,
  };
}

/** For each kind of token the dearer of the two. */
export function dearerRates(left: TokenRates, right: TokenRates): TokenRates {
  return {
    input: Math.max(left.input, right.input),
    cachedInput: Math.max(left.cachedInput, right.cachedInput),
    cacheWrite: Math.max(left.cacheWrite, right.cacheWrite),
    output: Math.max(left.output, right.output),
    reasoning: Math.max(left.reasoning, right.reasoning),
  };
}

interface TierRates {
  readonly standard: TokenRates;
  readonly priority?: TokenRates | undefined;
  readonly flex?: TokenRates | undefined;
}

/** A band without members that are undefined. */
export function bandOf(aboveTokens: number, { standard, priority, flex }: TierRates): PriceBand {
  return {
    aboveTokens,
    standard,
    ...(priority === undefined ? {} : { priority }),
    ...(flex === undefined ? {} : { flex }),
  };
}
