import { type TokenUsage } from '../../kernel/usage';
import { costOf, noAdjustment } from './cost-of';
import { fullRates, type ModelPrice, type TokenRates } from './model-price';
import { billedTier, type BilledTier } from './service-tier';

const standard: BilledTier = { tier: 'standard', isListed: true };
const priority: BilledTier = { tier: 'priority', isListed: true };
const sol: TokenRates = fullRates({
  input: 2_000_000,
  cachedInput: 100_000,
  cacheWrite: 2_500_000,
  output: 10_000_000,
});

/** A million tokens of one kind. */
const million = 1_000_000;

function priceOf(rates: TokenRates, more: Partial<ModelPrice> = {}): ModelPrice {
  return { source: 'list', name: 'm', bands: [{ aboveTokens: -1, standard: rates }], ...more };
}

function usage(parts: Partial<TokenUsage>): TokenUsage {
  return { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0, ...parts };
}

describe('the cost of a request', () => {
  it('takes cached and written tokens out of the input and reasoning out of the output', () => {
    const price = priceOf({ ...sol, reasoning: 20_000_000 });
    const asked = usage({
      inputTokens: 1_000,
      cachedInputTokens: 600,
      cacheWriteTokens: 100,
      outputTokens: 50,
      reasoningTokens: 20,
    });

    const { nanos, parts } = costOf(asked, standard, price);

    // 300 x 2 + 600 x 0.1 + 100 x 2.5 + 30 x 10 + 20 x 20 dollars per million
    expect(nanos).toBe(600_000 + 60_000 + 250_000 + 300_000 + 400_000);
    expect(parts).toEqual({
      input: 600_000,
      cachedInput: 60_000,
      cacheWrite: 250_000,
      output: 300_000,
      reasoning: 400_000,
      discount: 0,
      margin: 0,
      priceSource: 'list',
    });
  });

  it('says what cached tokens would have cost more, however they claim more than their whole', () => {
    const of = (parts: Partial<TokenUsage>): number => costOf(usage(parts), standard, priceOf(sol)).cacheSavedNanos;
    // 600 x (2 - 0.1) dollars per million
    expect(of({ inputTokens: 1_000, cachedInputTokens: 600 })).toBe(1_140_000);
    expect(of({ inputTokens: 100, cachedInputTokens: 600 })).toBe(190_000);
    expect(of({ inputTokens: 1_000 })).toBe(0);
    const dearCache = priceOf(fullRates({ input: 1, cachedInput: 5, cacheWrite: 1, output: 1 }));
    expect(costOf(usage({ inputTokens: 9, cachedInputTokens: 9 }), standard, dearCache).cacheSavedNanos).toBe(0);
  });

  it('is rounded up once, so that something never costs nothing', () => {
    const cheap = priceOf(fullRates({ input: 1, output: 1 }));

    expect(costOf(usage({ inputTokens: 1, outputTokens: 1 }), standard, cheap).nanos).toBe(1);
    expect(costOf(usage({ inputTokens: 1_500, outputTokens: 500 }), standard, cheap).nanos).toBe(2);
    expect(costOf(usage({}), standard, cheap).nanos).toBe(0);
  });

  it('is exact where a double is not', () => {
    const dear = priceOf(fullRates({ input: 999_999_999_999, output: 1 }));

    expect(costOf(usage({ inputTokens: 9_007_199 }), standard, dear).nanos).toBe(9_007_198_999_990_993);
    expect(costOf(usage({ inputTokens: 3 }), standard, priceOf(fullRates({ input: 1_100_000, output: 0 }))).nanos).toBe(
      3_300,
    );
  });

  it('cuts parts that claim more than their whole', () => {
    const told = usage({
      inputTokens: 10,
      cachedInputTokens: 99,
      cacheWriteTokens: 99,
      outputTokens: 5,
      reasoningTokens: 7,
    });

    expect(costOf(told, standard, priceOf(sol))).toEqual(
      costOf(
        usage({ inputTokens: 10, cachedInputTokens: 10, outputTokens: 5, reasoningTokens: 5 }),
        standard,
        priceOf(sol),
      ),
    );
  });

  it('counts what is no count as none', () => {
    const told = usage({
      inputTokens: Number.NaN,
      outputTokens: -4,
      reasoningTokens: 1.5,
      cachedInputTokens: Infinity,
    });

    expect(costOf(told, standard, priceOf(sol)).nanos).toBe(0);
  });

  it('charges the whole request at the long rates once its input is past the threshold', () => {
    const price: ModelPrice = {
      source: 'list',
      name: 'm',
      bands: [
        { aboveTokens: 272_000, standard: fullRates({ input: 4_000_000, output: 15_000_000 }) },
        { aboveTokens: -1, standard: fullRates({ input: 2_000_000, output: 10_000_000 }) },
      ],
    };

    expect(costOf(usage({ inputTokens: 272_000, outputTokens: 1 }), standard, price).nanos).toBe(544_010_000);
    expect(costOf(usage({ inputTokens: 272_001, outputTokens: 1 }), standard, price).nanos).toBe(1_088_019_000);
  });

  it('takes the discount first, then adds the margin to what is left', () => {
    const adjusted = { discountPpm: 100_000, marginPpm: 200_000, marginFixedNanos: 7 };
    const { nanos, parts } = costOf(usage({ inputTokens: million }), standard, priceOf(sol), adjusted);

    expect(nanos).toBe(2_000_000_000 * 0.9 * 1.2 + 7);
    expect(parts).toMatchObject({ input: 2_000_000_000, discount: 200_000_000, margin: 360_000_007 });
  });

  it('adds no fixed margin to a request that used nothing', () => {
    expect(costOf(usage({}), standard, priceOf(sol), { ...noAdjustment, marginFixedNanos: 500 }).nanos).toBe(0);
  });
});

