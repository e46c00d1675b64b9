import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { fixtureNames, recordedRequest, sseFixtures } from '../support/fixtures';
import * as answers from './answers';
import {
  call,
  ask,
  eventsIn,
  itemsIn,
  jsonIn,
  liteAsk,
  liteHeaders,
  loginHeaders,
  ordinaryAsk,
  spokenIn,
} from './caller';
import { greeting } from './conversation';
import { type JsonObject, objectOf } from './json';
import { type Simulator, startSimulator } from './simulator';

let simulator: Simulator;
beforeAll(async () => {
  await init();
  simulator = await startSimulator();
});
afterEach(() => {
  simulator.reset();
});
afterAll(() => simulator.close());

/** Names of recorded calls of `/responses`, by whether the backend still serves their model to their version. */
const recorded = [
  ...fixtureNames('.json').filter((name) => name.startsWith('responses-http-')),
  ...fixtureNames('.json').filter((name) => name.startsWith('custom-provider-')),
].filter((name) => Array.isArray(recordedRequest(name).body?.['input']));
const retired = /gpt-5\.1-codex-unknown|gpt-5-codex|gpt-5\.3-codex|custom-provider-apikey/;

function replay(name: string): ReturnType<typeof ask> {
  const { headers, body } = recordedRequest(name);
  const kept = Object.entries(headers).filter(([header]) =>
    /^(version|originator|user-agent|accept|x-.*)$/.test(header),
  );
  return ask(simulator, body ?? {}, { headers: Object.fromEntries(kept) });
}

function ordinaryWith(more: JsonObject): JsonObject {
  return { ...ordinaryAsk, ...more };
}

function userSays(...parts: readonly JsonObject[]): JsonObject {
  return { type: 'message', role: 'user', content: parts };
}

const useTheTool = userSays({ type: 'input_text', text: 'please use the tool' });

describe('the recorded CLI', () => {
  it.each(recorded.filter((name) => !retired.test(name)))('is understood in %s', async (name) => {
    const heard = await replay(name);
    expect([heard.status, heard.bytes.toString('utf8').slice(0, 300)]).toEqual([
      200,
      expect.stringContaining('codex.rate_limits'),
    ]);
    expect(eventsIn(heard.bytes).at(-1)?.['type']).toBe('response.completed');
  });

  it.each(recorded.filter((name) => retired.test(name)))(
    'is told in %s that its model is gone, and nothing else',
    async (name) => {
      const heard = await replay(name);
      const { body } = recordedRequest(name);
      const detail = `The '${String(body?.['model'])}' model is not supported when using Codex with a ChatGPT account.`;
      expect([heard.status, jsonIn(heard.bytes)]).toEqual([400, { detail }]);
    },
  );

  it('finds both kinds among the recordings', () => {
    expect(recorded.filter((name) => !retired.test(name)).length).toBeGreaterThan(8);
    expect(recorded.filter((name) => retired.test(name)).length).toBeGreaterThan(3);
  });

  it('compacts over the unary call', async () => {
    const { body } = recordedRequest('compact-http-0.120.0');
    simulator.catalog.replace([{ slug: 'gpt-5.4', minimal_client_version: '0.98.0' }]);
    const heard = await call(`${simulator.codexUrl}/responses/compact`, {
      method: 'POST',
      headers: { ...loginHeaders(simulator), version: '0.120.0' },
      body: JSON.stringify(body),
    });
    const output = jsonIn(heard.bytes)['output'] as readonly JsonObject[];
    expect(heard.status).toBe(200);
    expect(output.at(-1)).toEqual({ type: 'compaction', encrypted_content: expect.stringMatching(/^gAAAA/) as string });
    expect(simulator.counts.compactions).toBe(1);
  });
});

