import { held } from '../simulator/answer';
import { deltas, text } from '../simulator/answers';
import { chatBody, post } from '../support/calls';
import { type Holder, holder, refusalIn, rowsOf, spentBy } from '../support/holders';
import { SuiteBench } from '../support/suite-bench';

const bench = new SuiteBench();

/** What one output token of gpt-5.5 costs, dollars. */
const tokenCost = 30e-6;

/** A further request of this key is refused. */
async function expectSpent(own: Holder): Promise<void> {
  expect(refusalIn(await post(own, '/v1/chat/completions', chatBody())).slice(0, 2)).toEqual([429, 'budget_exceeded']);
}

describe('the last of a budget', () => {
  it('is given to a request that may cost more, and a short answer is not cut', async () => {
    // Before a key has answers of its own 2 000 tokens of question and 500 of answer are set aside: 2.5 cents.
    const own = await holder(bench, { max_budget: 0.005 });
    bench.simulator.script.always(text('pong', { usage: { input: 500, cached: 0, output: 40, reasoning: 0 } }));
    expect((await post(own, '/v1/chat/completions', chatBody({ stream: true }))).text).toContain('[DONE]');
    await rowsOf(bench, own, 1);
    expect(await spentBy(bench, own)).toBeCloseTo(0.0037, 9);
    // 0.13 cents are left, and no request of this key has cost so little.
    await expectSpent(own);
  });

  it('is not shared: who comes while somebody holds it is refused, and let in when it is given back', async () => {
    const own = await holder(bench, { max_budget: 0.02 });
    bench.simulator.script.next(held(text('slow', { usage: { input: 100, cached: 0, output: 1, reasoning: 0 } })));
    const slow = post(own, '/v1/chat/completions', chatBody());
    await bench.simulator.waitForRequest(({ path }) => path.endsWith('/responses'));
    await expectSpent(own);
    bench.simulator.release();
    expect((await slow).status).toBe(200);
    await rowsOf(bench, own, 1);
    expect((await post(own, '/v1/chat/completions', chatBody())).status).toBe(200);
  });

  it('ends an answer that uses it up, within a chunk of it, and never more is spent', async () => {
    const own = await holder(bench, { max_budget: 0.006 });
    bench.simulator.script.always(deltas(2_000, 2));
    const answer = await post(own, '/v1/chat/completions', chatBody({ stream: true }));
    expect(answer.text).toContain('budget_exceeded');
    expect(answer.text).not.toContain('word1999');
    const rows = await rowsOf(bench, own, 1);
    const spend = await spentBy(bench, own);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ spend, metadata: { codex_gateway: { quality: 'estimated' } } });
    expect(spend).toBeGreaterThanOrEqual(0.0059);
    // What came in one piece cannot be cut any finer.
    expect(spend).toBeLessThan(0.006 + 60 * tokenCost);
    await expectSpent(own);
  });

  it('ends an answer the same way when tokens are what is counted', async () => {
    const own = await holder(bench, { budget_limits: [{ max_tokens: 300, budget_duration: '1d' }] });
    bench.simulator.script.always(deltas(2_000, 2));
    const answer = await post(own, '/v1/chat/completions', chatBody({ stream: true }));
    expect(answer.text).toContain('budget_exceeded');
    const [row] = await rowsOf(bench, own, 1);
    expect(row?.total_tokens).toBeGreaterThanOrEqual(300);
    expect(row?.total_tokens).toBeLessThan(400);
  });

  it('leaves what a key is told of its spend right when more had to be set aside', async () => {
    const own = await holder(bench, { max_budget: 10 });
    const spend = async (): Promise<number> => {
      bench.simulator.script.next(deltas(900, 1));
      const { headers } = await post(own, '/v1/chat/completions', chatBody());
      return Number(headers.get('x-litellm-key-spend'));
    };
    await spend();
    await rowsOf(bench, own, 1);
    const told = await spend();
    await rowsOf(bench, own, 2);
    expect(told).toBeCloseTo(await spentBy(bench, own), 9);
  });
});
