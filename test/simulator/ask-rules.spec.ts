import { ask, call, jsonIn, liteAsk, liteHeaders, loginHeaders, ordinaryAsk } from './caller';
import { compareVersions } from './catalog';
import { type JsonObject } from './json';
import { type Simulator, startSimulator } from './simulator';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterEach(() => {
  simulator.reset();
});
afterAll(() => simulator.close());

type Verdict = readonly [status: number, words: string];

async function verdictOn(body: JsonObject, headers: Record<string, string> = {}): Promise<Verdict> {
  const heard = await ask(simulator, body, { headers });
  const { detail, error } = jsonIn(heard.bytes);
  return [heard.status, typeof detail === 'string' ? detail : JSON.stringify(detail ?? error)];
}

function without(name: string): JsonObject {
  return Object.fromEntries(Object.entries(ordinaryAsk).filter(([key]) => key !== name));
}

function withInput(...input: readonly JsonObject[]): JsonObject {
  return { ...ordinaryAsk, input };
}

describe('the entrance', () => {
  it.each([
    ['no bearer', (): string => ''],
    ['no JWT', (): string => 'Bearer abc'],
    ['an expired token', (): string => `Bearer ${simulator.tokens.mint({ expiresInSeconds: -1 }).accessToken}`],
  ])('answers 401 to %s', async (_name, authorization) => {
    expect(await verdictOn(ordinaryAsk, { authorization: authorization() })).toEqual([401, 'Unauthorized']);
    expect(simulator.counts).toMatchObject({ unauthorized: 1, refusedRequests: 1, responses: 0 });
  });

  it('answers 401 token_invalidated to a token that was withdrawn before its time', async () => {
    const { accessToken } = simulator.tokens.mint();
    simulator.tokens.expire(accessToken);
    expect(await verdictOn(ordinaryAsk, { authorization: `Bearer ${accessToken}` })).toEqual([
      401,
      expect.stringContaining('token_invalidated'),
    ]);
  });

  it('answers 403 when the account header is missing or names another account', async () => {
    const { 'chatgpt-account-id': accountId, ...headers } = loginHeaders(simulator);
    const body = JSON.stringify(ordinaryAsk);
    const url = `${simulator.codexUrl}/responses`;
    const missing = await call(url, { method: 'POST', headers, body });
    const foreign = await call(url, { method: 'POST', headers: { ...headers, 'chatgpt-account-id': 'other' }, body });
    const right = await call(url, {
      method: 'POST',
      headers: { ...headers, 'chatgpt-account-id': String(accountId) },
      body,
    });
    expect([missing.status, foreign.status, right.status]).toEqual([403, 403, 200]);
  });

  it('lets a personal access token in', async () => {
    const { token, login } = simulator.tokens.mintPersonal();
    const headers = { authorization: `Bearer ${token}`, 'chatgpt-account-id': login.accountId };
    expect((await ask(simulator, ordinaryAsk, { headers })).status).toBe(200);
  });
});