describe('a default answer', () => {
  it('streams a greeting with padding on deltas and an empty output', async () => {
    const heard = await ask(simulator);
    const events = eventsIn(heard.bytes);
    const types = events.map((event) => event['type']);
    expect(spokenIn(heard.bytes)).toBe(greeting);
    expect(types.slice(0, 5)).toEqual([
      'codex.rate_limits',
      'codex.response.metadata',
      'response.created',
      'response.in_progress',
      'response.output_item.added',
    ]);
    expect(events.find((event) => event['type'] === 'response.output_text.delta')?.['obfuscation']).toMatch(/^.{4,}$/);
    const response = objectOf(events.at(-1)?.['response']);
    expect(response).toMatchObject({
      status: 'completed',
      output: [],
      usage: { input_tokens: 1200, total_tokens: 1224 },
    });
  });

  it('numbers the events of the response without a gap', async () => {
    const events = eventsIn((await ask(simulator)).bytes).filter((event) => 'sequence_number' in event);
    expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, at) => at));
  });

  it('carries limits, catalog tag, model and trace in headers', async () => {
    const { headers } = await ask(simulator);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'openai-model': 'gpt-5.5',
      'x-models-etag': simulator.catalog.etag,
      'x-codex-primary-window-minutes': '300',
    });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('leaves the metadata frames out when told so', async () => {
    simulator.switches.metadataFrames = false;
    expect(eventsIn((await ask(simulator)).bytes)[0]?.['type']).toBe('response.created');
  });

  it('calls the shell when asked to use the tool, and reports what came back', async () => {
    const { body } = recordedRequest('responses-http-0.169.0-gpt-5.5');
    const first = await ask(simulator, { ...body, input: [...(body?.['input'] as JsonObject[]), useTheTool] });
    const called = itemsIn(first.bytes).find((item) => item['type'] === 'function_call') ?? {};
    expect(called).toMatchObject({ name: 'exec_command', arguments: '{"cmd":"echo tool-ran"}' });
    const output = { type: 'function_call_output', call_id: called['call_id'], output: 'tool-ran\n' };
    const second = await ask(simulator, ordinaryWith({ input: [useTheTool, called, output] }));
    expect(spokenIn(second.bytes)).toBe('The tool answered: tool-ran');
  });

  it('fills in the parameters of any other function', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function', name: 'get_weather', parameters }];
    const heard = await ask(simulator, ordinaryWith({ input: [useTheTool], tools }));
    expect(itemsIn(heard.bytes).at(-1)).toMatchObject({ name: 'get_weather', arguments: '{"city":"simulated"}' });
  });

  it('gives the lite CLI its freeform tool', async () => {
    const { body } = recordedRequest('responses-http-0.169.0-gpt-6.1-sol-lite');
    const input = [...(body?.['input'] as JsonObject[]), useTheTool];
    const heard = await ask(simulator, { ...body, input }, { headers: liteHeaders });
    expect(itemsIn(heard.bytes).at(-1)).toMatchObject({ type: 'custom_tool_call', name: 'exec' });
  });

  it('obeys tool_choice', async () => {
    const tools = [
      { type: 'function', name: 'a', parameters: {} },
      { type: 'function', name: 'b', parameters: {} },
    ];
    const none = await ask(simulator, ordinaryWith({ input: [useTheTool], tools, tool_choice: 'none' }));
    const named = await ask(simulator, ordinaryWith({ tools, tool_choice: { type: 'function', name: 'b' } }));
    expect(spokenIn(none.bytes)).toBe(greeting);
    expect(itemsIn(named.bytes).at(-1)).toMatchObject({ type: 'function_call', name: 'b' });
  });

  it('sees images, fills schemas and compacts on the trigger', async () => {
    const image = await replay('responses-http-0.169.0-image-input');
    const schema = await replay('responses-http-0.169.0-output-schema');
    const compacted = await replay('responses-http-0.169.0-compaction-v2');
    expect(spokenIn(image.bytes)).toContain('I see an image');
    expect(spokenIn(schema.bytes)).toBe('{"a":"simulated"}');
    expect(itemsIn(compacted.bytes).map((item) => item['type'])).toEqual(['compaction']);
  });
});

describe('a body', () => {
  it.each([
    ['zstd', (text: Buffer): Buffer => Buffer.from(compress(text, 3))],
    ['gzip', (text: Buffer): Buffer => gzipSync(text)],
  ])('may come as %s', async (encoding, pack) => {
    const heard = await call(`${simulator.codexUrl}/responses`, {
      method: 'POST',
      headers: { ...loginHeaders(simulator), 'content-encoding': encoding },
      body: pack(Buffer.from(JSON.stringify(ordinaryAsk))),
    });
    expect(heard.status).toBe(200);
    expect(simulator.seen[0]?.body).toEqual(ordinaryAsk);
  });

  it('that cannot be decoded is refused', async () => {
    const heard = await ask(simulator, ordinaryAsk, { headers: { 'content-encoding': 'zstd' } });
    expect(heard.status).toBe(400);
    expect(simulator.counts.refusedRequests).toBe(1);
  });
});

