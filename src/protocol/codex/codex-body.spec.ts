import { readdirSync, readFileSync } from 'node:fs';
import { GatewayError } from '../../kernel/errors';
import { type CanonicalRequest, type InputItem, type JsonObject } from '../canonical/canonical-request';
import { responsesToCanonical } from '../responses/responses-to-canonical';
import { codexBody } from './codex-body';
import { droppedOnCodex, requiresResponsesHost } from './codex-limits';
import { type CodexPlan } from './codex-plan';

const plan: CodexPlan = {
  slug: 'gpt-5.5',
  profile: 'ordinary',
  instructions: 'OFFICIAL',
  officialMode: true,
  fromCodexCli: false,
  supportsVerbosity: true,
  supportsParallelToolCalls: true,
  efforts: ['low', 'medium', 'high', 'xhigh'],
  ultraEffort: 'xhigh',
  serviceTiers: ['priority'],
};
const lite: CodexPlan = { ...plan, slug: 'gpt-6.1-sol', profile: 'lite' };

function message(role: string, text: string): InputItem {
  return { type: 'message', role, content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }] };
}

const user = message('user', 'hi');
const tool = { type: 'function', name: 'f', strict: false, parameters: {} };
const request: CanonicalRequest = { model: 'asked', input: [user] };

function bodyOf(more: Partial<CanonicalRequest>, by: CodexPlan = plan): JsonObject {
  return codexBody({ ...request, ...more }, by).body;
}

