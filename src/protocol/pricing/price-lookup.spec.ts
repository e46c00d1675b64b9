import { readBundledPrices } from '../../config/bundled-prices';
import { costOf } from './cost-of';
import { type OwnPrice, readOwnPrice, suspiciousRate } from './own-price';
import { isUnknown, priceFor, type PriceQuestion, type PricingRules } from './price-lookup';
import { billedTier } from './service-tier';

const rules: PricingRules = {
  table: readBundledPrices(),
  ownPrices: new Map(),
  codexPricing: 'api_equivalent',
  unknownPrice: 'dearest',
  adjustments: new Map(),
};
const asked: PriceQuestion = { provider: 'codex', requestModels: ['gpt-5.5', 'team-default'] };

function own(values: Readonly<Record<string, unknown>>, source: OwnPrice['source'] = 'deployment'): OwnPrice {
  const { price, faults } = readOwnPrice(values, source);
  if (price === undefined || faults.length > 0) throw new Error('no price');
  return price;
}

/** Nano-dollars of a thousand input and a hundred output tokens. */
function costUnder(question: PriceQuestion, by: PricingRules = rules): number {
  const usage = {
    inputTokens: 1_000,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 100,
    reasoningTokens: 0,
  };
  return costOf(usage, billedTier({}), priceFor(by, question)).nanos;
}

describe('the price of a model', () => {
  it('is the deployment’s own before all others', () => {
    const ownPrice = own({ input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 });

    expect(costUnder({ ...asked, ownPrice, baseModel: 'gpt-5.4' })).toBe(1_000_000 + 200_000);
    expect(priceFor(rules, { ...asked, ownPrice }).source).toBe('deployment');
  });

  it('is that of base_model, then of the response, then of the request', () => {
    const responseModel = 'gpt-5.4-mini';
    expect(priceFor(rules, { ...asked, baseModel: 'gpt-5.4', responseModel })).toMatchObject({
      source: 'base_model',
      name: 'gpt-5.4',
    });
    expect(priceFor(rules, { ...asked, baseModel: 'no-such', responseModel })).toMatchObject({
      source: 'list',
      name: 'gpt-5.4-mini',
    });
    expect(priceFor(rules, { ...asked, responseModel: 'no-such' }).name).toBe('gpt-5.5');
    expect(priceFor(rules, asked).name).toBe('gpt-5.5');
  });

  it('is found by documented aliases, a provider prefix and a dated snapshot', () => {
    const nameOf = (model: string): string => priceFor(rules, { provider: 'codex', requestModels: [model] }).name;

    expect(nameOf('gpt-5-codex')).toBe('gpt-5');
    expect(nameOf('openai/gpt-5.5')).toBe('gpt-5.5');
    expect(nameOf('chatgpt/gpt-6-sol')).toBe('gpt-6-sol');
    expect(nameOf('gpt-6-sol-2026-10-01')).toBe('gpt-6-sol');
  });

  it.each(
    [
      'gpt-5.7',
      'gpt-5.5-turbo',
      'gpt-5',
      'gpt-6.1-terra',
      'gpt-4o-2024-05-14',
      'constructor',
      'gpt-5.5-2027-01-01',
    ].filter((name) => name !== 'gpt-5'),
  )('is never guessed by a part of the name: %s costs the dearest rates, flagged', (model) => {
    const price = priceFor(rules, { provider: 'codex', requestModels: [model] });

    expect(price.source).toBe('dearest');
    expect(isUnknown(price)).toBe(true);
    expect(costUnder({ provider: 'codex', requestModels: [model] })).toBeGreaterThan(costUnder(asked));
  });

  it('is nothing for a subscription with codex_pricing zero, and stays what it is elsewhere', () => {
    const free = { ...rules, codexPricing: 'zero' as const };

    expect(costUnder(asked, free)).toBe(0);
    expect(priceFor(free, asked).source).toBe('zero');
    expect(isUnknown(priceFor(free, { ...asked, requestModels: ['gpt-5.7'] }))).toBe(false);
    expect(costUnder({ ...asked, provider: 'openai' }, free)).toBe(costUnder(asked));
    const ownPrice = own({ input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 });
    expect(costUnder({ ...asked, ownPrice }, free)).toBe(1_200_000);
  });

  it('can be set by model name, also for models that no list knows', () => {
    const price = own({ input_cost_per_million_tokens: 2, output_cost_per_million_tokens: 12 }, 'settings');
    const set = { ...rules, ownPrices: new Map([['gpt-6.1-terra', price]]) };

    expect(costUnder({ provider: 'codex', requestModels: ['gpt-6.1-terra'] }, set)).toBe(2_000_000 + 1_200_000);
    expect(priceFor(set, { provider: 'codex', requestModels: ['gpt-6.1-terra'] }).source).toBe('settings');
  });
});

