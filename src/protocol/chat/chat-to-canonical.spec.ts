import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { GatewayError } from '../../kernel/errors';
import { type ClientRequest } from '../canonical/canonical-request';
import { type MappingOptions } from '../mapping-options';
import { refusedOf } from '../codex/codex-limits';
import { chatToCanonical } from './chat-to-canonical';

const options: MappingOptions = {
  dropParams: true,
  maxImageBytes: 1000,
  alwaysIncludeStreamUsage: false,
  hash: (text) => createHash('sha256').update(text).digest('hex'),
};
const hello = [{ role: 'user', content: 'hello' }];

function map(fields: Record<string, unknown>, more: Partial<MappingOptions> = {}): ClientRequest {
  return chatToCanonical({ model: 'm', messages: hello, ...fields }, { ...options, ...more });
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

function called(id: string, name = 'f'): object {
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name, arguments: '{"a":1}' } }],
  };
}

describe('messages', () => {
  it('become input items, system as developer', () => {
    const { canonical } = map({
      messages: [
        { role: 'system', content: 'be kind' },
        { role: 'user', content: [{ type: 'text', text: 'hi' }] },
        { role: 'assistant', content: 'yes', reasoning_content: 'thought' },
        { role: 'assistant', content: null, refusal: 'no' },
      ],
    });
    expect(canonical.input).toEqual([
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'be kind' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'no' }] },
    ]);
  });

  it.each(['user', 'developer', 'system', 'assistant'])('list the name of a %s, which no upstream is told', (role) => {
    const messages = [{ role, content: 'hi', name: 'Ann' }, ...hello];
    expect(map({ messages }).droppedParams).toEqual(['messages.name']);
    expect(map({ messages }, { dropParams: false }).droppedParams).toEqual(['messages.name']);
    expect(refusedOf(['messages.name'])).toBeUndefined();
    expect(map({ messages: [{ ...messages[0], name: null }] }).droppedParams).toEqual([]);
    const result = { role: 'tool', tool_call_id: 'c1', content: 'sunny', name: 'f' };
    expect(map({ messages: [called('c1'), result] }).droppedParams).toEqual([]);
  });

  it('pair tool results with calls, of functions and of custom tools', () => {
    const { canonical } = map({
      messages: [
        ...hello,
        called('c1'),
        { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'sunny' }] },
        { role: 'assistant', tool_calls: [{ id: 'c2', type: 'custom', custom: { name: 'patch', input: 'raw' } }] },
        { role: 'tool', tool_call_id: 'c2', content: 'done' },
      ],
    });
    expect(canonical.input.slice(1)).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'sunny' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'patch', input: 'raw' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'done' },
    ]);
  });

  it('turn a tool result without its call into a user message that tells it', () => {
    const { canonical } = map({ messages: [...hello, { role: 'tool', tool_call_id: 'gone', content: 'sunny' }] });
    const told = canonical.input[1];
    expect(told).toMatchObject({ type: 'message', role: 'user' });
    expect(JSON.stringify(told)).toContain('gone');
    expect(JSON.stringify(told)).toContain('sunny');
  });

  it('pair a legacy function result with the legacy call of that name', () => {
    const { canonical, chat } = map({
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      function_call: { name: 'f' },
      messages: [
        ...hello,
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } },
        { role: 'function', name: 'f', content: '42' },
      ],
    });
    expect(canonical.input.slice(1)).toEqual([
      { type: 'function_call', call_id: 'call_legacy_1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_legacy_1', output: '42' },
    ]);
    expect(canonical.tools).toEqual([{ type: 'function', name: 'f', strict: false, parameters: { type: 'object' } }]);
    expect(canonical.tool_choice).toEqual({ type: 'function', name: 'f' });
    expect(canonical.parallel_tool_calls).toBe(false);
    expect(chat?.legacyFunctions).toBe(true);
  });

  it('carry images and files', () => {
    const { canonical } = map({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
            { type: 'image_url', image_url: 'data:image/png;base64,AAAA' },
            { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } },
          ],
        },
      ],
    });
    expect(canonical.input[0]?.['content']).toEqual([
      { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'low' },
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
      { type: 'input_file', file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' },
    ]);
  });

  it('refuse an image by its decoded size, and take one of exactly the limit', () => {
    const image = (bytes: number): object[] => [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image_url', image_url: { url: png(bytes) } },
        ],
      },
    ];
    expect(map({ messages: image(1000) }).canonical.input).toHaveLength(1);
    const error = refusal({ messages: image(1001) });
    expect(error).toMatchObject({ status: 400, param: 'messages[0].content[1]' });
    expect(error.message).toContain('1001');
  });

  it.each([
    [{ messages: [] }, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: [{ role: 'assistant', content: '' }] }, 'messages'],
    [{ messages: [null] }, 'messages[0]'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [] }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'file:///etc' }] }] },
      'messages[0].content[0]',
    ],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'a' }] }] }, 'messages[0].tool_calls[0].function'],
    [{ model: '' }, 'model'],
    [{ n: 2 }, 'n'],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ stop: [''] }, 'stop'],
    [{ stop: ['END', 's'.repeat(1_001)] }, 'stop'],
    [{ stream: 'yes' }, 'stream'],
    [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
    [{ verbosity: 'loud' }, 'verbosity'],
    [{ temperature: 3 }, 'temperature'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function'],
    [{ tools: [{ type: 'magic' }] }, 'tools[0].type'],
    [{ tool_choice: 'maybe' }, 'tool_choice'],
    [{ response_format: { type: 'xml' } }, 'response_format.type'],
    [{ response_format: { type: 'json_schema', json_schema: { schema: {} } } }, 'response_format.json_schema.name'],
  ])('are refused with the field named: %j', (fields, param) => {
    expect(refusal(fields)).toMatchObject({ status: 400, type: 'invalid_request_error', param });
  });

  it('refuse a body that is no object', () => {
    expect(() => chatToCanonical([], options)).toThrow(GatewayError);
  });
});

