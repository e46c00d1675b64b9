import { held } from '../simulator/answer';
import { text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { readExposition } from '../support/expositions';
import { type Door, hangUp, type Holder, holder, rowsOf, spentBy } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { SuiteBench } from '../support/suite-bench';

const chat = '/v1/chat/completions';
const bench = new SuiteBench();
const leftOfKey = 'litellm_remaining_api_key_budget_metric';
const usedOf = 'codex_limit_used_ratio';

/** What a metric reads for a holder, by any of the names of an id in labels; undefined when it is not shown. */
async function gauge(at: Door, metric: string, id: string): Promise<number | undefined> {
  const { series } = readExposition((await send(at, '/metrics')).text);
  const own = series.filter(({ name, labels }) => name === metric && Object.values(labels).includes(id));
  expect(own.length).toBeLessThanOrEqual(1);
  return own[0]?.value;
}

const reads = (metric: string, id: string, value: number | undefined): Promise<void> =>
  eventually(`${metric} reads ${value}`, async () => {
    const shown = await gauge(bench, metric, id);
    return value === undefined || shown === undefined ? shown === value : Math.abs(shown - value) < 1e-9;
  }, 5_000); // prettier-ignore

async function asked(key: Holder, stream = false): Promise<void> {
  expect((await post(key, chat, chatBody({ stream }))).status).toBe(200);
}

describe('the gauges of a budget', () => {
  it.each([false, true])('say what is left once a request is settled, and nothing of what it had set aside (stream %s)', async (stream) => {
    const key = await holder(bench, { max_budget: 1 });
    await asked(key, stream);
    await rowsOf(bench, key, 1);
    const spent = await spentBy(bench, key);
    expect(spent).toBeGreaterThan(0);
    await reads(leftOfKey, key.id, 1 - spent);
    await reads(usedOf, key.id, spent);
  }); // prettier-ignore

  it('say what is set aside while it runs, and give that back when it fails', async () => {
    const key = await holder(bench, { max_budget: 1 });
    bench.simulator.script.next(held(text('Never told.')));
    const gone = hangUp(key, chat, chatBody(), () => bench.simulator.held > 0);
    await eventually('something is set aside', async () => ((await gauge(bench, leftOfKey, key.id)) ?? 1) < 0.999);
    await gone;
    bench.simulator.release();
    await rowsOf(bench, key, 1);
    await reads(leftOfKey, key.id, 1 - (await spentBy(bench, key)));
  });

  it('follow a hold that is made larger while the answer runs', async () => {
    const key = await holder(bench, { max_budget: 100 });
    const words = Array<string>(6_000).fill('word ');
    const usage = { input: 1_200, cached: 0, output: words.length, reasoning: 0 };
    bench.simulator.script.next(text(words.join(''), { deltas: words, usage }));
    await asked(key, true);
    await rowsOf(bench, key, 1);
    await reads(leftOfKey, key.id, 100 - (await spentBy(bench, key)));
  });
});
