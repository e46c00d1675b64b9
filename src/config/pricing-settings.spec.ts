import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFault } from './config-fault';
import { checkConfig } from './check-config';
import { loadSettings } from './load-settings';
import { type Settings } from './settings';

const folder = mkdtempSync(join(tmpdir(), 'pricing-settings-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function load(yaml: string): Settings {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, yaml);
  const env = { GATEWAY_MASTER_KEY: 'sk-a-master-key-of-the-suite' };
  return loadSettings({ argv: ['--config', path], env, cwd: folder, homeDir: folder });
}

const deployment = (params: string, info = ''): string => `
model_list:
  - model_name: m
    litellm_params:
      model: codex/gpt-5.5
      ${params}
    model_info:
      mode: responses
      ${info}
`;

describe('pricing settings', () => {
  it('price a subscription at list prices and unknown models as the dearest, unless told otherwise', () => {
    const { pricing } = load('general_settings: {}');

    expect(pricing).toMatchObject({
      codexPricing: 'api_equivalent',
      unknownPrice: 'dearest',
      includeCostInStreamingUsage: false,
      budgetStatus: 429,
    });
    expect(pricing.adjustments.size).toBe(0);
  });

  it('are read from the top, general_settings and litellm_settings', () => {
    const { pricing, warnings } = load(`
codex_pricing: zero
general_settings:
  litellm_compat: { budget_status: 422 }
  codex_unknown_price: refuse
litellm_settings:
  codex_pricing: api_equivalent
  include_cost_in_streaming_usage: true
  cost_discount_config: { chatgpt: 0.05, global: "0.5" }
  cost_margin_config: { openai: { percentage: 0.08, fixed_amount: 0.0005 }, global: 1 }
  codex_model_prices:
    gpt-6.1-terra: { input_cost_per_million_tokens: 2, output_cost_per_million_tokens: 12 }
`);

    expect(pricing).toMatchObject({
      codexPricing: 'zero',
      unknownPrice: 'refuse',
      includeCostInStreamingUsage: true,
      budgetStatus: 422,
    });
    expect(pricing.adjustments).toEqual(
      new Map([
        ['codex', { discountPpm: 50_000, marginPpm: 1_000_000, marginFixedNanos: 0 }],
        ['openai', { discountPpm: 500_000, marginPpm: 80_000, marginFixedNanos: 500_000 }],
        ['global', { discountPpm: 500_000, marginPpm: 1_000_000, marginFixedNanos: 0 }],
      ]),
    );
    expect(pricing.ownPrices.get('gpt-6.1-terra')?.bands.get(-1)?.standard).toEqual({ input: 2e6, output: 12e6 });
    expect(warnings).toEqual([]);
  });

  it.each([
    'litellm_settings: { cost_discount_config: { codex: 1.5 } }',
    'litellm_settings: { cost_discount_config: [0.1] }',
    'litellm_settings: { cost_margin_config: { codex: { percent: 3 , fixed_amount: -1 } } }',
    'litellm_settings: { codex_model_prices: { m: { input: 3 } } }',
    'litellm_settings: { codex_model_prices: { m: { input_cost_per_token: -1 } } }',
    'general_settings: { codex_pricing: free }',
    'general_settings: { litellm_compat: { budget_status: 500 } }',
  ])('name the place of what cannot be meant: %s', (yaml) => {
    expect(() => load(yaml)).toThrow(ConfigFault);
    expect(() => load(yaml)).toThrow(/config\.yaml:1/);
  });
});

describe('prices of a deployment', () => {
  it('are taken from litellm_params and model_info, where model_info wins', () => {
    const [read] = load(
      deployment('input_cost_per_token: 0.000002', 'input_cost_per_token: 0.000003\n      base_model: gpt-5.4'),
    ).deployments;

    expect(read?.price?.bands.get(-1)?.standard).toEqual({ input: 3_000_000 });
    expect(read?.baseModel).toBe('gpt-5.4');
  });

  it('leave the deployment out when they are none', () => {
    expect(() => load(deployment('input_cost_per_token: free'))).toThrow(
      /config\.yaml:6 .*input_cost_per_token: must be a price in dollars, at most 1000 for one token/,
    );
  });

  it('are warned of when they were meant per million', () => {
    expect(load(deployment('output_cost_per_token: 30')).warnings.join('\n')).toContain(
      'the price of m is 30 dollars for one token',
    );
  });

  it('are called honoured by check-config, cached and written ones too', () => {
    const text = deployment('cache_read_input_token_cost: 0.0000001', 'output_cost_per_million_tokens: 3');
    const { rows, warnings } = checkConfig({ text, path: 'c.yaml', env: {}, cwd: folder, homeDir: folder });
    const why = (name: string): string | undefined => rows.find(({ key }) => key.endsWith(name))?.why;

    expect(why('cache_read_input_token_cost')).toBe('price of this deployment');
    expect(why('output_cost_per_million_tokens')).toBe('price of this deployment');
    expect(warnings).toEqual([]);
  });
});