describe('a scripted answer', () => {
  it.each([
    ['text', answers.text('Good day'), [{ type: 'message' }]],
    [
      'reasoningThenText',
      answers.reasoningThenText('One\n\nTwo', 'Done'),
      [{ type: 'reasoning', summary: [{ text: 'One' }, { text: 'Two' }] }, { type: 'message' }],
    ],
    [
      'toolCall',
      answers.toolCall('f', { a: 1 }, { callId: 'call_1' }),
      [{ type: 'reasoning' }, { type: 'function_call', call_id: 'call_1', arguments: '{"a":1}' }],
    ],
    [
      'parallelToolCalls',
      answers.parallelToolCalls([
        { name: 'f', args: {} },
        { name: 'g', args: '{}', doneOnly: true },
      ]),
      [{ type: 'reasoning' }, { name: 'f' }, { name: 'g' }],
    ],
    [
      'textThenToolCalls',
      answers.textThenToolCalls('First', [{ name: 'f', args: {} }]),
      [{ type: 'message' }, { name: 'f' }],
    ],
    [
      'customToolCall',
      answers.customToolCall('apply_patch', '*** Begin'),
      [{ type: 'custom_tool_call', input: '*** Begin' }],
    ],
    ['refusal', answers.refusal('No.'), [{ content: [{ type: 'refusal', refusal: 'No.' }] }]],
    ['structured', answers.structured({ a: 1 }), [{ content: [{ text: '{"a":1}' }] }]],
    ['compaction', answers.compaction('gAAAAx'), [{ type: 'compaction', encrypted_content: 'gAAAAx' }]],
  ] as const)('of %s carries its items', async (_name, answer, items) => {
    simulator.script.next(answer);
    const heard = await ask(simulator);
    expect(itemsIn(heard.bytes)).toMatchObject(items);
    expect(eventsIn(heard.bytes).at(-1)?.['type']).toBe('response.completed');
  });

  it.each(sseFixtures())('streams $name byte for byte', async ({ name, bytes }) => {
    simulator.script.next(answers.fixture(name));
    expect((await ask(simulator)).bytes.equals(bytes)).toBe(true);
  });

  it('sends as many deltas as asked for', async () => {
    simulator.script.next(answers.deltas(50));
    const events = eventsIn((await ask(simulator)).bytes);
    expect(events.filter((event) => event['type'] === 'response.output_text.delta')).toHaveLength(50);
  });

  it('is taken in the order next, when, always', async () => {
    simulator.script.always(answers.text('always'));
    simulator.script.when((seen) => objectOf(seen.body)['model'] === 'gpt-6.1-sol', answers.text('lite'));
    simulator.script.next(answers.text('first'), answers.text('second'));
    const spoken = async (body?: JsonObject): Promise<string> =>
      spokenIn((await ask(simulator, body, body && { headers: liteHeaders })).bytes);
    expect([await spoken(liteAsk), await spoken(), await spoken(), await spoken(liteAsk)]).toEqual([
      'first',
      'second',
      'always',
      'lite',
    ]);
  });

  it('waits for a request that the judge accepts', async () => {
    simulator.script.next(answers.text('kept'));
    expect((await ask(simulator, ordinaryWith({ stream: false }))).status).toBe(400);
    expect(simulator.script.waiting).toBe(1);
    expect(spokenIn((await ask(simulator)).bytes)).toBe('kept');
  });
});

describe('the judge', () => {
  it('remembers what it saw, and forgets it on reset', async () => {
    const awaited = simulator.waitForRequest((seen) => seen.path.endsWith('/responses'));
    await ask(simulator, ordinaryAsk, { headers: { 'X-Marker': 'yes' } });
    const seen = await awaited;
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/backend-api/codex/responses',
      body: ordinaryAsk,
      headers: { 'x-marker': 'yes' },
    });
    expect([seen.rawBytes, await seen.ended]).toEqual([JSON.stringify(ordinaryAsk).length, 'answered']);
    expect(simulator.counts).toMatchObject({ requests: 1, responses: 1, refusedRequests: 0 });
    simulator.script.always(answers.text('gone'));
    simulator.reset();
    expect([simulator.seen, simulator.counts.requests]).toEqual([[], 0]);
    expect(spokenIn((await ask(simulator)).bytes)).toBe(greeting);
  });

  it('refuses upgrades with 426 and unknown paths with 404', async () => {
    const refusal = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString('latin1')));
      socket.on('close', () => {
        resolve(text);
      });
      socket.write(
        'GET /backend-api/codex/responses HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
      );
    });
    const lost = await call(`${simulator.url}/backend-api/ps/mcp`);
    expect(refusal).toMatch(/^HTTP\/1\.1 426 /);
    expect([lost.status, jsonIn(lost.bytes)]).toEqual([404, { detail: 'Not Found' }]);
    expect(simulator.counts).toMatchObject({ upgrades: 1, notFound: 1 });
  });
});
