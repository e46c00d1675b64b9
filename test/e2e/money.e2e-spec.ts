import OpenAI from 'openai';
import { cutAfterBytes, held } from '../simulator/answer';
import { deltas, text } from '../simulator/answers';
import { post, type ReadAnswer } from '../support/calls';
import { type Holder, holder, rowsOf, spentBy } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { SuiteBench } from '../support/suite-bench';

const usage = { input: 1_000, cached: 400, output: 50, reasoning: 10 };

const bench = new SuiteBench();

function clientOf({ key }: Holder): OpenAI {
  return new OpenAI({ baseURL: `${bench.url}/v1`, apiKey: key, maxRetries: 0 });
}

/** To the end; how many parts came. */
async function readAll(stream: AsyncIterable<unknown>): Promise<number> {
  let parts = 0;
  for await (const part of stream) parts += part === undefined ? 0 : 1;
  return parts;
}

const chat = { model: 'gpt-5.5', messages: [{ role: 'user' as const, content: 'Ping!' }] };

describe('a key with a budget', () => {
  it('is charged the same for every dialect and for streams as for whole answers', async () => {
    const costs: number[] = [];
    const ways: readonly ((client: OpenAI, key: Holder) => Promise<unknown>)[] = [
      (client: OpenAI) => client.chat.completions.create(chat),
      async (client: OpenAI) => {
        await readAll(await client.chat.completions.create({ ...chat, stream: true }));
      },
      (client: OpenAI) => client.responses.create({ model: 'gpt-5.5', input: 'Ping!' }),
      async (client: OpenAI) => {
        await readAll(await client.responses.create({ model: 'gpt-5.5', input: 'Ping!', stream: true }));
      },
      async (_: OpenAI, own: Holder) => {
        const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Ping!' }] }];
        const native = { model: 'gpt-5.5', instructions: 'Be brief.', input, store: false, stream: true };
        const { status, text: told } = await post(own, '/backend-api/codex/responses', native);
        expect([status, told.includes('response.completed')]).toEqual([200, true]);
      },
    ]; // prettier-ignore
    for (const way of ways) {
      bench.simulator.script.next(text('pong', { usage }));
      const key = await holder(bench, { max_budget: 1 });
      await way(clientOf(key), key);
      const rows = await rowsOf(bench, key, 1);
      expect(rows).toHaveLength(1);
      const [row] = rows;
      costs.push(row?.spend ?? -1);
      expect(await spentBy(bench, key)).toBe(row?.spend);
      expect(row).toMatchObject({ prompt_tokens: 1_000, completion_tokens: 50, status: 'success' });
    }
    // 600 uncached at $5, 400 cached at $0.50, 50 output at $30, per million.
    expect(costs).toEqual(costs.map(() => 0.0047));
  });

  it('is told cost and limits in headers, and refused before anything is sent once it is spent', async () => {
    bench.simulator.script.always(text('pong', { usage }));
    const key = await holder(bench, { max_budget: 0.05, key_alias: 'small' });
    const first = await post(key, '/v1/chat/completions', chat);
    expect(first.headers.get('x-litellm-response-cost')).toBe('0.0047');
    expect(first.headers.get('x-litellm-key-max-budget')).toBe('0.05');
    const [whole, own] = ['response', 'overhead'].map((what) =>
      Number(first.headers.get(`x-litellm-${what}-duration-ms`)),
    );
    expect(own).toBeGreaterThan(0);
    expect(own).toBeLessThan(Number(whole));
    let last: ReadAnswer = first;
    for (let calls = 0; calls < 20 && last.status === 200; calls += 1) {
      last = await post(key, '/v1/chat/completions', chat);
    }
    expect(last.status).toBe(429);
    expect(last.json).toMatchObject({
      error: { type: 'budget_exceeded', gateway: { author: 'key', limit: 'key.max_budget' } },
    });
    expect(last.headers.get('x-should-retry')).toBe('false');
    const asked = bench.simulator.seen.filter(({ path }) => path.endsWith('/responses')).length;
    expect(await spentBy(bench, key)).toBeCloseTo(asked * 0.0047, 9);
    expect(await spentBy(bench, key)).toBeLessThanOrEqual(0.05);
  });
});

describe('limits of a key', () => {
  it('hold requests to the window and slots to their number, and free the slot', async () => {
    const fast = await holder(bench, { rpm_limit: 2 });
    const ask = (key: Holder): Promise<ReadAnswer> => post(key, '/v1/chat/completions', chat);
    expect([(await ask(fast)).status, (await ask(fast)).status]).toEqual([200, 200]);
    const refused = await ask(fast);
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({ error: { type: 'throttling_error' } });
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);

    const single = await holder(bench, { max_parallel_requests: 1 });
    bench.simulator.script.next(held(text('slow')));
    const slow = ask(single);
    await eventually('the slow one is held', () => Promise.resolve(bench.simulator.held === 1));
    expect((await ask(single)).json).toMatchObject({ error: { gateway: { limit: 'key.max_parallel_requests' } } });
    bench.simulator.release();
    expect((await slow).status).toBe(200);
    expect((await ask(single)).status).toBe(200);
  });

  it('refuse models that the key may not use', async () => {
    const key = await holder(bench, { models: ['gpt-5.6-sol'] });
    const refused = await post(key, '/v1/chat/completions', chat);
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({ error: { type: 'key_model_access_denied', param: 'model' } });
    expect(await rowsOf(bench, key, 0)).toEqual([]);
  });
});

describe('every admitted request has one row', () => {
  it('also when its upstream breaks off: estimated, never free, never twice', async () => {
    const key = await holder(bench, { max_budget: 1 });
    bench.simulator.script.next(cutAfterBytes(deltas(200), 12_000));
    const stream = await clientOf(key).chat.completions.create({ ...chat, stream: true });
    await expect(readAll(stream)).rejects.toThrow();
    const rows = await rowsOf(bench, key, 1);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ status: 'failure' });
    expect(rows[0]?.spend).toBeGreaterThan(0);
    expect(rows[0]?.completion_tokens).toBeGreaterThan(10);
  });

  it('also when its client hangs up: read on for the true usage', async () => {
    const key = await holder(bench, { max_budget: 1 });
    bench.simulator.script.next(deltas(40, 5));
    const stream = await clientOf(key).chat.completions.create({ ...chat, stream: true });
    await stream[Symbol.asyncIterator]().next();
    stream.controller.abort();
    const rows = await rowsOf(bench, key, 1);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.spend).toBeGreaterThan(0);
    // As the upstream told at its end, not as many as the client waited for.
    expect([rows[0]?.prompt_tokens, rows[0]?.completion_tokens]).toEqual([1_200, 40]);
  });
});
