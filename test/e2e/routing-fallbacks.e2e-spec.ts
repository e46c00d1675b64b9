import { delayed } from '../simulator/answer';
import { faults, usageLimit } from '../simulator/faults';
import { text, toolCall } from '../simulator/answers';
import { objectOf, objectsOf } from '../simulator/json';
import { AccountsBench } from '../support/accounts';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const deployments = ['a', 'b', 'wide', 'mild', 'last', 'other'];
const accounts = deployments.map(
  (account) => `  - { credential_name: ${account}, credential_values: { auth_file: ${account}.json } }`,
);
const list = deployments.map(
  (name) =>
    `  - { model_name: ${name}, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: ${name} }, model_info: { id: id-${name} } }`,
);
const config = `credential_list:
${accounts.join('\n')}
model_list:
${list.join('\n')}
router_settings:
  num_retries: 0
  queue_timeout: 0
  quota_poll_seconds: 0
  disable_cooldowns: true
  max_fallbacks: 3
  model_group_alias: { gpt-4o: a }
  fallbacks: [{"a": ["b", "other"]}, {"b": ["id-last"]}, {"loop": ["a"]}, {"other": ["a", "nowhere"]}]
  context_window_fallbacks: [{"a": ["wide"]}]
  content_policy_fallbacks: [{"b": ["mild"]}]
`;

let world: AccountsBench;

beforeAll(async () => {
  world = await AccountsBench.start(
    deployments.map((account) => ({ account })),
    { config, times: { firstByteHoldMs: 500 } },
  );
  // The catalogs are asked for before anything is counted.
  for (const model of deployments) await post(world.bench, '/v1/responses', { model, input: 'Hi' });
});
afterEach(() => world.rested());
afterAll(() => world.close());

interface Told {
  readonly answer: ReadAnswer;
  readonly to: readonly string[];
  /** What the answer says it is of. */
  readonly model: unknown;
}

const doors: Readonly<
  Record<string, (extra: Record<string, unknown>) => readonly [path: string, body: Record<string, unknown>]>
> = {
  'chat, whole': (extra) => ['/v1/chat/completions', chatBody({ model: 'a', ...extra })],
  'chat, streamed': (extra) => ['/v1/chat/completions', chatBody({ model: 'a', stream: true, ...extra })],
  'responses, whole': (extra) => ['/v1/responses', { model: 'a', input: 'Hi', ...extra }],
  'responses, streamed': (extra) => ['/v1/responses', { model: 'a', input: 'Hi', stream: true, ...extra }],
};

async function ask(extra: Record<string, unknown> = {}, door = 'responses, whole'): Promise<Told> {
  const before = world.simulator.seen.length;
  const [path, body] = doors[door]?.(extra) ?? ['', {}];
  const answer = await post(world.bench, path, body);
  return { answer, to: world.askedSince(before), model: /"model":"([^"]*)"/.exec(answer.text)?.[1] };
}

const messageOf = ({ json }: ReadAnswer): string => (json as { error: { message: string } }).error.message;

