import { customToolCall, parallelToolCalls, text, toolCall } from '../simulator/answers';
import {
  askings,
  askResponses,
  lastAsked,
  lastInput,
  lastTools,
  type ResponsesQuestion,
  replayed,
} from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weatherTool = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'Weather',
  parameters,
  strict: false,
};
const asked: Exclude<ResponsesQuestion['input'], string | undefined> = [
  { role: 'user', content: 'Please use the tool.' },
];

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench();
});

afterEach(() => {
  bench.simulator.script.clear();
});

afterAll(async () => {
  await bench.close();
});

describe.each(askings)('tools in a response of $model, $way', ({ model, way, profile }) => {
  it('are called, and their results go back to the calls they answer', async () => {
    const first = await askResponses(bench.client, way, { model, input: asked, tools: [weatherTool] });
    expect(lastTools(bench.simulator)).toEqual([weatherTool]);
    const call = first.response.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name: 'get_weather', arguments: '{"city":"simulated"}', status: 'completed' });
    const callId = call?.call_id ?? '';
    const second = await askResponses(bench.client, way, {
      model,
      input: [...asked, ...replayed(first), { type: 'function_call_output', call_id: callId, output: '21 degrees' }],
      tools: [weatherTool],
    });
    expect(second.text).toBe('The tool answered: 21 degrees');
    expect(lastInput(bench.simulator).slice(-2)).toMatchObject([
      { type: 'function_call', call_id: callId },
      { type: 'function_call_output', call_id: callId, output: '21 degrees' },
    ]);
  });

  it('may have names that are too long for the upstream, which the client never notices', async () => {
    const name = `find_${'the_weather_of_a_city_'.repeat(5)}`;
    const tool = { ...weatherTool, name };
    const first = await askResponses(bench.client, way, {
      model,
      input: asked,
      tools: [tool],
      tool_choice: { type: 'function', name },
    });
    const [sent] = lastTools(bench.simulator) as { readonly name: string }[];
    expect(sent?.name).toMatch(/^find_the_weather_of_a_city_the_weather_of_a_city_the_we_[0-9a-f]{8}$/);
    const call = first.response.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name });
    const output = { type: 'function_call_output' as const, call_id: call?.call_id ?? '', output: 'warm' };
    await askResponses(bench.client, way, { model, input: [...asked, ...replayed(first), output], tools: [tool] });
    expect(lastInput(bench.simulator).at(-2)).toMatchObject({ type: 'function_call', name: sent?.name });
  });

  it('may have such names in the list of those that are allowed too', async () => {
    const tool = { ...weatherTool, name: `find_${'the_weather_of_a_city_'.repeat(5)}` };
    const allowed = [{ type: 'function', name: tool.name }];
    const tool_choice = { type: 'allowed_tools' as const, mode: 'auto' as const, tools: allowed };
    const { response } = await askResponses(bench.client, way, { model, input: asked, tools: [tool], tool_choice });
    expect(lastTools(bench.simulator)).toEqual([expect.not.objectContaining({ name: tool.name })]);
    // The lite profile is told a choice by what is declared.
    expect(response.tool_choice).toEqual(profile === 'lite' ? 'auto' : tool_choice);
  });

  it('may be called side by side, each item with its own argument pieces', async () => {
    const calls = ['Berlin', 'Paris'].map((city, at) => ({
      name: 'get_weather',
      args: { city },
      callId: `call_${at}`,
    }));
    bench.simulator.script.next(parallelToolCalls(calls));
    const { response, events } = await askResponses(bench.client, way, { model, input: asked, tools: [weatherTool] });
    const told = response.output.filter((item) => item.type === 'function_call');
    expect(told.map((item) => [item.call_id, item.arguments])).toEqual(
      calls.map(({ callId, args }) => [callId, JSON.stringify(args)]),
    );
    expect(lastAsked(bench.simulator).body['parallel_tool_calls']).toBe(profile === 'ordinary');
    if (way === 'whole') return;
    const pieces = told.map(({ id }) =>
      events
        .map((event) =>
          event.type === 'response.function_call_arguments.delta' && event.item_id === id ? event.delta : '',
        )
        .join(''),
    );
    expect(pieces).toEqual(calls.map(({ args }) => JSON.stringify(args)));
  });

  it('may be called without any pieces, by the finished item alone', async () => {
    bench.simulator.script.next(toolCall('get_weather', { city: 'Oslo' }, { doneOnly: true, callId: 'call_done' }));
    const { response } = await askResponses(bench.client, way, { model, input: asked, tools: [weatherTool] });
    expect(response.output.at(-1)).toMatchObject({ call_id: 'call_done', arguments: '{"city":"Oslo"}' });
  });

  it('may be freeform', async () => {
    bench.simulator.script.next(customToolCall('apply_patch', '*** Begin Patch'));
    const tool = { type: 'custom' as const, name: 'apply_patch', format: { type: 'text' as const } };
    const first = await askResponses(bench.client, way, { model, input: asked, tools: [tool] });
    expect(lastTools(bench.simulator)).toEqual([tool]);
    const call = first.response.output.find((item) => item.type === 'custom_tool_call');
    expect(call).toMatchObject({ name: 'apply_patch', input: '*** Begin Patch' });
    const output = { type: 'custom_tool_call_output' as const, call_id: call?.call_id ?? '', output: 'patched' };
    const next = await askResponses(bench.client, way, {
      model,
      input: [...asked, ...replayed(first), output],
      tools: [tool],
    });
    expect(next.text).toBe('The tool answered: patched');
  });

  it('have a result without its call told as a message', async () => {
    bench.simulator.script.next(text('I see.'));
    const orphan = { type: 'function_call_output' as const, call_id: 'call_lost', output: '21 degrees' };
    const told = await askResponses(bench.client, way, { model, input: [...asked, orphan] });
    expect(told.text).toBe('I see.');
    const last = lastInput(bench.simulator).at(-1);
    expect(last).toMatchObject({ type: 'message', role: 'user' });
    expect(JSON.stringify(last)).toContain('21 degrees');
  });
});