describe('the tier that is billed', () => {
  const withFast = priceOf(sol, {
    bands: [
      { aboveTokens: 100, standard: fullRates({ input: 9_000_000, output: 9_000_000 }) },
      { aboveTokens: -1, standard: sol, priority: fullRates({ input: 4_000_000, output: 20_000_000 }) },
    ],
  });

  it('is the one the response names, else the one that was asked for', () => {
    expect(billedTier({ requested: 'priority', actual: 'default' })).toEqual(standard);
    expect(billedTier({ requested: 'default', actual: 'priority' })).toEqual(priority);
    expect(billedTier({ requested: 'fast' })).toEqual(priority);
    expect(billedTier({ actual: 'flex' })).toEqual({ tier: 'flex', isListed: true });
    expect(billedTier({})).toEqual(standard);
  });

  it('is the dearest one for a word that no list knows, and says so', () => {
    expect(billedTier({ actual: 'ultrafast' })).toEqual({ tier: 'priority', isListed: false });
    const { parts } = costOf(usage({ inputTokens: 10 }), billedTier({ actual: 'ultrafast' }), withFast);
    expect(parts.priceSource).toBe('list:tier_estimated');
  });

  it('has its own rates where the list has them', () => {
    const cost = costOf(usage({ inputTokens: 10, outputTokens: 1 }), priority, withFast);

    expect(cost.nanos).toBe(60_000);
    expect(cost.parts.priceSource).toBe('list');
  });

  it('costs the dearer of fast and long where nobody offers both', () => {
    const cost = costOf(usage({ inputTokens: 200, outputTokens: 1 }), priority, withFast);

    expect(cost.nanos).toBe(200 * 9_000 + 20_000);
    expect(cost.parts.priceSource).toBe('list:tier_estimated');
  });

  it('costs the dearest known ratio where a list has no fast price at all', () => {
    const cost = costOf(usage({ outputTokens: 1 }), priority, priceOf(sol));

    expect(cost.nanos).toBe(25_000);
    expect(cost.parts.priceSource).toBe('list:tier_estimated');
  });

  it('costs what the operator wrote down, whatever the tier', () => {
    const own = costOf(usage({ outputTokens: 1 }), priority, priceOf(sol, { source: 'deployment' }));

    expect(own.nanos).toBe(10_000);
    expect(own.parts.priceSource).toBe('deployment');
  });
});
