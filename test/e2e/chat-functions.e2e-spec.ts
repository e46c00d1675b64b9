/* eslint-disable @typescript-eslint/no-deprecated -- the deprecated functions are what this is about */
import { askChat, askings, type ChatQuestion, lastInput } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const asked: ChatQuestion['messages'] = [{ role: 'user', content: 'Please use the tool.' }];

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench();
});

afterAll(async () => {
  await bench.close();
});

describe.each(askings)('tools in a chat with $model, $way', ({ model, way }) => {
  it('may be written as the older functions', async () => {
    const functions = [{ name: 'get_weather', parameters }];
    const first = await askChat(bench.client, way, { model, messages: asked, functions, function_call: 'auto' });
    expect(first.finishReason).toBe('function_call');
    expect(first.message.function_call).toEqual({ name: 'get_weather', arguments: '{"city":"simulated"}' });
    expect(first.message.tool_calls).toBeUndefined();
    const second = await askChat(bench.client, way, {
      model,
      messages: [...asked, first.message, { role: 'function', name: 'get_weather', content: '21 degrees' }],
      functions,
    });
    expect(second.message.content).toBe('The tool answered: 21 degrees');
    const [call, result] = lastInput(bench.simulator).slice(1);
    expect(call).toMatchObject({ type: 'function_call', name: 'get_weather' });
    expect(result).toMatchObject({ type: 'function_call_output', call_id: call?.['call_id'], output: '21 degrees' });
  });
});
