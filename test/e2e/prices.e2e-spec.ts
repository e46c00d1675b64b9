import { type Answer } from '../simulator/answer';
import { text } from '../simulator/answers';
import { post } from '../support/calls';
import { holder, rowsOf } from '../support/holders';
import { SuiteBench } from '../support/suite-bench';

const usage = { input: 1_000, cached: 400, output: 50, reasoning: 10 };
/** 600 uncached at $5, 400 cached at $0.50, 50 output at $30, per million; the same at $0.75, $0.075 and $4.50. */
const [gpt55, gpt54mini] = [0.0047, 0.000_705];

const bench = new SuiteBench({
  config: `
general_settings: { codex_unknown_price: refuse }
model_list:
  - { model_name: deep, litellm_params: { model: codex-oauth/gpt-5.5-high } }
  - { model_name: "*", litellm_params: { model: "codex-oauth/*" } }
`,
});

async function spendOf(model: string, answer: Answer, stream = false): Promise<number | undefined> {
  bench.simulator.script.next(answer);
  const key = await holder(bench);
  const body = { model, stream, messages: [{ role: 'user', content: 'Ping!' }] };
  expect((await post(key, '/v1/chat/completions', body)).status).toBe(200);
  return (await rowsOf(bench, key, 1))[0]?.spend;
}

/** The answer as if another model than the one that was asked had given it. */
function by(model: string, answer: Answer): Answer {
  return { ...answer, steps: (asked) => answer.steps({ ...asked, model }) };
}

describe('a model that has a price', () => {
  it.each(['deep', 'gpt-5.5-high', 'codex/gpt-5.5:low', 'openrouter/openai/gpt-5.5'])(
    'is not refused for want of one under the name %s, and costs what it costs',
    async (model) => {
      expect(await spendOf(model, text('pong', { usage }))).toBe(gpt55);
      const told = { prompt_tokens: 1_000, completion_tokens: 50, prompt_tokens_details: { cached_tokens: 400 } };
      const asked = { completion_response: { model, usage: told } };
      expect((await post(bench, '/spend/calculate', asked)).json).toEqual({ cost: gpt55, price_source: 'list' });
    },
  );
});

describe('an answer that names another model than was asked', () => {
  it('costs what that one costs, streamed or not, where it has a price', async () => {
    const costs: (number | undefined)[] = [];
    for (const stream of [false, true])
      costs.push(await spendOf('gpt-5.5', by('gpt-5.4-mini', text('pong', { usage })), stream));
    costs.push(await spendOf('gpt-5.5', by('nobody-knows-it', text('pong', { usage }))));
    expect(costs).toEqual([gpt54mini, gpt54mini, gpt55]);
  });
});
