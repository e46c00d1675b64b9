import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { costOf } from '../protocol/pricing/cost-of';
import { type ModelPrice, type PriceBand, type Tier, type TokenRates } from '../protocol/pricing/model-price';
import { readPriceTable } from '../protocol/pricing/price-table';
import { readBundledPrices } from './bundled-prices';

const table = readBundledPrices();
const prices = [...new Set(table.byName.values())];

function bandsOf(name: string): readonly PriceBand[] {
  return table.byName.get(name)?.bands ?? [];
}

function dollarsPerMillion(name: string, tier: Tier, long = false): readonly (number | undefined)[] {
  const band = bandsOf(name).at(long ? 0 : -1);
  const rates = band?.[tier];
  return [rates?.input, rates?.cachedInput, rates?.output].map((rate) => (rate ?? 0) / 1e6);
}

const kinds: readonly (keyof TokenRates)[] = ['input', 'cachedInput', 'cacheWrite', 'output', 'reasoning'];

describe('the bundled price list', () => {
  it('has the list prices of the current models', () => {
    expect(dollarsPerMillion('gpt-5.5', 'standard')).toEqual([5, 0.5, 30]);
    expect(dollarsPerMillion('gpt-5.5', 'priority')).toEqual([12.5, 1.25, 75]);
    expect(dollarsPerMillion('gpt-5.5', 'standard', true)).toEqual([10, 1, 45]);
    expect(dollarsPerMillion('gpt-5.6-sol', 'standard')).toEqual([4, 0.4, 20]);
    expect(dollarsPerMillion('gpt-6.1-sol', 'standard')).toEqual([2, 0.1, 10]);
    expect(dollarsPerMillion('gpt-6.1-sol', 'priority', true)).toEqual([8, 0.4, 30]);
    expect(dollarsPerMillion('gpt-6-astra', 'flex')).toEqual([5, 0.5, 25]);
    expect(dollarsPerMillion('gpt-5.3-codex', 'standard')).toEqual([1.75, 0.175, 14]);
    expect(bandsOf('gpt-6-luna').at(-1)?.standard.cacheWrite).toBe(125_000);
  });

  it('says of every price where it is from and of which day', () => {
    const text = readFileSync(join(__dirname, 'list-prices.json'), 'utf8');
    const { models } = JSON.parse(text) as { models: { name: string; source?: string; date?: string }[] };

    expect(models.length).toBeGreaterThan(30);
    expect(models.filter(({ source, date }) => source === undefined || date === undefined)).toEqual([]);
    expect(table.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('does not guess a price that nobody has told', () => {
    expect(table.byName.get('gpt-6.1-terra')).toBeUndefined();
    expect(table.byName.get('gpt-5.7')).toBeUndefined();
  });

  it('never makes a longer question or a faster tier cheaper, nor a cached token dearer than a plain one', () => {
    const cheaper = (rates: TokenRates, than: TokenRates): boolean => kinds.some((kind) => rates[kind] < than[kind]);
    for (const { bands, name } of prices) {
      const short = bands.at(-1);
      for (const band of bands) {
        const tiers = [band.standard, ...(band.priority === undefined ? [] : [band.priority])];
        const wrong =
          short === undefined ||
          tiers.some((rates) => cheaper(rates, short.standard)) ||
          (band.flex !== undefined && cheaper(band.standard, band.flex)) ||
          tiers.some((rates) => rates.cachedInput > rates.input || rates.cacheWrite < rates.input);
        expect(wrong ? name : '').toBe('');
      }
    }
  });

  it('has a dearest price that no listed price beats, and one for what a plan serves', () => {
    const costUnder = (price: ModelPrice, inputTokens: number): number => {
      const output = { outputTokens: 1_000, reasoningTokens: 500 };
      const usage = { inputTokens, cachedInputTokens: 0, cacheWriteTokens: 0, ...output };
      return costOf(usage, { tier: 'standard', isListed: true }, price).nanos;
    };
    const plans = ['gpt-6-astra', 'gpt-5.6-cyber', 'gpt-5.5'].flatMap((name) => table.byName.get(name) ?? []);
    for (const tokens of [1_000, 300_000]) {
      const most = (of: readonly ModelPrice[]): number => Math.max(...of.map((price) => costUnder(price, tokens)));
      expect(costUnder(table.dearest.all, tokens)).toBeGreaterThanOrEqual(most(prices));
      expect(costUnder(table.dearest.codex, tokens)).toBeGreaterThanOrEqual(most(plans));
      expect(costUnder(table.dearest.codex, tokens)).toBeLessThan(costUnder(table.dearest.all, tokens));
    }
  });
});

describe('a price table that is damaged', () => {
  const model = { name: 'm', source: 's', date: '2026-01-02', standard: { input: 1, output: 2 } };
  const whole = { date: '2026-01-02', models: [model] };

  it.each([
    ['is no object', 'prices'],
    ['has no models', { ...whole, models: [] }],
    ['lacks an output price', { ...whole, models: [{ ...model, standard: { input: 1 } }] }],
    ['has a fraction of a pico-dollar', { ...whole, models: [{ ...model, standard: { input: 1.5, output: 2 } }] }],
    ['has a negative price', { ...whole, models: [{ ...model, standard: { input: -1, output: 2 } }] }],
    ['has a price as text', { ...whole, models: [{ ...model, standard: { input: '1', output: 2 } }] }],
    ['has a key nobody knows', { ...whole, models: [{ ...model, prioritty: { input: 1, output: 2 } }] }],
    ['names a model twice', { ...whole, models: [model, { ...model, name: 'n', aliases: ['m'] }] }],
    ['has no date', { models: [model] }],
  ])('is refused as a whole when it %s', (_, json) => {
    expect(() => readPriceTable(json)).toThrow(/^the price table cannot be used: /);
  });

  it('is used when it is sound', () => {
    expect(readPriceTable(whole).byName.get('m')?.bands).toEqual([
      { aboveTokens: -1, standard: { input: 1, cachedInput: 1, cacheWrite: 1, output: 2, reasoning: 2 } },
    ]);
  });
});
