import { deltas } from '../simulator/answers';
import { faults } from '../simulator/faults';
import { objectOf } from '../simulator/json';
import { chatBody, post } from '../support/calls';
import { holder, rowsOf, spentBy } from '../support/holders';
import { SuiteBench } from '../support/suite-bench';

/** What one token of question and of answer costs, dollars. */
const low = 'input_cost_per_token: 0.0000001, output_cost_per_token: 0.0000003';
const high = 'input_cost_per_token: 0.00001, output_cost_per_token: 0.00003';
const group = (name: string, upstream: string, prices: string): string =>
  `  - { model_name: ${name}, litellm_params: { model: codex-oauth/${upstream}, ${prices} } }\n`;

/** One model is out, and the other one stands in for it at another price. */
const config = `model_list:
${group('cheap', 'gpt-6.1-sol', low)}${group('dear', 'gpt-5.5', high)}${group('costly', 'gpt-6.1-sol', high)}${group('small', 'gpt-5.5', low)}
router_settings: { num_retries: 0, fallbacks: [{ cheap: [dear] }, { costly: [small] }] }
`;

const bench = new SuiteBench({ config });
const budget = 0.03;

describe('the last of a budget, where another model stands in', () => {
  beforeEach(() => {
    bench.simulator.script.when(({ body }) => objectOf(body)['model'] === 'gpt-6.1-sol', faults.overloaded503);
  });

  it('ends the answer by what a dearer one costs', async () => {
    const own = await holder(bench, { max_budget: budget });
    bench.simulator.script.always(deltas(6_000, 2));
    const { text } = await post(own, '/v1/chat/completions', chatBody({ model: 'cheap', stream: true }));
    expect(text.slice(-400)).toContain('budget_exceeded');
    await rowsOf(bench, own, 1);
    const spend = await spentBy(bench, own);
    expect(spend).toBeGreaterThanOrEqual(budget * 0.99);
    expect(spend).toBeLessThan(budget * 1.1);
  });

  it('does not end the answer of one that costs less', async () => {
    const own = await holder(bench, { max_budget: budget });
    bench.simulator.script.always(deltas(2_000, 2));
    const { text } = await post(own, '/v1/chat/completions', chatBody({ model: 'costly', stream: true }));
    expect(text.slice(-400)).toContain('[DONE]');
  });
});
