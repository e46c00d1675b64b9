import OpenAI from 'openai';
import { askChat, type ChatQuestion, lastAsked, postText, refusalOf, ways } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const question: ChatQuestion = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'Hello?' }] };
const sampled: ChatQuestion = { ...question, max_completion_tokens: 50, temperature: 0.2, top_p: 0.9 };

let bench: TestBench;
let strict: TestBench;
let demanding: TestBench;

beforeAll(async () => {
  bench = await startBench();
  strict = await startBench({ config: 'litellm_settings:\n  drop_params: false\n' });
  const rules = 'general_settings: { enforce_user_param: true, enforced_params: [metadata.job] }\n';
  demanding = await startBench({ config: `${rules}litellm_settings: { drop_params: false }\n` });
});

afterAll(async () => {
  await bench.close();
  await strict.close();
  await demanding.close();
});

describe.each(ways)('parameters of a chat, %s', (way) => {
  it('are left out and listed when the upstream does not take them', async () => {
    const { headers } = await askChat(bench.client, way, sampled);
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('max_completion_tokens,temperature,top_p');
    const sent = Object.keys(lastAsked(bench.simulator).body);
    expect(sent).toEqual(expect.not.arrayContaining(['max_completion_tokens', 'max_output_tokens', 'temperature']));
  });

  it('are not listed when none was left out', async () => {
    const { headers } = await askChat(bench.client, way, question);
    expect(headers.get('x-codex-gateway-dropped-params')).toBeNull();
    expect(headers.get('x-litellm-model-group')).toBe('gpt-5.5');
  });

  it('may ask for storage, which is refused in a header only', async () => {
    const { headers } = await askChat(bench.client, way, { ...question, store: true });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('store');
    expect(lastAsked(bench.simulator).body['store']).toBe(false);
  });

  it('are refused by name where the operator wants none dropped', async () => {
    const error = await refusalOf(askChat(strict.client, way, { ...question, temperature: 0.2 }));
    expect(error).toMatchObject({ status: 400, param: 'temperature' });
    expect(error.message).toContain('drop_params');
    const unknown = { ...question, no_such_field: 1 } as ChatQuestion;
    expect(await refusalOf(askChat(strict.client, way, unknown))).toMatchObject({
      status: 400,
      param: 'no_such_field',
    });
    expect(strict.simulator.counts.responses).toBe(0);
  });

  it('are not refused there where the gateway itself reads them, and may even demand them', async () => {
    const told = { user: 'ann', safety_identifier: 'ann-1', metadata: { job: 'nightly' } };
    const { headers } = await askChat(demanding.client, way, { ...question, ...told });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('metadata,safety_identifier,user');
    const missing = await refusalOf(askChat(demanding.client, way, { ...question, ...told, metadata: {} }));
    expect(missing).toMatchObject({ status: 400, param: 'metadata.job' });
  });

  const wantsTool = { type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object' } } };
  it.each<[string, Partial<ChatQuestion>]>([
    ['service_tier', { service_tier: 'flex' }],
    ['tool_choice', { model: 'gpt-6-sol', tools: [wantsTool], tool_choice: 'required' }],
    ['tools.web_search', { model: 'gpt-6-sol', tools: [{ type: 'web_search' } as never] }],
  ])('are refused there too when it is the model that does not take them: %s', async (param, more) => {
    const before = strict.simulator.counts.responses;
    const error = await refusalOf(askChat(strict.client, way, { ...question, ...more }));
    expect(error).toMatchObject({ status: 400, param });
    expect(error.message).toContain('drop_params');
    expect(strict.simulator.counts.responses).toBe(before);
    const { headers } = await askChat(bench.client, way, { ...question, ...more });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe(param);
  });

  it('ask for a search on the web, which is a tool upstream', async () => {
    const { headers } = await askChat(bench.client, way, {
      ...question,
      web_search_options: { search_context_size: 'low' },
    });
    expect(headers.get('x-codex-gateway-dropped-params')).toBeNull();
    expect(lastAsked(bench.simulator).body['tools']).toEqual([{ type: 'web_search', search_context_size: 'low' }]);
  });

  it('name a retired model, which another one answers for', async () => {
    const { headers, completion } = await askChat(bench.client, way, { ...question, model: 'gpt-5.1-codex' });
    expect(headers.get('x-codex-gateway-model-remapped')).toBe('gpt-5.1-codex -> gpt-5.5');
    expect(completion.model).toBe('gpt-5.1-codex');
    expect(lastAsked(bench.simulator).body['model']).toBe('gpt-5.5');
  });

  it('name a model with the prefix of its provider', async () => {
    const { completion } = await askChat(bench.client, way, { ...question, model: 'codex-oauth/gpt-6.1-sol' });
    expect(completion.model).toBe('codex-oauth/gpt-6.1-sol');
    expect(lastAsked(bench.simulator).body['model']).toBe('gpt-6.1-sol');
  });

  it('name a model that nobody knows, and are told so', async () => {
    const error = await refusalOf(askChat(bench.client, way, { ...question, model: 'no-such-model' }));
    expect(error).toMatchObject({ status: 404 });
    expect(error.message).toContain('no-such-model');
  });

  it('may leave the model to the path, as Azure clients do', async () => {
    const baseURL = `${bench.url}/openai/deployments/gpt-6.1-sol`;
    const client = new OpenAI({ baseURL, apiKey: bench.key, maxRetries: 0 });
    const { completion, message } = await askChat(client, way, { ...question, model: 'what the body says' });
    expect(message.content).toContain('simulator');
    expect(completion.model).toBe('gpt-6.1-sol');
    expect(lastAsked(bench.simulator).body['model']).toBe('gpt-6.1-sol');
  });
});

it('answers on the path without a version too', async () => {
  const { status, text } = await postText(bench, '/chat/completions', question);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion', model: 'gpt-5.5' });
});
