import { faults } from '../simulator/faults';
import { objectOf } from '../simulator/json';
import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { readExposition } from '../support/expositions';
import { type Holder, holder, rowsOf, spentBy } from '../support/holders';
import { SuiteBench } from '../support/suite-bench';

/** One model is out; the one that stands in for it has a price, or none that anybody knows. */
const config = `model_list:
  - { model_name: free, litellm_params: { model: codex-oauth/gpt-6.1-sol, input_cost_per_token: 0, output_cost_per_token: 0 } }
  - { model_name: led, litellm_params: { model: codex-oauth/gpt-6.1-sol, input_cost_per_token: 0, output_cost_per_token: 0 } }
  - { model_name: dear, litellm_params: { model: codex-oauth/gpt-5.5 } }
  - { model_name: unpriced, litellm_params: { model: codex-oauth/gpt-of-nobody } }
router_settings: { num_retries: 0, fallbacks: [{ free: [dear] }, { led: [unpriced] }] }
general_settings: { codex_unknown_price: refuse }
`;

const bench = new SuiteBench({ config });
const ask = (own: Holder, model: string): Promise<ReadAnswer> => post(own, '/v1/chat/completions', chatBody({ model }));
const asked = (): readonly unknown[] =>
  bench.simulator.seen.flatMap(({ path, body }) => (path.endsWith('/responses') ? [objectOf(body)['model']] : []));

describe('a model that stands in for one that costs nothing', () => {
  beforeEach(() => {
    bench.simulator.script.when(({ body }) => objectOf(body)['model'] === 'gpt-6.1-sol', faults.overloaded503);
  });

  it('is paid from the budget', async () => {
    const own = await holder(bench, { max_budget: 1 });
    expect((await ask(own, 'free')).status).toBe(200);
    expect(asked()).toEqual(['gpt-6.1-sol', 'gpt-5.5']);
    await rowsOf(bench, own, 1);
    const { series } = readExposition((await send(bench, '/metrics')).text);
    const left = series.find(
      ({ name, labels }) => name === 'litellm_remaining_api_key_budget_metric' && labels['hashed_api_key'] === own.id,
    );
    expect(left?.value).toBeCloseTo(1 - (await spentBy(bench, own)), 9);
  });

  it('is not asked when the budget is spent', async () => {
    const own = await holder(bench, { max_budget: 0.0000001 });
    const told = await ask(own, 'free');
    expect([told.status, told.text]).toEqual([503, expect.stringContaining('dear (Budget has been exceeded!')]);
    expect(asked()).toEqual(['gpt-6.1-sol']);
  });

  it('is not asked when nobody knows its price and that is refused', async () => {
    const own = await holder(bench, {});
    const told = await ask(own, 'led');
    expect([told.status, told.text]).toEqual([503, expect.stringContaining("'unpriced' has no known price")]);
    expect(asked()).toEqual(['gpt-6.1-sol']);
  });
});
