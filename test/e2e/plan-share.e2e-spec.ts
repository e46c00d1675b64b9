import { text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { type Json, look, manage } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

/** One answer of 1 000 tokens, with what its head says of the five-hour window. */
async function answered(usedPercent: number, key = bench.key): Promise<number> {
  const usage = { input: 900, cached: 0, output: 100, reasoning: 0 };
  const answer = text('Hello.', { usage });
  bench.simulator.script.next({ ...answer, headers: { 'x-codex-primary-used-percent': String(usedPercent) } });
  return (await post({ url: bench.url, key }, '/v1/chat/completions', chatBody({ model: 'gpt-5.5' }))).status;
}

async function shown(): Promise<Json> {
  const { accounts } = await look(bench, '/account/list');
  return (accounts as readonly Json[])[0]?.['plan_share'] as Json;
}

describe('a share of the plan', () => {
  it('is measured by how far the window moves, held, counted, and refused when it is used up', async () => {
    const { key } = await manage(bench, '/key/generate', { key_alias: 'small', plan_share_5h: 0.06 });
    expect(await answered(10)).toBe(200);
    expect(await shown()).toMatchObject({ '5h': { percent_per_million_tokens: null, samples: 0 } });
    // A thousand tokens moved the window by two of a hundred.
    expect(await answered(12)).toBe(200);
    expect(await shown()).toMatchObject({ '5h': { percent_per_million_tokens: 2_000, samples: 1 } });
    const holder = { url: bench.url, key: String(key) };
    const used = async (): Promise<unknown> => {
      const { limits } = await look(holder, '/v1/usage');
      return (limits as readonly Json[]).find(({ limit }) => limit === 'key.plan_share_5h')?.['used'];
    };
    expect(await answered(12, holder.key)).toBe(200);
    expect(await used()).toBeCloseTo(2, 1);
    expect(await answered(12, holder.key)).toBe(200);
    expect(await answered(12, holder.key)).toBe(200);
    const refused = await post(holder, '/v1/chat/completions', chatBody({ model: 'gpt-5.5' }));
    expect(refused.status).toBe(429);
    expect((refused.json as { error: Json }).error['gateway']).toMatchObject({
      author: 'plan_window',
      limit: 'key.plan_share_5h',
    });
    expect((await send(holder, '/v1/usage')).status).toBe(200);
  });
});
