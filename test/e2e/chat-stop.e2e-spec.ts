import { deltas, text, toolCall } from '../simulator/answers';
import { askChat, askings, type ChatQuestion, lastAsked } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const messages: ChatQuestion['messages'] = [{ role: 'user', content: 'Count.' }];

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench({ times: { clientGoneDrainMs: 200 } });
});

afterEach(() => {
  bench.simulator.script.clear();
});

afterAll(async () => {
  await bench.close();
});

describe.each(askings)('stop in a chat with $model, $way', ({ model, way }) => {
  it('cuts the answer before the sequence and cancels an upstream that has not ended a moment later', async () => {
    // Left alone this takes far longer than a test may.
    bench.simulator.script.next(deltas(5_000, 20));
    const { message, finishReason, completion } = await askChat(bench.client, way, { model, messages, stop: ' word3' });
    expect(message.content).toBe('word0 word1 word2');
    expect(finishReason).toBe('stop');
    expect(completion.usage?.completion_tokens).toBeGreaterThan(0);
    const { body, ended } = lastAsked(bench.simulator);
    expect(await ended).toBe('cancelled');
    expect(body).not.toHaveProperty('stop');
  });

  it('takes several sequences: the one that comes first counts', async () => {
    bench.simulator.script.next(text('one two three four'));
    const { message } = await askChat(bench.client, way, { model, messages, stop: ['four', 'three', 'five'] });
    expect(message.content).toBe('one two ');
  });

  it('finds a sequence that is spread over pieces', async () => {
    bench.simulator.script.next(text('Hello END there', { deltas: ['Hel', 'lo E', 'N', 'D th', 'ere'] }));
    const { message } = await askChat(bench.client, way, { model, messages, stop: 'END' });
    expect(message.content).toBe('Hello ');
  });

  it('tells everything when no sequence comes, also what looked like the beginning of one', async () => {
    bench.simulator.script.next(text('Hello EN', { deltas: ['Hello', ' E', 'N'] }));
    const { message, finishReason, completion } = await askChat(bench.client, way, { model, messages, stop: 'END' });
    expect(message.content).toBe('Hello EN');
    expect(finishReason).toBe('stop');
    expect(completion.usage?.prompt_tokens).toBe(1200);
  });

  it('does not look into the arguments of a tool call', async () => {
    bench.simulator.script.next(toolCall('note', { text: 'the END is near' }));
    const tools: ChatQuestion['tools'] = [{ type: 'function', function: { name: 'note' } }];
    const { message } = await askChat(bench.client, way, { model, messages, tools, stop: 'END' });
    expect(message.tool_calls).toMatchObject([{ function: { arguments: '{"text":"the END is near"}' } }]);
  });
});