describe('the ordinary profile', () => {
  it('says what the backend insists on and nothing it does not know', () => {
    const { body, dropped } = codexBody({ ...request, sampling: { temperature: 1, max_tokens: 3 } }, plan);
    expect(body).toEqual({
      model: 'gpt-5.5',
      instructions: 'OFFICIAL',
      input: [user],
      reasoning: { summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
    });
    expect(dropped).toEqual(['max_tokens', 'temperature']);
  });

  it('makes system messages developer messages and leaves the request itself alone', () => {
    const system = message('system', 'be kind');
    expect(bodyOf({ input: [system, user] })['input']).toEqual([message('developer', 'be kind'), user]);
    expect(system['role']).toBe('system');
  });

  it('drops replayed ids unless encrypted content is beside them, and reasoning that lost it', () => {
    const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' };
    const image = { type: 'image_generation_call', id: 'ig_1', result: 'x' };
    const input = [
      { ...user, id: 'msg_1' },
      sealed,
      { type: 'reasoning', id: 'rs_2', summary: [] },
      { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' },
      image,
    ];
    expect(bodyOf({ input })['input']).toEqual([
      user,
      sealed,
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      image,
    ]);
  });

  it.each([
    [{ mode: 'pro' }, plan, ['reasoning.mode']],
    [{ mode: 'standard', context: 'auto' }, plan, []],
    [{ context: 'current_turn' }, plan, ['reasoning.context']],
    [{ context: 'current_turn', mode: 'pro' }, lite, ['reasoning.context', 'reasoning.mode']],
    [{ context: 'all_turns' }, lite, []],
    // A CLI says it of the model that it knows, which may be another one than answers.
    [{ context: 'all_turns' }, { ...plan, fromCodexCli: true }, []],
  ])('lists what of %j it does not pass on', (reasoning, by, dropped) => {
    expect(codexBody({ ...request, reasoning: { effort: 'low', ...reasoning } }, by).dropped).toEqual(dropped);
  });

  it('puts the caller instructions behind the official ones', () => {
    expect(bodyOf({ instructions: 'MINE' })).toMatchObject({
      instructions: 'OFFICIAL',
      input: [message('developer', 'MINE'), user],
    });
  });

  it('lets the caller words stand alone when the official mode is off', () => {
    const own = { ...plan, officialMode: false };
    const input = [message('developer', 'ONE'), message('system', 'TWO'), user, message('developer', 'LATE')];
    const body = bodyOf({ input, instructions: 'ZERO' }, own);
    expect(body['instructions']).toBe('ZERO\n\nONE\n\nTWO');
    expect(body['input']).toEqual([user, message('developer', 'LATE')]);
    expect(bodyOf({ input, tools: [tool] }, own)['instructions']).toMatch(/^ONE\n\nTWO\n\n.*tools/s);
    expect(bodyOf({}, own)['instructions']).toMatch(/\w+/);
    expect(bodyOf({ input: [message('developer', 'ONE')] }, own)['input']).toHaveLength(1);
  });

  it('keeps the prompt that a Codex CLI brought', () => {
    const cli = { ...plan, fromCodexCli: true };
    const input = [message('developer', 'CLI PROMPT'), user];
    const body = bodyOf({ input }, cli);
    expect(body['input']).toEqual(input);
    expect(body['instructions']).not.toContain('OFFICIAL');
    expect(body['instructions']).toMatch(/\w+/);
    expect(bodyOf({ instructions: 'OLD CLI' }, cli)).toMatchObject({ instructions: 'OLD CLI', input: [user] });
    expect(bodyOf({}, cli)['instructions']).toBe('OFFICIAL');
  });

  it('tells tools with a choice, parallel only where the model can', () => {
    expect(bodyOf({ tools: [tool] })).toMatchObject({ tools: [tool], tool_choice: 'auto', parallel_tool_calls: true });
    const serial = { ...plan, supportsParallelToolCalls: false };
    expect(bodyOf({ tools: [tool], parallel_tool_calls: true }, serial)).toMatchObject({ parallel_tool_calls: false });
    expect(bodyOf({ tools: [tool], tool_choice: 'required', parallel_tool_calls: false })).toMatchObject({
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
  });

  it('lists a forced call of a tool where there is none, and no other choice', () => {
    const named = { type: 'function', name: 'f' };
    const listed = (choice: unknown): readonly string[] => codexBody({ ...request, tool_choice: choice }, plan).dropped;
    expect(['required', named, 'auto', 'none'].map(listed)).toEqual([['tool_choice'], ['tool_choice'], [], []]);
    expect(bodyOf({ tool_choice: 'required' })['tool_choice']).toBeUndefined();
  });

  it('sends verbosity, tier and include only where they are taken, and lists the rest', () => {
    const wishes = { text: { verbosity: 'low' }, service_tier: 'fast', include: ['file_search_call.results'] };
    expect(codexBody({ ...request, ...wishes }, plan)).toMatchObject({
      body: { text: { verbosity: 'low' }, service_tier: 'priority' },
      dropped: ['include'],
    });
    const plain = { ...plan, supportsVerbosity: false, serviceTiers: [] };
    const { body, dropped } = codexBody({ ...request, ...wishes }, plain);
    expect(body).not.toHaveProperty('text');
    expect(body).not.toHaveProperty('service_tier');
    expect(dropped).toEqual(['include', 'service_tier', 'verbosity']);
    expect(codexBody({ ...request, service_tier: 'auto' }, plan).dropped).toEqual([]);
    expect(codexBody({ ...request, service_tier: 'flex' }, plan).dropped).toEqual(['service_tier']);
  });

  it.each([
    ['none', 'low'],
    ['minimal', 'low'],
    ['low', 'low'],
    ['xhigh', 'xhigh'],
    ['max', 'xhigh'],
    ['ultra', 'xhigh'],
    ['strange', 'strange'],
  ])('sends the effort %s as %s', (asked, sent) => {
    expect(bodyOf({ reasoning: { effort: asked, summary: 'auto' } })['reasoning']).toEqual({
      effort: sent,
      summary: 'auto',
    });
  });

  it('takes the lower of two equally near efforts, the suffix when the request has none, and any for an unknown model', () => {
    const gap = { ...plan, efforts: ['low', 'high', 'ultra'] };
    expect(bodyOf({ reasoning: { effort: 'medium' } }, gap)['reasoning']).toEqual({ effort: 'low' });
    expect(bodyOf({ reasoning: { effort: 'max' } }, gap)['reasoning']).toEqual({ effort: 'high' });
    expect(bodyOf({}, { ...plan, effort: 'high' })['reasoning']).toEqual({ effort: 'high', summary: 'auto' });
    expect(bodyOf({ reasoning: { effort: 'low' } }, { ...plan, effort: 'high' })['reasoning']).toEqual({
      effort: 'low',
    });
    expect(
      bodyOf({ reasoning: { effort: 'minimal', summary: 'none' } }, { ...plan, efforts: [] })['reasoning'],
    ).toEqual({
      effort: 'minimal',
    });
  });
});

describe('the lite profile', () => {
  it('moves tools and prompt into the input and says no top-level tools or instructions', () => {
    const { body, dropped } = codexBody(
      { ...request, tools: [tool, { type: 'web_search' }], parallel_tool_calls: true, reasoning: { effort: 'low' } },
      lite,
    );
    expect(body).toEqual({
      model: 'gpt-6.1-sol',
      input: [{ type: 'additional_tools', role: 'developer', tools: [tool] }, message('developer', 'OFFICIAL'), user],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning: { effort: 'low', context: 'all_turns' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
    });
    expect(dropped).toEqual(['tools.web_search']);
  });

  it('tells a choice by what it declares, and lists the choice it cannot tell', () => {
    const other = { ...tool, name: 'g' };
    const tools = [tool, other];
    const declared = (choice: unknown): unknown =>
      (bodyOf({ tools, tool_choice: choice }, lite)['input'] as InputItem[])[0];
    expect(declared('none')).toEqual(message('developer', 'OFFICIAL'));
    expect(declared({ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'g' }] })).toMatchObject({
      tools: [other],
    });
    expect(codexBody({ ...request, tools, tool_choice: 'required' }, lite).dropped).toEqual(['tool_choice']);
    expect(codexBody({ ...request, tools, tool_choice: 'auto' }, lite).dropped).toEqual([]);
  });

  it('strips image detail from messages and results, in a copy', () => {
    const part = { type: 'input_image', image_url: 'https://x.test/a.png', detail: 'high' };
    const bare = { type: 'input_image', image_url: 'https://x.test/a.png' };
    const input = [
      { type: 'message', role: 'user', content: [part] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: [part] },
    ];
    const sent = bodyOf({ input }, lite)['input'] as InputItem[];
    expect(sent[1]?.['content']).toEqual([bare]);
    expect(sent[3]?.['output']).toEqual([bare]);
    expect(part.detail).toBe('high');
    expect((bodyOf({ input })['input'] as InputItem[])[0]?.['content']).toEqual([part]);
  });
});

describe('what only a Responses host can serve', () => {
  it.each([
    [{ sampling: { previous_response_id: 'r' } }, 'previous_response_id'],
    [{ sampling: { conversation: 'c' } }, 'conversation'],
    [{ input: [user, { type: 'item_reference', id: 'x' }] }, 'input[1]'],
  ])('is named and refused: %j', (more, field) => {
    expect(requiresResponsesHost({ ...request, ...more })).toBe(field);
    expect(() => codexBody({ ...request, ...more }, plan)).toThrow(GatewayError);
    expect(() => codexBody({ ...request, ...more }, plan)).toThrow('full input');
  });

  it('is said with its remedy: a reference comes from a client that believes its answers are stored', () => {
    const input = [user, { type: 'item_reference', id: 'x' }];
    expect(() => codexBody({ ...request, input }, plan)).toThrow('Set `store: false` in your client');
  });

  it('is nothing in an ordinary request', () => {
    expect(requiresResponsesHost({ ...request, sampling: { seed: 1 } })).toBeUndefined();
    expect(droppedOnCodex({ ...request, sampling: { user: 'u', seed: 1 } })).toEqual(['seed', 'user']);
    const more = { include: ['reasoning.encrypted_content', 'file_search_call.results'], service_tier: 'flex' };
    expect(droppedOnCodex({ ...request, ...more })).toEqual(['include', 'service_tier']);
    expect(droppedOnCodex({ ...request, include: ['reasoning.encrypted_content'], service_tier: 'fast' })).toEqual([]);
  });
});

describe('requests recorded from the Codex CLI', () => {
  const folder = `${__dirname}/../../../test/fixtures/codex`;
  const files = readdirSync(folder).filter((name) =>
    /^(responses-http|custom-provider|builtin-provider|client-thread-title)-.*\.json$/.test(name),
  );
  const recorded = files.flatMap((name) => {
    const { request: sent } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as {
      request: { body?: JsonObject };
    };
    return Array.isArray(sent.body?.['input']) ? [[name, sent.body] as const] : [];
  });

  it('are there', () => {
    expect(recorded.length).toBeGreaterThanOrEqual(15);
  });

  it.each(recorded)('%s goes through without a loss', (_, sent) => {
    const isLite = (sent['reasoning'] as JsonObject)['context'] !== undefined;
    const by = { ...(isLite ? lite : plan), fromCodexCli: true, slug: String(sent['model']) };
    const client = responsesToCanonical(sent, {
      dropParams: false,
      maxImageBytes: 1e6,
      alwaysIncludeStreamUsage: false,
      hash: (t) => t,
    });
    const { body, dropped } = codexBody(client.canonical, by);
    expect(client.droppedParams).toEqual([]);
    expect(dropped).toEqual([]);
    const expected = { ...sent, input: (sent['input'] as InputItem[]).map(withoutLooseId) };
    if (!isLite && sent['instructions'] === undefined) delete body['instructions'];
    expect(body).toEqual(expected);
  });
});

/** Only a loose id may go: the backend never stored the item it would look up. */
function withoutLooseId(item: InputItem): InputItem {
  const copy = { ...item };
  if (copy['encrypted_content'] === undefined) delete copy['id'];
  return copy;
}
