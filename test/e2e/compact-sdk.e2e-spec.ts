import type OpenAI from 'openai';
import { AzureOpenAI } from 'openai';
import { type Json, lastInput, refusalOf } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';
import { holder } from '../support/holders';
import { json } from '../simulator/answer';
import { compactedBlob } from '../simulator/answers';

type Items = OpenAI.Responses.ResponseInputItem[];

let bench: TestBench;
let strict: TestBench;
beforeAll(async () => {
  bench = await startBench();
  strict = await startBench({ config: 'litellm_settings:\n  drop_params: false\n' });
});
afterAll(async () => {
  await bench.close();
  await strict.close();
});

/** The body of the last compaction that reached the simulator. */
function sent(): Json {
  return bench.simulator.seen.findLast(({ path }) => path.endsWith('/compact'))?.body as Json;
}

const history: Items = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
  { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: compactedBlob() },
  { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hello.', annotations: [] }] },
  { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '{}' },
  { type: 'function_call_output', call_id: 'call_1', output: 'A cat.' },
]; // prettier-ignore

describe.each(['gpt-5.5', 'gpt-6.1-sol'])('a compaction that an SDK asks of %s', (model) => {
  it('takes a text, and needs no instructions', async () => {
    const compacted = await bench.client.responses.compact({ model, input: 'A long story.' });
    expect(compacted).toMatchObject({
      id: expect.stringMatching(/^resp_/) as string,
      object: 'response.compaction',
      created_at: expect.any(Number) as number,
    });
    expect(compacted.output.at(-1)).toMatchObject({ type: 'compaction' });
    expect(Object.keys(sent())).toEqual(expect.not.arrayContaining(['stream', 'store', 'include', 'tool_choice']));
    expect(JSON.stringify(sent()['input'])).toContain('A long story.');
    // Nobody is told the thoughts behind it, and the answer is no stream.
    expect(sent()['reasoning'] ?? {}).not.toHaveProperty('summary');
    const { headers } = bench.simulator.seen.at(-1) ?? {};
    expect(headers).toMatchObject({ accept: 'application/json' });
  });

  it('takes a history as the SDK has it, and what comes of it goes on', async () => {
    const { output } = await bench.client.responses.compact({ model, input: history, instructions: 'Mind the cat.' });
    expect(JSON.stringify(sent())).toContain('Mind the cat.');
    const input = [...(output as Items), { role: 'user', content: 'And now?' }] satisfies Items;
    expect((await bench.client.responses.create({ model, input })).output_text).toContain('simulator');
    expect(lastInput(bench.simulator).map(({ type }) => type)).toContain('compaction');
  });

  it('lists what the backend does not take', async () => {
    const asked = { model, input: 'Hi', prompt_cache_key: 'k', prompt_cache_retention: '24h', temperature: 1 } as const;
    const { response } = await bench.client.responses.compact(asked).withResponse();
    expect(response.headers.get('x-codex-gateway-dropped-params')).toBe('prompt_cache_retention,temperature');
    expect(sent()).toMatchObject({ prompt_cache_key: 'k' });
    const refused = await refusalOf(strict.client.responses.compact(asked));
    expect(refused).toMatchObject({ status: 400, param: 'prompt_cache_retention' });
    expect(strict.simulator.counts.compactions).toBe(0);
  });

  it('is held to the effort and the tier of its key', async () => {
    const { key } = await holder(bench, { max_reasoning_effort: 'low', service_tier: 'default' });
    const client = bench.client.withOptions({ apiKey: key });
    await client.responses.compact({
      model,
      input: 'Hi',
      reasoning: { effort: 'high' },
      service_tier: 'priority',
    } as never);
    expect(sent()).toMatchObject({ reasoning: { effort: 'low' } });
    expect(sent()['service_tier']).toBeUndefined();
  });
});

describe('a compaction that an SDK asks for', () => {
  const model = 'gpt-5.5';

  it.each<[string, Omit<OpenAI.Responses.ResponseCompactParams, 'model'>]>([
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    [
      'input[1]',
      {
        input: [
          { role: 'user', content: 'Hi' },
          { type: 'item_reference', id: 'msg_1' },
        ],
      },
    ],
    ['input', {}],
    ['input[0].role', { input: [{ role: 'tool' as never, content: 'Hi' }] }],
  ])('is refused by name when it leans on %s or lacks it', async (param, body) => {
    const before = bench.simulator.counts.compactions;
    expect(await refusalOf(bench.client.responses.compact({ model, ...body }))).toMatchObject({ status: 400, param });
    expect(bench.simulator.counts.compactions).toBe(before);
  });

  it('is told what the upstream says of itself', async () => {
    const usage = { input_tokens: 5, output_tokens: 3, total_tokens: 8 };
    bench.simulator.scripts.compact.next(json(200, { id: 'resp_own', created_at: 7, output: [], usage }));
    const { output, ...told } = await bench.client.responses.compact({ model, input: 'Hi' });
    expect(output).toEqual([]);
    expect(told).toMatchObject({ id: 'resp_own', object: 'response.compaction', created_at: 7, usage });
  });

  it('is found at the paths of Azure too', async () => {
    const client = new AzureOpenAI({ endpoint: bench.url, apiKey: bench.key, apiVersion: '2025-04-01-preview' });
    expect((await client.responses.compact({ model, input: 'Hi' })).output).toHaveLength(2);
  });
});
