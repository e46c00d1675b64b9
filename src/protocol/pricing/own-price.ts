import { bandOf, fullRates, type ModelPrice, type PriceBand, type Tier, type TokenRates } from './model-price';

/** One rate each; a missing one is taken from elsewhere. Pico-dollars per token. */
export type OwnRates = Readonly<Partial<Record<keyof TokenRates, number>>>;

/** Prices an operator wrote down, in LiteLLM's keys. */
export interface OwnPrice {
  readonly source: 'deployment' | 'settings';
  /** By threshold in tokens (-1: every length) and tier. */
  readonly bands: ReadonlyMap<number, Readonly<Partial<Record<Tier, OwnRates>>>>;
}

/** A price key that cannot be meant so. */
export interface PriceFault {
  readonly key: string;
  /** Half a sentence. */
  readonly message: string;
}

/** What the price keys of a map say. */
export interface OwnPriceReading {
  /** Undefined when there is no price key at all. */
  readonly price: OwnPrice | undefined;
  readonly faults: readonly PriceFault[];
}

interface PriceKey {
  readonly kind: keyof TokenRates;
  readonly tokensPerUnit: number;
  readonly aboveTokens: number;
  readonly tier: Tier;
}

const picosPerDollar = 1e12;
/** A cent for one token: no model costs so much, but many cost so much for a thousand. */
const suspiciousDollars = 0.01;
/** Beyond this a price is no price, and no longer a whole number that a double holds. */
const mostDollars = 1_000;

const kinds: ReadonlyMap<string, { readonly kind: keyof TokenRates; readonly tokensPerUnit: number }> = new Map([
  ['input_cost_per_token', { kind: 'input', tokensPerUnit: 1 }],
  ['output_cost_per_token', { kind: 'output', tokensPerUnit: 1 }],
  ['cache_read_input_token_cost', { kind: 'cachedInput', tokensPerUnit: 1 }],
  ['cache_creation_input_token_cost', { kind: 'cacheWrite', tokensPerUnit: 1 }],
  ['output_cost_per_reasoning_token', { kind: 'reasoning', tokensPerUnit: 1 }],
  ['input_cost_per_million_tokens', { kind: 'input', tokensPerUnit: 1e6 }],
  ['output_cost_per_million_tokens', { kind: 'output', tokensPerUnit: 1e6 }],
  ['cache_read_input_cost_per_million_tokens', { kind: 'cachedInput', tokensPerUnit: 1e6 }],
  ['cache_creation_input_cost_per_million_tokens', { kind: 'cacheWrite', tokensPerUnit: 1e6 }],
  ['output_cost_per_million_reasoning_tokens', { kind: 'reasoning', tokensPerUnit: 1e6 }],
]);
const keyShape = /^(?<base>[a-z_]+?)(?:_above_(?<thousands>\d{1,5})k_tokens)?(?:_(?<tier>priority|flex))?$/;

/** Whether a key of `litellm_params`, `model_info` or `codex_model_prices` is a price that is acted on. */
export function isPriceKey(name: string): boolean {
  return keyOf(name) !== undefined;
}

/** Reads the price keys among others. Numbers may be texts, as `os.environ/` gives them; null counts as absent. */
export function readOwnPrice(values: Readonly<Record<string, unknown>>, source: OwnPrice['source']): OwnPriceReading {
  const bands = new Map<number, Partial<Record<Tier, Partial<Record<keyof TokenRates, number>>>>>();
  const faults: PriceFault[] = [];
  for (const [name, value] of Object.entries(values)) {
    const key = keyOf(name);
    if (key === undefined || value === null || value === undefined) continue;
    const picos = picosIn(value, key.tokensPerUnit);
    if (picos === undefined) {
      faults.push({ key: name, message: `must be a price in dollars, at most ${mostDollars} for one token` });
      continue;
    }
    const band = bands.get(key.aboveTokens) ?? {};
    bands.set(key.aboveTokens, { ...band, [key.tier]: { ...band[key.tier], [key.kind]: picos } });
  }
  return { price: bands.size === 0 ? undefined : { source, bands }, faults };
}

