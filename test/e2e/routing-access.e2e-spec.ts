import { faults } from '../simulator/faults';
import { AccountsBench, teamConfig } from '../support/accounts';
import { chatBody, post, type ReadAnswer } from '../support/calls';

const names = ['a', 'b', 'wild'];
const group = (name: string, model = 'codex/gpt-5.5', account = name): string =>
  `  - { model_name: "${name}", litellm_params: { model: "${model}", litellm_credential_name: ${account} }, model_info: { id: id-${account} } }\n`;
const config = `${teamConfig(names.map((account) => ({ account }))).split('model_list:')[0] ?? ''}model_list:
${group('a')}${group('b')}${group('w/*', 'codex/*', 'wild')}  - { model_name: theirs, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: b }, model_info: { id: id-theirs, team_id: red } }
router_settings:
  num_retries: 0
  queue_timeout: 0
  quota_poll_seconds: 0
  disable_cooldowns: true
  model_group_alias: { other-name: b }
  fallbacks: [{"a": ["b"]}]
`;

let world: AccountsBench;

beforeAll(async () => {
  world = await AccountsBench.start(
    names.map((account) => ({ account })),
    { config },
  );
  for (const model of ['a', 'b', 'w/gpt-5.5']) await post(world.bench, '/v1/responses', { model, input: 'Hi' });
});
beforeEach(() => {
  world.answers('a', faults.server500);
});
afterEach(() => world.rested());
afterAll(() => world.close());

async function keyWith(policy: Record<string, unknown>): Promise<string> {
  return ((await post(world.bench, '/key/generate', policy)).json as { key: string }).key;
}

async function ask(
  key: string,
  body: Record<string, unknown> = {},
): Promise<{ answer: ReadAnswer; to: readonly string[] }> {
  const before = world.simulator.seen.length;
  const answer = await post({ ...world.bench, key }, '/v1/responses', { model: 'a', input: 'Hi', ...body });
  return { answer, to: world.askedSince(before) };
}

describe('a fallback and the key that would use it', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>, string[], number]>([
    ['may, when the key may use it', { models: ['a', 'b'] }, {}, ['a', 'b'], 200],
    ['may not, when the key may not', { models: ['a'] }, {}, ['a'], 502],
    ['may not, when the request itself names it', { models: ['a'] }, { fallbacks: ['b'] }, ['a'], 502],
    ['may not, by the id of its deployment', { models: ['a'] }, { fallbacks: ['id-b'] }, ['a'], 502],
    ['may not, by an alias', { models: ['a'] }, { fallbacks: ['other-name'] }, ['a'], 502],
    ['may, by an alias that it may use', { models: ['a', 'b'] }, { fallbacks: ['other-name'] }, ['a', 'b'], 200],
    [
      'may, by a name that a wildcard serves',
      { models: ['a', 'w/*'] },
      { fallbacks: ['w/gpt-5.5'] },
      ['a', 'wild'],
      200,
    ],
    ['may not, when it belongs to another team', {}, { fallbacks: ['theirs', 'id-theirs'] }, ['a'], 502],
    ['is not wanted by the key', { metadata: { disable_fallbacks: true } }, { fallbacks: ['b'] }, ['a'], 502],
    ['may not leave the accounts that the key is held to', { deployments: ['a'] }, {}, ['a'], 502],
  ])('%s', async (...[, policy, body, to, status]) => {
    const key = await keyWith(policy);
    expect(await ask(key, body)).toMatchObject({ to, answer: { status } });
  });

  it('may bring messages of its own to the chat door', async () => {
    const key = await keyWith({});
    const own = { model: 'b', messages: [{ role: 'user', content: 'Shorter, with an ß' }], max_completion_tokens: 9 };
    const answer = await post(
      { ...world.bench, key },
      '/v1/chat/completions',
      chatBody({ model: 'a', fallbacks: [own] }),
    );
    expect(answer.status).toBe(200);
    const asked = world.simulator.seen.at(-1)?.body;
    expect(JSON.stringify(asked)).toContain('Shorter, with an ß');
    expect(JSON.stringify(asked)).not.toContain('Hello?');
  });
});

describe('the switches for those who test', () => {
  it.each([
    'mock_testing_fallbacks',
    'mock_testing_context_window_fallbacks',
    'mock_testing_content_policy_fallbacks',
    'mock_testing_rate_limit_error',
    'mock_timeout',
  ])('%s is for admins only', async (field) => {
    const { answer, to } = await ask(await keyWith({}), { [field]: true });
    expect([answer.status, to]).toEqual([403, []]);
    expect(answer.text).toContain('admin');
  });

  it('mock_response is for admins only', async () => {
    expect(await ask(await keyWith({}), { mock_response: 'free' })).toMatchObject({ to: [], answer: { status: 403 } });
  });
});

describe('a key that is held to accounts', () => {
  it('does not get around it by asking for a deployment by its id', async () => {
    const { answer, to } = await ask(await keyWith({ deployments: ['a'] }), { model: 'id-b' });
    expect(to).toEqual([]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });
});