describe.each(Object.keys(doors))('%s: a group that fails', (door) => {
  it('is answered for by the next one, and the answer bears its name', async () => {
    world.answers('a', faults.server500);
    const { answer, to, model } = await ask({}, door);
    expect([answer.status, to, model]).toEqual([200, ['a', 'b'], 'b']);
    expect(answer.headers.get('x-litellm-model-group')).toBe('b');
    expect(answer.headers.get('x-litellm-model-id')).toBe('id-b');
    expect(answer.headers.get('x-litellm-attempted-fallbacks')).toBe('1');
    expect(answer.headers.get('x-litellm-max-fallbacks')).toBe('3');
    expect(answer.headers.get('x-litellm-attempted-retries')).toBe('0');
  });

  it('is answered for after the first-byte hold too', async () => {
    world.answers('a', delayed(faults.failedOverloaded, 800));
    const { answer, to } = await ask({}, door);
    expect([answer.status, to]).toEqual([200, ['a', 'b']]);
    expect(answer.text).not.toMatch(/"error":\{|response\.failed/);
  });

  it('and whose stand-ins fail too is told in its own words, with a word on them', async () => {
    world.simulator.script.always(faults.overloaded503);
    const { answer, to } = await ask({}, door);
    expect(answer.status).toBe(503);
    // One group's own fallbacks come before the rest of the line; at most three are tried.
    expect(to).toEqual(['a', 'b', 'last', 'other']);
    expect(messageOf(answer)).toMatch(/no capacity for this model.*Fallbacks.*b \(.*id-last \(.*other \(/);
  });
});

describe('fallbacks', () => {
  it('do not change the name of an answer that none of them gave', async () => {
    expect(await ask({ model: 'gpt-4o' })).toMatchObject({ to: ['a'], model: 'gpt-4o' });
  });

  it('have a list of their own for input that is too long, and for refused prompts', async () => {
    world.answers('a', faults.contextLength400);
    expect((await ask()).to).toEqual(['a', 'wide']);
    world.answers('b', faults.contextLength400);
    // The list exists and does not know this group.
    expect(await ask({ model: 'b' })).toMatchObject({ to: ['b'], answer: { status: 400 } });
    await world.rested();
    world.answers('b', faults.cyberPolicy400);
    expect((await ask({ model: 'b' })).to).toEqual(['b', 'mild']);
  });

  it('are not asked about a request that is wrong', async () => {
    world.answers('a', faults.detail400);
    expect(await ask()).toMatchObject({ to: ['a'], answer: { status: 400 } });
  });

  it('are asked about plans that are used up', async () => {
    world.answers('a', usageLimit(600));
    expect(await ask()).toMatchObject({ to: ['a', 'b'], answer: { status: 200 } });
  });

  it.each<[string, Record<string, unknown>, string[], number]>([
    ['the request’s own replace them', { fallbacks: ['mild', 'wide'] }, ['a', 'mild'], 200],
    ['none of its own means none', { fallbacks: [] }, ['a'], 502],
    ['it wants none', { disable_fallbacks: true }, ['a'], 502],
    ['one that does not exist is passed over', { fallbacks: ['nowhere', 'b'] }, ['a', 'b'], 200],
    ['by an id', { fallbacks: [{ model: 'id-wide' }] }, ['a', 'wide'], 200],
  ])('of a request: %s', async (_, extra, to, status) => {
    world.answers('a', faults.server500);
    expect(await ask(extra)).toMatchObject({ to, answer: { status } });
  });

  it('of a request may ask something else', async () => {
    world.answers('a', faults.server500);
    const { answer } = await ask({ fallbacks: [{ model: 'b', input: 'Something shorter, with an ä' }] });
    expect(answer.status).toBe(200);
    const last = world.simulator.seen.at(-1)?.body as { input: readonly { content: readonly { text: string }[] }[] };
    expect(JSON.stringify(last.input)).toContain('Something shorter, with an ä');
  });

  const long = 'y'.repeat(70);
  const parameters = { type: 'object', properties: {} };
  const ownTools: Readonly<Record<string, unknown>> = {
    chat: { type: 'function', function: { name: long, parameters } },
    responses: { type: 'function', name: long, parameters },
  };

  it.each(Object.keys(doors))('of a request may bring tools, and is answered with their names: %s', async (door) => {
    world.answers('a', faults.server500);
    const extra = { fallbacks: [{ model: 'b', tools: [ownTools[door.split(',')[0] ?? '']] }] };
    await ask(extra, door);
    const sent = objectsOf(objectOf(world.simulator.seen.at(-1)?.body)['tools'])[0]?.['name'];
    expect(String(sent).length).toBeLessThan(long.length);
    world.answers('b', toolCall(String(sent), {}));
    const { answer, to } = await ask(extra, door);
    expect([answer.status, to]).toEqual([200, ['a', 'b']]);
    expect(answer.text).toContain(`"name":"${long}"`);
    expect(answer.text).not.toContain(String(sent));
  });

  it.each(['chat, whole', 'chat, streamed'])(
    'of a request may bring stop sequences, and end at them: %s',
    async (door) => {
      world.answers('a', faults.server500);
      world.answers('b', text('abc STOP def'));
      const { answer } = await ask({ stop: ['abc'], fallbacks: [{ model: 'b', stop: ['STOP'] }] }, door);
      expect(answer.text).toContain('"content":"abc');
      expect(answer.text).not.toMatch(/STOP| def/);
    },
  );

  it.each(['chat, whole', 'chat, streamed'])(
    'of a request with a stop sequence tell how long the question was: %s',
    async (door) => {
      world.answers('a', faults.server500);
      world.answers('b', text('abc STOP def'));
      const messages = [{ role: 'user', content: 'Count the words. '.repeat(100) }];
      const stream_options = door.endsWith('streamed') ? { include_usage: true } : undefined;
      const { answer, to } = await ask({ messages, stop: ['STOP'], stream_options }, door);
      expect(to).toEqual(['a', 'b']);
      expect(Number(/"prompt_tokens":(\d+)/.exec(answer.text)?.[1])).toBeGreaterThan(400);
    },
  );

  it('of a request may bring a field that nobody takes, and it is told', async () => {
    world.answers('a', faults.server500);
    const { answer } = await ask({ fallbacks: [{ model: 'b', top_k: 3 }] });
    expect(answer.headers.get('x-codex-gateway-dropped-params')).toBe('top_k');
  });

  it('of a request that come to a group for another reason than its own fallbacks leave the question as it is', async () => {
    world.answers('a', faults.contextLength400);
    world.answers('wide', text('abc STOP def'));
    const fallbacks = [{ model: 'wide', stop: ['STOP'] }];
    expect((await ask({ fallbacks }, 'chat, whole')).answer.text).toContain('abc STOP def');
  });

  it.each<[string, string[]]>([
    ['mock_testing_fallbacks', ['b']],
    ['mock_testing_context_window_fallbacks', ['wide']],
    ['mock_testing_rate_limit_error', ['b']],
    ['mock_timeout', ['b']],
  ])('can be tried out by an admin with %s, without a failing call', async (field, to) => {
    expect(await ask({ [field]: true })).toMatchObject({ to, answer: { status: 200 } });
    expect(await world.resting()).toEqual([]);
  });

  it('of a group without a list for refused prompts are none, when others have one', async () => {
    expect(await ask({ mock_testing_content_policy_fallbacks: true })).toMatchObject({
      to: [],
      answer: { status: 400 },
    });
  });

  it('may be answered for by a canned answer of the request', async () => {
    const { answer, to } = await ask({ mock_response: 'canned' });
    expect([answer.status, to]).toEqual([200, []]);
    expect(answer.text).toContain('canned');
  });
});

describe('a compaction that a CLI asks for by its last item', () => {
  const compacting = {
    instructions: 'x',
    input: [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { type: 'compaction_trigger' },
    ],
    stream: true,
    store: false,
  };
  const surfaces = ['/v1/responses', '/backend-api/codex/responses'];
  let bench: TestBench;

  beforeAll(async () => {
    bench = await startBench({
      times: { retryBackoffMs: 5 },
      config: ({ openAiUrl }) => `
model_list:
  - { model_name: host, litellm_params: { model: openai/gpt-4o, api_base: ${openAiUrl}, api_key: sk-of-the-host } }
  - { model_name: codex, litellm_params: { model: codex-oauth/gpt-5.5 } }
  - { model_name: mixed, litellm_params: { model: codex-oauth/gpt-5.5, order: 1 } }
  - { model_name: mixed, litellm_params: { model: openai/gpt-4o, api_base: ${openAiUrl}, api_key: sk-of-the-host, order: 2 } }
router_settings: { num_retries: 1, quota_poll_seconds: 0, queue_timeout: 0, disable_cooldowns: true, fallbacks: [{ codex: [host] }] }
`,
    });
  });
  afterEach(() => {
    bench.simulator.script.clear();
  });
  afterAll(() => bench.close());

  it.each(surfaces.flatMap((path) => ['codex', 'mixed'].map((model) => [path, model] as const)))(
    '%s: goes to Codex and never to a plain host, of the group %s',
    async (path, model) => {
      const { counts } = bench.simulator;
      const before = counts.openAiResponses;
      const answer = await post(bench, path, { ...compacting, model });
      expect([answer.status, counts.openAiResponses]).toEqual([200, before]);
      expect(answer.text).toContain('"type":"compaction"');
      bench.simulator.script.always(usageLimit());
      const refused = await post(bench, path, { ...compacting, model });
      expect([refused.status, counts.openAiResponses]).toEqual([429, before]);
      // What is no compaction still goes there.
      const other = await post(bench, path, { ...compacting, input: compacting.input.slice(0, 1), model });
      expect([other.status, counts.openAiResponses]).toEqual([200, before + 1]);
    },
  );

  it.each(surfaces)('%s: is refused in words that a CLI stops at, where nobody can compact', async (path) => {
    const before = bench.simulator.counts.openAiResponses;
    const cli = { originator: 'codex_exec', 'user-agent': 'codex_exec/0.169.0' };
    const { status, json } = await post(bench, path, { ...compacting, model: 'host' }, cli);
    expect(status).toBe(400);
    expect(json).toMatchObject({ error: { code: 'invalid_prompt', param: 'input' } });
    expect(bench.simulator.counts.openAiResponses).toBe(before);
    const inOneCall = await post(bench, '/v1/responses/compact', { ...compacting, model: 'host' });
    expect(inOneCall.status).toBe(400);
    expect(inOneCall.json).toMatchObject({ error: { message: expect.stringContaining('of that kind') as string } });
  });
});