describe('an operator’s price', () => {
  it('may be written per token or per million, as number or as text', () => {
    const perToken = own({ input_cost_per_token: 5e-6, output_cost_per_token: '3e-5' });
    const perMillion = own({ input_cost_per_million_tokens: '5', output_cost_per_million_tokens: 30 });

    expect(costUnder({ ...asked, ownPrice: perToken })).toBe(costUnder({ ...asked, ownPrice: perMillion }));
    expect(costUnder({ ...asked, ownPrice: perToken })).toBe(5_000_000 + 3_000_000);
  });

  it('leaves what it does not say to the list, and the parts of what it says to it', () => {
    const { bands } = priceFor(rules, { ...asked, ownPrice: own({ input_cost_per_million_tokens: 1 }) });

    expect(bands).toEqual([
      {
        aboveTokens: -1,
        standard: { input: 1e6, cachedInput: 1e6, cacheWrite: 1e6, output: 30e6, reasoning: 30e6 },
      },
    ]);
  });

  it('is still flagged as a guess when half of it had to be guessed', () => {
    const half = { ...asked, requestModels: ['gpt-5.7'], ownPrice: own({ input_cost_per_million_tokens: 1 }) };

    expect(priceFor(rules, half).source).toBe('dearest');
  });

  it('has every kind of token, thresholds and tiers in LiteLLM’s keys', () => {
    const { bands } = priceFor(rules, {
      ...asked,
      ownPrice: own({
        input_cost_per_token: 2e-6,
        output_cost_per_token: 10e-6,
        cache_read_input_token_cost: 1e-7,
        cache_creation_input_token_cost: 2.5e-6,
        output_cost_per_reasoning_token: 12e-6,
        input_cost_per_token_priority: 4e-6,
        input_cost_per_token_flex: 1e-6,
        input_cost_per_token_above_272k_tokens: 4e-6,
        output_cost_per_token_above_272k_tokens: 15e-6,
        output_cost_per_token_above_272k_tokens_priority: 30e-6,
        input_cost_per_token_above_128k_tokens: 3e-6,
        max_tokens: 4_096,
        mode: 'responses',
      }),
    });

    expect(bands.map(({ aboveTokens }) => aboveTokens)).toEqual([272_000, 128_000, -1]);
    expect(bands[2]).toEqual({
      aboveTokens: -1,
      standard: { input: 2e6, cachedInput: 1e5, cacheWrite: 2.5e6, output: 10e6, reasoning: 12e6 },
      priority: { input: 4e6, cachedInput: 2e5, cacheWrite: 5e6, output: 10e6, reasoning: 12e6 },
      flex: { input: 1e6, cachedInput: 5e4, cacheWrite: 1.25e6, output: 10e6, reasoning: 12e6 },
    });
    expect(bands[0]?.standard).toEqual({
      input: 4e6,
      cachedInput: 2e5,
      cacheWrite: 5e6,
      output: 15e6,
      reasoning: 18e6,
    });
    expect(bands[0]?.priority?.output).toBe(30e6);
    expect(bands[1]?.standard.input).toBe(3e6);
  });

  it('is told from a slip of the unit', () => {
    expect(suspiciousRate(own({ input_cost_per_token: 5, output_cost_per_token: 30 }))).toBe(30);
    expect(suspiciousRate(own({ input_cost_per_token: 0.01, output_cost_per_token: 0 }))).toBeUndefined();
  });

  it.each([
    ['is negative', -1],
    ['is no number', 'five'],
    ['is empty', ''],
    ['is endless', Infinity],
    ['is more than any price', 1_001],
    ['is a list', [1]],
    ['is a flag', true],
  ])('is refused when it %s', (_, value) => {
    expect(readOwnPrice({ input_cost_per_token: value }, 'deployment').faults).toHaveLength(1);
  });

  it('counts as absent when it is null, and is not looked for in other keys', () => {
    expect(readOwnPrice({ input_cost_per_token: null, max_tokens: 3, cost_per_pixel: 1 }, 'deployment')).toEqual({
      price: undefined,
      faults: [],
    });
  });
});
