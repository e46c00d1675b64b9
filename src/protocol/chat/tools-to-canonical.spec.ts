import { createHash } from 'node:crypto';
import { type ClientRequest } from '../canonical/canonical-request';
import { chatToCanonical } from './chat-to-canonical';

const hello = [{ role: 'user', content: 'hello' }];

function map(fields: Record<string, unknown>): ClientRequest {
  return chatToCanonical(
    { model: 'm', messages: hello, ...fields },
    {
      dropParams: true,
      maxImageBytes: 1000,
      alwaysIncludeStreamUsage: false,
      hash: (text) => createHash('sha256').update(text).digest('hex'),
    },
  );
}

function weather(name: string): object {
  return { type: 'function', function: { name, description: 'd', parameters: { type: 'object' } } };
}

function called(id: string, name = 'f'): object {
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name, arguments: '{"a":1}' } }],
  };
}

describe('tools', () => {
  it('are flattened, loose unless they say so, their schema by reference', () => {
    const parameters = { type: 'object' };
    const { canonical } = map({
      tools: [
        { type: 'function', function: { name: 'f', parameters, strict: true } },
        { type: 'function', name: 'g' },
      ],
    });
    expect(canonical.tools).toEqual([
      { type: 'function', name: 'f', strict: true, parameters },
      { type: 'function', name: 'g', strict: false, parameters: { type: 'object', properties: {} } },
    ]);
    expect(canonical.tools?.[0]?.['parameters']).toBe(parameters);
  });

  it('with names the upstream refuses are shortened alike everywhere, and mapped back', () => {
    const long = `${'x'.repeat(70)}_a`;
    const { canonical, chat } = map({
      tools: [weather(long), weather(`${'x'.repeat(70)}_b`), weather('mcp.server/tool'), weather('fine')],
      tool_choice: { type: 'function', function: { name: long } },
      messages: [...hello, called('c1', long)],
    });
    const names = (canonical.tools ?? []).map((tool) => String(tool['name']));
    expect(new Set(names).size).toBe(4);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(canonical.tool_choice).toEqual({ type: 'function', name: names[0] });
    expect(canonical.input[1]).toMatchObject({ name: names[0] });
    expect(names.map((name) => chat?.toolNames.get(name))).toEqual([
      long,
      `${'x'.repeat(70)}_b`,
      'mcp.server/tool',
      undefined,
    ]);
    expect(map({ tools: [weather(long)] }).canonical.tools?.[0]?.['name']).toBe(names[0]);
  });

  it('of the custom kind keep their grammar', () => {
    const grammar = { definition: 'start: "a"', syntax: 'lark' };
    const { canonical, chat } = map({
      tools: [{ type: 'custom', custom: { name: 'patch', format: { type: 'grammar', grammar } } }],
    });
    expect(canonical.tools).toEqual([{ type: 'custom', name: 'patch', format: { type: 'grammar', ...grammar } }]);
    expect(chat?.customTools.has('patch')).toBe(true);
  });

  it.each([
    ['required', 'required'],
    [
      { type: 'function', function: { name: 'f' } },
      { type: 'function', name: 'f' },
    ],
    [
      { type: 'custom', custom: { name: 'p' } },
      { type: 'custom', name: 'p' },
    ],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
      { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] },
    ],
  ])('choice %j is told flat', (choice, flat) => {
    expect(map({ tool_choice: choice }).canonical.tool_choice).toEqual(flat);
  });
});

it('refuses tools beside the older functions', () => {
  expect(() => map({ tools: [weather('f')], functions: [{ name: 'g' }] })).toThrow('not both');
});

describe('a search on the web', () => {
  const place = { city: 'Vienna', country: 'AT' };
  it.each<[string, object, object]>([
    ['without wishes', {}, {}],
    ['of a size', { search_context_size: 'low' }, { search_context_size: 'low' }],
    [
      'near a place',
      { user_location: { type: 'approximate', approximate: place } },
      { user_location: { type: 'approximate', ...place } },
    ],
    [
      'near a place in the flat spelling',
      { user_location: { type: 'approximate', ...place } },
      { user_location: { type: 'approximate', ...place } },
    ],
  ])('%s is the tool of the Responses API', (_, web_search_options, more) => {
    const { canonical, droppedParams } = map({ web_search_options, tools: [weather('f')] });
    expect(canonical.tools?.map(({ type }) => type)).toEqual(['function', 'web_search']);
    expect(canonical.tools?.[1]).toEqual({ type: 'web_search', ...more });
    expect(droppedParams).toEqual([]);
  });

  it('that is declared as a tool is not declared again', () => {
    const tools = [{ type: 'web_search_preview', search_context_size: 'high' }];
    expect(map({ web_search_options: {}, tools }).canonical.tools).toEqual(tools);
    expect(map({ web_search_options: null }).canonical.tools).toBeUndefined();
  });

  it.each<[unknown, string]>([
    [true, 'web_search_options'],
    [{ search_context_size: 'huge' }, 'web_search_options.search_context_size'],
    [{ user_location: 'Vienna' }, 'web_search_options.user_location'],
    [{ user_location: { approximate: 'Vienna' } }, 'web_search_options.user_location.approximate'],
  ])('that makes no sense is refused by name: %j', (web_search_options, param) => {
    expect(() => map({ web_search_options })).toThrow(expect.objectContaining({ param }) as Error);
  });
});
