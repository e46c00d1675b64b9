import { held, stall } from '../simulator/answer';
import { compaction, reasoningThenText } from '../simulator/answers';
import { chatBody, post } from '../support/calls';
import { endOf, frozen } from '../support/frozen-answer';
import { holder, refusalIn, rowsOf, spentBy } from '../support/holders';
import { SuiteBench } from '../support/suite-bench';

const bench = new SuiteBench();
const older = new SuiteBench({ config: 'general_settings: { litellm_compat: { budget_status: 400 } }\n' });
const budget = 0.006;
const thinking = frozen(reasoningThenText('', 'Nobody waits for this.', {}));
const thinks = stall(thinking, endOf(thinking, 'response.output_item.added'));

describe('a budget that ends a request before its answer has begun', () => {
  it.each([true, false])('is spent on what the model has thought (stream: %s)', async (stream) => {
    const own = await holder(bench, { max_budget: budget });
    bench.simulator.script.always(thinks);
    const told = await post(own, '/v1/chat/completions', chatBody({ stream }));
    expect(refusalIn(told).slice(0, 2)).toEqual([429, 'budget_exceeded']);
    const [row] = await rowsOf(bench, own, 1);
    expect(row).toMatchObject({ status: 'failure', metadata: { codex_gateway: { quality: 'estimated' } } });
    expect(await spentBy(bench, own)).toBeGreaterThanOrEqual(budget * 0.99);
    expect(refusalIn(await post(own, '/v1/chat/completions', chatBody())).slice(0, 2)).toEqual([
      429,
      'budget_exceeded',
    ]);
    expect(bench.simulator.seen.filter(({ path }) => path.endsWith('/responses'))).toHaveLength(1);
  });

  it('is spent on a compaction too', async () => {
    const own = await holder(bench, { max_budget: budget });
    bench.simulator.scripts.compact.always(held(compaction()));
    const body = {
      model: 'gpt-5.5',
      instructions: 'x',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }],
    };
    const told = await post(own, '/v1/responses/compact', body);
    expect(refusalIn(told).slice(0, 2)).toEqual([429, 'budget_exceeded']);
    await rowsOf(bench, own, 1);
    expect(await spentBy(bench, own)).toBeGreaterThanOrEqual(budget * 0.99);
  });

  it('is told with the status that the operator chose for spent budgets', async () => {
    const own = await holder(older, { max_budget: budget });
    older.simulator.script.always(thinks);
    const told = await post(own, '/v1/chat/completions', chatBody());
    expect(refusalIn(told).slice(0, 2)).toEqual([400, 'budget_exceeded']);
  });
});