describe('the ordinary profile', () => {
  it.each<[string, JsonObject, string]>([
    ['a missing store', without('store'), 'Store must be set to false'],
    ['store true', { ...ordinaryAsk, store: true }, 'Store must be set to false'],
    ['a missing stream', without('stream'), 'Stream must be set to true'],
    ['a foreign service tier', { ...ordinaryAsk, service_tier: 'auto' }, 'Unsupported parameter: service_tier'],
    ['a bare string as input', { ...ordinaryAsk, input: 'hi' }, 'Input must be a list'],
    ['a system message', withInput({ role: 'system', content: 'x' }), 'System messages are not allowed'],
    ['missing instructions', without('instructions'), 'Instructions are required'],
    ['a retired model', { ...ordinaryAsk, model: 'gpt-5.1' }, "The 'gpt-5.1' model is not supported"],
    ['a reference', withInput({ type: 'item_reference', id: 'rs_1' }), "Item with id 'rs_1' not found"],
    ['stored reasoning', withInput({ type: 'reasoning', id: 'rs_2', summary: [] }), "Item with id 'rs_2' not found"],
    ['an orphan output', withInput({ type: 'function_call_output', call_id: 'c', output: '' }), 'No tool call found'],
    ['a long name', { ...ordinaryAsk, tools: [{ type: 'function', name: 'n'.repeat(65) }] }, 'string_above_max_length'],
    ['a nested tool', { ...ordinaryAsk, tools: [{ type: 'function', function: { name: 'n' } }] }, "'tools[0].name'"],
    ['a chat part', withInput({ role: 'user', content: [{ type: 'text', text: '' }] }), "content type 'text'"],
    [
      'an input part said by the assistant',
      withInput({ role: 'assistant', content: [{ type: 'input_text' }] }),
      'input_text',
    ],
    [
      'a cache mark',
      withInput({ role: 'user', content: [{ type: 'input_text', prompt_cache_breakpoint: {} }] }),
      'breakpoint',
    ],
    ['an unknown effort', { ...ordinaryAsk, reasoning: { effort: 'ultra' } }, 'unsupported_value'],
  ])('refuses %s', async (_name, body, words) => {
    expect(await verdictOn(body)).toEqual([400, expect.stringContaining(words)]);
    expect(simulator.counts).toMatchObject({ refusedRequests: 1, responses: 0 });
  });

  it.each([
    'max_output_tokens',
    'max_tokens',
    'temperature',
    'top_p',
    'seed',
    'metadata',
    'truncation',
    'user',
    'messages',
    'previous_response_id',
    'prompt_cache_retention',
    'safety_identifier',
    'stream_options',
    'context_management',
  ])('does not know %s', async (name) => {
    expect(await verdictOn({ ...ordinaryAsk, [name]: 1 })).toEqual([400, `Unsupported parameter: ${name}`]);
  });

  it('takes names of 64 characters, and outputs whose call is there', async () => {
    const called = { type: 'function_call', call_id: 'c', name: 'n'.repeat(64), arguments: '{}' };
    const body = withInput(called, { type: 'function_call_output', call_id: 'c', output: 'x' });
    expect((await ask(simulator, { ...body, tools: [{ type: 'function', name: 'n'.repeat(64) }] })).status).toBe(200);
  });

  it('objects in the order of the backend', async () => {
    const wrong = { ...ordinaryAsk, store: true, stream: false, temperature: 1, model: 'none' };
    const verdicts = [
      await verdictOn(wrong),
      await verdictOn({ ...wrong, store: false }),
      await verdictOn({ ...wrong, store: false, stream: true }),
    ];
    expect(verdicts.map(([, words]) => words)).toEqual([
      'Store must be set to false',
      'Stream must be set to true',
      'Unsupported parameter: temperature',
    ]);
  });

  it('needs no instructions when a developer message speaks first', async () => {
    const input = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'hi' },
    ];
    expect((await ask(simulator, { ...without('instructions'), input })).status).toBe(200);
  });

  it('asks for an official prompt under the exact policy and for nothing under the lenient one', async () => {
    simulator.catalog.replace([{ slug: 'gpt-5.5', model_messages: { instructions_template: 'Official.' } }]);
    simulator.switches.instructions = 'exact';
    expect(await verdictOn(ordinaryAsk)).toEqual([400, 'Instructions are not valid']);
    expect((await ask(simulator, { ...ordinaryAsk, instructions: 'Official.' })).status).toBe(200);
    simulator.switches.instructions = 'lenient';
    expect((await ask(simulator, without('instructions'))).status).toBe(200);
  });
});

describe('the version gate', () => {
  it('hides a model from clients that are too old for it, or do not say', async () => {
    const old = await verdictOn(liteAsk, { ...liteHeaders, version: '0.152.9' });
    expect(old).toEqual([400, expect.stringContaining("The 'gpt-6.1-sol' model is not supported")]);
    const { version, ...silent } = loginHeaders(simulator);
    const sent = { method: 'POST', headers: silent, body: JSON.stringify(ordinaryAsk) };
    expect((await call(`${simulator.codexUrl}/responses`, sent)).status).toBe(400);
    simulator.switches.missingVersion = 'accept';
    expect((await call(`${simulator.codexUrl}/responses`, sent)).status).toBe(200);
    expect(version).toBe('0.169.0');
  });

  it('compares versions by number', () => {
    expect(compareVersions('0.9.0', '0.10.0')).toBeLessThan(0);
    expect(compareVersions('0.144.6', '0.144.0')).toBeGreaterThan(0);
    expect(compareVersions('1.0', '1.0.0')).toBe(0);
  });
});

describe('the lite profile', () => {
  it('is accepted as the CLI sends it', async () => {
    expect((await ask(simulator, liteAsk, { headers: liteHeaders })).status).toBe(200);
  });

  it.each<[string, JsonObject, Record<string, string>, Verdict]>([
    [
      'an ordinary model',
      ordinaryAsk,
      liteHeaders,
      [400, 'This model is not supported when using X-OpenAI-Internal-Codex-Responses-Lite.'],
    ],
    ['a lite model without the header', liteAsk, {}, [404, 'Model not found gpt-6.1-sol']],
    ['top-level tools', { ...liteAsk, tools: [] }, liteHeaders, [400, 'Unsupported parameter: tools']],
    ['instructions', { ...liteAsk, instructions: 'x' }, liteHeaders, [400, 'Unsupported parameter: instructions']],
    [
      'parallel calls',
      { ...liteAsk, parallel_tool_calls: true },
      liteHeaders,
      [400, 'Parallel tool calls are not available in this profile'],
    ],
    [
      'a missing context',
      { ...liteAsk, reasoning: {} },
      liteHeaders,
      [400, expect.stringContaining('reasoning.context') as string],
    ],
  ])('refuses %s', async (_name, body, headers, verdict) => {
    expect(await verdictOn(body, headers)).toEqual(verdict);
  });

  it('looks for long names inside namespaces, too', async () => {
    const tools = [{ type: 'namespace', name: 'functions', tools: [{ type: 'function', name: 'n'.repeat(65) }] }];
    const input = [{ type: 'additional_tools', role: 'developer', tools }];
    expect((await verdictOn({ ...liteAsk, input }, liteHeaders))[0]).toBe(400);
  });
});
