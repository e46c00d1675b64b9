import { GatewayError } from '../../kernel/errors';
import { type ClientRequest } from '../canonical/canonical-request';
import { type MappingOptions } from '../mapping-options';
import { responsesToCanonical } from './responses-to-canonical';

const options: MappingOptions = {
  dropParams: true,
  maxImageBytes: 30,
  alwaysIncludeStreamUsage: false,
  hash: (text) => text,
};

function map(fields: Record<string, unknown>, more: Partial<MappingOptions> = {}): ClientRequest {
  return responsesToCanonical({ model: 'm', input: 'hi', ...fields }, { ...options, ...more });
}

function refusal(fields: Record<string, unknown>, more: Partial<MappingOptions> = {}): GatewayError {
  try {
    map(fields, more);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

it('makes a user message of a bare string, and of messages in the easy spelling', () => {
  expect(map({}).canonical.input).toEqual([
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
  ]);
  expect(map({ input: [{ role: 'assistant', content: 'yes' }] }).canonical.input).toEqual([
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] },
  ]);
  const content = [{ type: 'input_text', text: 'x' }];
  expect(map({ input: [{ role: 'user', content }] }).canonical.input).toEqual([
    { type: 'message', role: 'user', content },
  ]);
});

it('keeps the phase of an earlier answer, whose loss makes the next one worse, in the easy spelling too', () => {
  const said = { role: 'assistant', content: 'I look it up.', phase: 'commentary' };
  const content = [{ type: 'output_text', text: 'I look it up.' }];
  const item = { type: 'message', role: 'assistant', content, phase: 'commentary' };
  expect(map({ input: [said] }).canonical.input).toEqual([item]);
  expect(map({ input: [{ ...said, type: 'message' }] }).canonical.input).toEqual([item]);
  expect(map({ input: [{ ...said, phase: null }] }).canonical.input[0]).not.toHaveProperty('phase');
});

it('passes items and tools of kinds it does not know by reference', () => {
  const items = [
    { type: 'additional_tools', role: 'developer', tools: [] },
    { type: 'configuration_update', reasoning: { effort: 'low' } },
    { type: 'reasoning', summary: [], encrypted_content: 'sealed' },
    { type: 'from_the_future', x: 1 },
    { type: 'compaction', encrypted_content: 'sealed' },
    { type: 'compaction_trigger' },
  ];
  const tools = [
    { type: 'web_search' },
    { type: 'tool_search' },
    { type: 'namespace', name: 'n', tools: [] },
    { type: 'new' },
  ];
  const { canonical } = map({ input: items, tools });
  canonical.input.forEach((item, index) => {
    expect(item).toBe(items[index]);
  });
  expect(canonical.tools).toEqual(tools);
});

it('turns a result without its call into a message, unless the call may be stored upstream', () => {
  const orphan = { type: 'function_call_output', call_id: 'gone', output: 'sunny' };
  const paired = { type: 'custom_tool_call', call_id: 'c', name: 'n', input: '' };
  const result = { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' };
  const { canonical } = map({ input: [orphan, paired, result] });
  expect(canonical.input[0]).toMatchObject({ type: 'message', role: 'user' });
  expect(JSON.stringify(canonical.input[0])).toContain('sunny');
  expect(canonical.input[2]).toBe(result);
  expect(map({ input: [orphan], previous_response_id: 'resp_1' }).canonical.input[0]).toBe(orphan);
  expect(map({ input: [{ type: 'item_reference', id: 'x' }, orphan] }).canonical.input[1]).toBe(orphan);
});

it.each([undefined, null])('knows a reference to a stored item whose type is %j', (type) => {
  const orphan = { type: 'function_call_output', call_id: 'gone', output: 'sunny' };
  const { input } = map({ input: [{ id: 'msg_1', type }, orphan] }).canonical;
  expect(input).toEqual([{ id: 'msg_1', type: 'item_reference' }, orphan]);
});

it('says that the input may be a text as well as a list', () => {
  expect(refusal({ input: undefined }).message).toBe("'input' must be a string or an array of items.");
});

it('keeps what only a Responses host can honour beside the request', () => {
  const { canonical, droppedParams } = map({ input: undefined, previous_response_id: 'resp_1', max_output_tokens: 9 });
  expect(canonical.input).toEqual([]);
  expect(canonical.sampling).toEqual({ previous_response_id: 'resp_1', max_output_tokens: 9 });
  expect(droppedParams).toEqual([]);
});

it('lists store and unknown fields, or refuses the unknown ones', () => {
  expect(map({ store: true, stop: ['x'] }).droppedParams).toEqual(['stop', 'store']);
  expect(refusal({ stop: ['x'] }, { dropParams: false })).toMatchObject({ status: 400, param: 'stop' });
});

it('lists that the padding of deltas stays, for a stream that wants none', () => {
  const wish = 'stream_options.include_obfuscation';
  const unpadded = { stream: true, stream_options: { include_obfuscation: false } };
  expect(map(unpadded).droppedParams).toEqual([wish]);
  expect(map({ ...unpadded, stream: false }).droppedParams).toEqual([]);
  expect(map({ stream: true, stream_options: { include_obfuscation: true } }).droppedParams).toEqual([]);
});

it.each([
  [{ input: undefined }, 'input'],
  [{ input: [] }, 'input'],
  [{ reasoning: { effort: 5 } }, 'reasoning.effort'],
  [{ reasoning: { summary: true } }, 'reasoning.summary'],
  [{ text: { verbosity: 3 } }, 'text.verbosity'],
  [{ input: [1] }, 'input[0]'],
  [{ input: [{}] }, 'input[0].type'],
  [{ input: [{ type: 'message', role: 'tool', content: 'x' }] }, 'input[0].role'],
  [{ input: [{ role: 'user', content: 4 }] }, 'input[0].content'],
  [{ input: [{ role: 'user', content: [{ text: 'x' }] }] }, 'input[0].content[0].type'],
  [
    {
      input: [
        { role: 'user', content: [{ type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(44)}` }] },
      ],
    },
    'input[0].content[0]',
  ],
  [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
  [{ tools: {} }, 'tools'],
  [{ tool_choice: 1 }, 'tool_choice'],
  [{ include: [1] }, 'include[0]'],
  [{ reasoning: 'high' }, 'reasoning'],
  [{ background: true }, 'background'],
  [{ model: undefined }, 'model'],
])('refuses with the field named: %j', (fields, param) => {
  expect(refusal(fields)).toMatchObject({ status: 400, type: 'invalid_request_error', param });
});