describe('options', () => {
  it.each([
    ['low', { summary: 'concise' }, { effort: 'low', summary: 'concise' }],
    ['low', { effort: 'high' }, { effort: 'low', summary: 'auto' }],
    [{ summary: 'detailed' }, { effort: 'high', summary: 'concise' }, { effort: 'high', summary: 'detailed' }],
    [{ effort: 'low' }, { summary: 'concise' }, { effort: 'low', summary: 'concise' }],
  ])('take of reasoning what reasoning_effort leaves open: %j, %j', (reasoning_effort, reasoning, told) => {
    expect(map({ reasoning_effort, reasoning }).canonical.reasoning).toEqual(told);
  });

  it('for reasoning and text take their Responses places', () => {
    const schema = { type: 'object' };
    const { canonical } = map({
      reasoning_effort: 'high',
      verbosity: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema, strict: true } },
    });
    expect(canonical.reasoning).toEqual({ effort: 'high', summary: 'auto' });
    expect(canonical.text).toEqual({
      format: { type: 'json_schema', name: 'n', strict: true, schema },
      verbosity: 'low',
    });
    expect(map({ response_format: { type: 'text' } }).canonical.text).toBeUndefined();
  });

  it('about the answer are kept for the encoder', () => {
    expect(map({ stop: 'END', stream: true, stream_options: { include_usage: true } })).toMatchObject({
      stream: true,
      chat: { includeUsage: true, stop: ['END'], legacyFunctions: false },
    });
    expect(map({}, { alwaysIncludeStreamUsage: true }).chat?.includeUsage).toBe(true);
    expect(map({ stop: 's'.repeat(1_000) }).chat?.stop).toEqual(['s'.repeat(1_000)]);
    expect(map({ stop: null, n: null }).chat).toMatchObject({ includeUsage: false, stop: [] });
  });

  it('that only some hosts take are kept in the client spelling', () => {
    const { canonical, droppedParams } = map({
      max_tokens: 5,
      temperature: 0.5,
      user: 'u',
      logprobs: false,
      modalities: ['text'],
    });
    expect(canonical.sampling).toEqual({ max_tokens: 5, temperature: 0.5, user: 'u' });
    expect(droppedParams).toEqual([]);
  });

  it('that nobody can honour are listed, sorted, without what could break a header', () => {
    expect(map({ store: true, zebra: 1, 'bad\r\nname': 1, absent: null }).droppedParams).toEqual([
      'store',
      'unnamed_field',
      'zebra',
    ]);
    expect(map({ store: false }).droppedParams).toEqual([]);
  });

  it('that nobody can honour are refused when the operator wants that, store excepted', () => {
    expect(refusal({ zebra: 1 }, { dropParams: false })).toMatchObject({ status: 400, param: 'zebra' });
    expect(map({ store: true }, { dropParams: false }).droppedParams).toEqual(['store']);
  });

  it('of LiteLLM clients are accepted without a word', () => {
    const extras = {
      metadata: { tags: ['a'] },
      litellm_metadata: {},
      mock_timeout: true,
      fallbacks: [],
      num_retries: 1,
      cache: {},
    };
    const { canonical, droppedParams } = map(extras, { dropParams: false });
    expect(droppedParams).toEqual([]);
    expect(canonical.sampling).toBeUndefined();
    expect(map({ metadata: { team: 'blue' } }).canonical.sampling).toEqual({ metadata: { team: 'blue' } });
  });
});

it('leaves the prototype alone whatever the keys say', () => {
  const body: unknown = JSON.parse(
    '{"model":"m","__proto__":{"polluted":1},"messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}],"metadata":{"__proto__":"x"}}',
  );
  const request = chatToCanonical(body, options);
  expect(Object.getPrototypeOf(request.canonical)).toBe(Object.prototype);
  expect((request.canonical as unknown as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

it('takes the request that the Codex CLI 0.58.0 sends over chat', () => {
  const file = `${__dirname}/../../../test/fixtures/codex/custom-provider-chat-0.58.0.json`;
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as {
    request: { body: { messages: unknown[]; tools: unknown[] } };
  };
  const { canonical, droppedParams } = chatToCanonical(recorded.request.body, { ...options, dropParams: false });
  expect(canonical.input).toHaveLength(recorded.request.body.messages.length);
  expect(canonical.tools).toHaveLength(recorded.request.body.tools.length);
  expect(droppedParams).toEqual([]);
});

it('maps 200 messages of 2 KB in well under a millisecond', () => {
  const content = 'x'.repeat(2000);
  const messages = Array.from({ length: 200 }, (_, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
  const body: unknown = JSON.parse(JSON.stringify({ model: 'm', messages }));
  for (let i = 0; i < 50; i += 1) chatToCanonical(body, options);
  const times = Array.from({ length: 50 }, () => {
    const start = performance.now();
    chatToCanonical(body, options);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  // The median, because the machine is shared; the bound is generous for the same reason.
  expect(times[25]).toBeLessThan(1);
});

function png(bytes: number): string {
  return `data:image/png;base64,${Buffer.alloc(bytes).toString('base64')}`;
}
