import { type Answer, type WireEvent, json } from '../simulator/answer';
import { customToolCall, parallelToolCalls, text, textThenToolCalls, toolCall } from '../simulator/answers';
import { askChat, askings, type ChatQuestion, lastAsked, lastInput, lastTools } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weatherTool = {
  type: 'function' as const,
  function: { name: 'get_weather', description: 'Weather', parameters, strict: false },
};
const longName = `mcp__a_server_with_a_name__${'very_'.repeat(12)}long_tool`;
const asked: ChatQuestion['messages'] = [{ role: 'user', content: 'Please use the tool.' }];

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

describe.each(askings)('tools in a chat with $model, $way', ({ model, way, profile }) => {
  it('are declared flat upstream and called under their names', async () => {
    const { message, finishReason } = await askChat(bench.client, way, {
      model,
      messages: asked,
      tools: [weatherTool],
    });
    expect(lastTools(bench.simulator)).toEqual([{ type: 'function', ...weatherTool.function }]);
    expect(finishReason).toBe('tool_calls');
    expect(message.content).toBeNull();
    expect(message.tool_calls).toEqual([
      {
        id: expect.stringMatching(/^call_/) as string,
        type: 'function',
        function: { name: 'get_weather', arguments: '{"city":"simulated"}' },
      },
    ]);
  });

  it('may be called side by side, each with its own arguments', async () => {
    const calls = ['Berlin', 'Paris', 'Rome'].map((city, at) => ({
      name: 'get_weather',
      args: { city },
      callId: `call_${at}`,
    }));
    bench.simulator.script.next(parallelToolCalls(calls));
    const { message, finishReason } = await askChat(bench.client, way, {
      model,
      messages: asked,
      tools: [weatherTool],
    });
    expect(finishReason).toBe('tool_calls');
    expect(message.tool_calls).toEqual(
      calls.map(({ callId, args }) => ({
        id: callId,
        type: 'function',
        function: { name: 'get_weather', arguments: JSON.stringify(args) },
      })),
    );
    expect(lastAsked(bench.simulator).body['parallel_tool_calls']).toBe(profile === 'ordinary');
  });

  it('get the argument pieces of the item they belong to, however these are mixed', async () => {
    bench.simulator.script.next(interleaved());
    const { message } = await askChat(bench.client, way, { model, messages: asked, tools: [weatherTool] });
    expect(message.tool_calls?.map((call) => call.type === 'function' && [call.id, call.function.arguments])).toEqual([
      ['call_a', '{"city":"Berlin"}'],
      ['call_b', '{"city":"Paris"}'],
    ]);
  });

  it('may be called without any pieces, by the finished item alone', async () => {
    bench.simulator.script.next(toolCall('get_weather', { city: 'Oslo' }, { doneOnly: true, callId: 'call_done' }));
    const { message } = await askChat(bench.client, way, { model, messages: asked, tools: [weatherTool] });
    expect(message.tool_calls).toEqual([
      { id: 'call_done', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
    ]);
  });

  it('may be called after words', async () => {
    bench.simulator.script.next(
      textThenToolCalls('I will look.', [{ name: 'get_weather', args: {}, callId: 'call_1' }]),
    );
    const { message, finishReason } = await askChat(bench.client, way, {
      model,
      messages: asked,
      tools: [weatherTool],
    });
    expect(message.content).toBe('I will look.');
    expect(message.tool_calls).toHaveLength(1);
    expect(finishReason).toBe('tool_calls');
  });

  it('keep names that are too long for the upstream', async () => {
    const tool = { type: 'function' as const, function: { name: longName, parameters } };
    const { message } = await askChat(bench.client, way, {
      model,
      messages: [
        { role: 'user', content: 'Before.' },
        {
          role: 'assistant',
          tool_calls: [{ id: 'call_0', type: 'function', function: { name: longName, arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'call_0', content: 'ok' },
        ...asked,
      ],
      tools: [tool],
    });
    expect(message.tool_calls).toMatchObject([{ function: { name: longName } }]);
    const [sent] = lastTools(bench.simulator) as readonly { readonly name: string }[];
    expect(sent?.name).toMatch(/^[\w-]{1,64}$/);
    expect(lastInput(bench.simulator)[1]).toMatchObject({ type: 'function_call', name: sent?.name });
  });

  it('have their results sent back to the calls they answer', async () => {
    const first = await askChat(bench.client, way, { model, messages: asked, tools: [weatherTool] });
    const [call] = first.message.tool_calls ?? [];
    const second = await askChat(bench.client, way, {
      model,
      messages: [...asked, first.message, { role: 'tool', tool_call_id: call?.id ?? '', content: '21 degrees' }],
      tools: [weatherTool],
    });
    expect(second.message.content).toBe('The tool answered: 21 degrees');
    expect(lastInput(bench.simulator).slice(1)).toEqual([
      { type: 'function_call', call_id: call?.id, name: 'get_weather', arguments: '{"city":"simulated"}' },
      { type: 'function_call_output', call_id: call?.id, output: '21 degrees' },
    ]);
  });

  it('have a result without its call told as a message', async () => {
    bench.simulator.script.next(text('I see.'));
    const { message } = await askChat(bench.client, way, {
      model,
      messages: [...asked, { role: 'tool', tool_call_id: 'call_lost', content: '21 degrees' }],
      tools: [weatherTool],
    });
    expect(message.content).toBe('I see.');
    const last = lastInput(bench.simulator).at(-1);
    expect(last).toMatchObject({ type: 'message', role: 'user' });
    expect(JSON.stringify(last)).toContain('21 degrees');
  });

  it('may be freeform', async () => {
    bench.simulator.script.next(customToolCall('apply_patch', '*** Begin Patch\n*** End Patch'));
    const format = { type: 'text' as const };
    const question: ChatQuestion = {
      model,
      messages: asked,
      tools: [{ type: 'custom', custom: { name: 'apply_patch', description: 'Patch', format } }],
    };
    const { message, finishReason } = await askChat(bench.client, way, question);
    expect(lastTools(bench.simulator)).toEqual([{ type: 'custom', name: 'apply_patch', description: 'Patch', format }]);
    expect(finishReason).toBe('tool_calls');
    const [call] = message.tool_calls ?? [];
    expect(call).toMatchObject({
      type: 'custom',
      custom: { name: 'apply_patch', input: '*** Begin Patch\n*** End Patch' },
    });
    const replay: ChatQuestion['messages'] = [
      ...asked,
      message,
      { role: 'tool', tool_call_id: call?.id ?? '', content: 'patched' },
    ];
    const next = await askChat(bench.client, way, { ...question, messages: replay });
    expect(next.message.content).toBe('The tool answered: patched');
    expect(lastInput(bench.simulator).slice(1)).toMatchObject([
      { type: 'custom_tool_call', call_id: call?.id, input: '*** Begin Patch\n*** End Patch' },
      { type: 'custom_tool_call_output', call_id: call?.id, output: 'patched' },
    ]);
  });

  it('are chosen by the client where the profile lets it', async () => {
    const choice = { type: 'function' as const, function: { name: 'get_weather' } };
    const { headers } = await askChat(bench.client, way, {
      model,
      messages: asked,
      tools: [weatherTool],
      tool_choice: choice,
    });
    const sent = lastAsked(bench.simulator).body['tool_choice'];
    expect(sent).toEqual(profile === 'lite' ? 'auto' : { type: 'function', name: 'get_weather' });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe(profile === 'lite' ? 'tool_choice' : null);
  });

  it('are not called when the client forbids it', async () => {
    const { message } = await askChat(bench.client, way, {
      model,
      messages: asked,
      tools: [weatherTool],
      tool_choice: 'none',
    });
    expect(message.tool_calls).toBeUndefined();
    expect(message.content).toContain('simulator');
  });
});

/** Two calls whose argument pieces take turns. */
function interleaved(): Answer {
  const item = (letter: string, args: string): object => ({
    id: `fc_${letter}`,
    type: 'function_call',
    call_id: `call_${letter}`,
    name: 'get_weather',
    arguments: args,
  });
  const response = { id: 'resp_mixed', object: 'response', created_at: 1_700_000_000, model: 'gpt-5.5', output: [] };
  const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
  const piece = (index: number, letter: string, delta: string): WireEvent['fields'] => ({
    type: 'response.function_call_arguments.delta',
    item_id: `fc_${letter}`,
    output_index: index,
    delta,
  });
  const events: readonly WireEvent['fields'][] = [
    { type: 'response.created', response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item: item('a', '') },
    { type: 'response.output_item.added', output_index: 1, item: item('b', '') },
    piece(0, 'a', '{"city":'),
    piece(1, 'b', '{"city":"Pa'),
    piece(0, 'a', '"Berlin"}'),
    piece(1, 'b', 'ris"}'),
    { type: 'response.output_item.done', output_index: 1, item: item('b', '{"city":"Paris"}') },
    { type: 'response.output_item.done', output_index: 0, item: item('a', '{"city":"Berlin"}') },
    { type: 'response.completed', response: { ...response, status: 'completed', usage } },
  ];
  const frames = events.map((fields) => `event: ${fields.type}\ndata: ${JSON.stringify(fields)}\n\n`);
  return json(200, frames.join(''), { 'content-type': 'text/event-stream' });
}