/** The dearest rate in dollars per token when it is likely a slip of the unit; undefined when all rates are sensible. */
export function suspiciousRate({ bands }: OwnPrice): number | undefined {
  const rates = [...bands.values()].flatMap((band) => Object.values(band).flatMap((tier) => Object.values(tier)));
  const dollars = Math.max(0, ...rates) / picosPerDollar;
  return dollars > suspiciousDollars ? dollars : undefined;
}

/**
 * An operator's price with its gaps filled: input and output that were not written down come from `rest`, other rates from
 * the rate they are a part of; longer questions and other tiers without a rate cost what short ones of the standard tier do.
 */
export function completePrice(own: OwnPrice, rest: () => ModelPrice): ModelPrice {
  const written = own.bands.get(-1)?.standard ?? {};
  const fallback = written.input === undefined || written.output === undefined ? rest() : undefined;
  const standard = filled(written, fallback?.bands.at(-1)?.standard);
  const thresholds = [...new Set([-1, ...own.bands.keys()])].sort((left, right) => right - left);
  const bands = thresholds.map((aboveTokens) => bandOver(standard, aboveTokens, own.bands.get(aboveTokens) ?? {}));
  // Half a price beside a model that nobody knows is still a guess.
  const source = fallback?.source === 'dearest' ? fallback.source : own.source;
  return { source, name: fallback?.name ?? '', bands };
}

/** The rest of an input price counts only together with that price, and the same for output. */
function filled(written: OwnRates, rest: TokenRates = fullRates({ input: 0, output: 0 })): TokenRates {
  const { input, output } = written;
  const { cachedInput, cacheWrite } = rest;
  const inputParts = input === undefined ? { input: rest.input, cachedInput, cacheWrite } : { input };
  const outputParts = output === undefined ? { output: rest.output, reasoning: rest.reasoning } : { output };
  return fullRates({ ...inputParts, ...outputParts, ...written });
}

function bandOver(base: TokenRates, aboveTokens: number, own: Readonly<Partial<Record<Tier, OwnRates>>>): PriceBand {
  const standard = aboveTokens === -1 ? base : over(base, own.standard ?? {});
  return bandOf(aboveTokens, {
    standard,
    priority: own.priority === undefined ? undefined : over(standard, own.priority),
    flex: own.flex === undefined ? undefined : over(standard, own.flex),
  });
}

/** A dearer whole makes its parts dearer in the same ratio unless they say otherwise: the part of a part is never guessed lower. */
function over(base: TokenRates, own: OwnRates): TokenRates {
  const input = own.input ?? base.input;
  const output = own.output ?? base.output;
  return {
    input,
    cachedInput: own.cachedInput ?? scaled(base.cachedInput, input, base.input),
    cacheWrite: own.cacheWrite ?? scaled(base.cacheWrite, input, base.input),
    output,
    reasoning: own.reasoning ?? scaled(base.reasoning, output, base.output),
  };
}

function scaled(part: number, whole: number, baseWhole: number): number {
  return baseWhole === 0 ? Math.max(part, whole) : Math.ceil((part * whole) / baseWhole);
}

function keyOf(name: string): PriceKey | undefined {
  const groups = keyShape.exec(name)?.groups;
  const known = kinds.get(groups?.['base'] ?? '');
  if (groups === undefined || known === undefined) return undefined;
  const thousands = groups['thousands'];
  const tier = groups['tier'];
  return {
    ...known,
    aboveTokens: thousands === undefined ? -1 : Number(thousands) * 1_000,
    tier: tier === 'priority' || tier === 'flex' ? tier : 'standard',
  };
}

/** Rounds the one decimal number a person typed; everything after it is whole numbers. */
function picosIn(value: unknown, tokensPerUnit: number): number | undefined {
  const dollars = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof dollars !== 'number' || !Number.isFinite(dollars) || dollars < 0) return undefined;
  const picos = Math.round((dollars * picosPerDollar) / tokensPerUnit);
  return picos <= mostDollars * picosPerDollar ? picos : undefined;
}
