import { askChat, askResponses, type ChatQuestion, lastAsked, refusalOf, ways } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';
import { type Simulator, startSimulator } from '../simulator/simulator';

const messages: ChatQuestion['messages'] = [{ role: 'user', content: 'Hello?' }];

let host: Simulator;
let bench: TestBench;
let strict: TestBench;

beforeAll(async () => {
  // The plain host is a simulator of its own, because a configuration has to name it before the bench is there.
  host = await startSimulator();
  bench = await startBench({ config: configFor(host.openAiUrl) });
  strict = await startBench({ config: `${configFor(host.openAiUrl)}litellm_settings: { drop_params: false }\n` });
});

afterAll(async () => {
  await bench.close();
  await strict.close();
  await host.close();
});

describe.each(ways)('deployments of the configuration, %s', (way) => {
  it('send to a plain Responses host what only it takes', async () => {
    const { message, headers, completion } = await askChat(bench.client, way, {
      model: 'plain',
      messages,
      temperature: 0.2,
      max_completion_tokens: 50,
    });
    expect(message.content).toContain('simulator');
    expect(completion.model).toBe('plain');
    expect(headers.get('x-codex-gateway-dropped-params')).toBeNull();
    const { body, headers: sent } = lastAsked(host);
    expect(body).toMatchObject({ model: 'gpt-4.1', temperature: 0.2, max_output_tokens: 50, store: false });
    expect(sent['authorization']).toBe('Bearer sk-of-the-plain-host');
    expect(Object.keys(sent)).toEqual(expect.not.arrayContaining(['chatgpt-account-id', 'originator']));
  });

  it('send there what Codex would leave out, where the operator wants nothing left out', async () => {
    const before = strict.simulator.counts.responses;
    const { headers } = await askChat(strict.client, way, { model: 'mixed', messages, service_tier: 'flex' });
    expect(headers.get('x-codex-gateway-dropped-params')).toBeNull();
    expect(lastAsked(host).body).toMatchObject({ model: 'gpt-4.1', service_tier: 'flex' });
    expect(strict.simulator.counts.responses).toBe(before);
  });

  it('are not asked for probabilities, for which a chat answer has no place here', async () => {
    const asked = { model: 'plain', messages, logprobs: true, top_logprobs: 2 };
    const { headers } = await askChat(bench.client, way, asked);
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('logprobs,top_logprobs');
    expect(Object.keys(lastAsked(host).body)).toEqual(expect.not.arrayContaining(['include', 'top_logprobs']));
    expect(await refusalOf(askChat(strict.client, way, asked))).toMatchObject({ status: 400, param: 'logprobs' });
  });

  it('continue a stored answer on a plain Responses host', async () => {
    const { text } = await askResponses(bench.client, way, {
      model: 'plain',
      input: [{ type: 'function_call_output', call_id: 'call_stored', output: '21 degrees' }],
      previous_response_id: 'resp_stored',
    });
    expect(text).toBe('The tool answered: 21 degrees');
    expect(lastAsked(host).body).toMatchObject({
      previous_response_id: 'resp_stored',
      input: [{ type: 'function_call_output', call_id: 'call_stored' }],
    });
  });

  it('may say a canned answer without asking anyone', async () => {
    const before = bench.simulator.counts.responses;
    const { message, completion } = await askChat(bench.client, way, { model: 'canned', messages });
    expect(message.content).toBe('All is well, "really".');
    expect(completion.model).toBe('canned');
    const { text } = await askResponses(bench.client, way, { model: 'canned', input: 'Hello?' });
    expect(text).toBe('All is well, "really".');
    expect(bench.simulator.counts.responses).toBe(before);
  });

  it('are found under an alias, which the answer repeats', async () => {
    const { completion, headers } = await askChat(bench.client, way, { model: 'gpt-4o', messages });
    expect(completion.model).toBe('gpt-4o');
    expect(headers.get('x-litellm-model-group')).toBe('gpt-4o');
    expect(lastAsked(bench.simulator).body['model']).toBe('gpt-5.5');
  });

  it('are found by a wildcard, which fills in the name', async () => {
    const { completion } = await askChat(bench.client, way, { model: 'any/gpt-6.1-sol', messages });
    expect(completion.model).toBe('any/gpt-6.1-sol');
    expect(lastAsked(bench.simulator).body['model']).toBe('gpt-6.1-sol');
  });

  it('are found by the narrower of two wildcards', async () => {
    await askChat(bench.client, way, { model: 'any/fast-gpt-6.1-sol', messages });
    expect(lastAsked(bench.simulator).body).toMatchObject({ model: 'gpt-6.1-sol', reasoning: { effort: 'low' } });
  });

  it('are found by their id', async () => {
    const { headers } = await askChat(bench.client, way, { model: 'the-id', messages });
    expect(headers.get('x-litellm-model-id')).toBe('the-id');
    expect(headers.get('x-litellm-model-api-base')).toBe(`${bench.simulator.url}/backend-api/codex`);
    expect(lastAsked(bench.simulator).body['model']).toBe('gpt-5.5');
  });

  it('are all there is: a model of the account that none of them names is unknown', async () => {
    const error = await refusalOf(askChat(bench.client, way, { model: 'gpt-5.5', messages }));
    expect(error.status).toBe(404);
  });
});

function configFor(plainHost: string): string {
  return `
model_list:
  - model_name: team-default
    litellm_params: { model: codex-oauth/gpt-5.5 }
    model_info: { id: the-id }
  - model_name: any/*
    litellm_params: { model: codex-oauth/* }
  - model_name: any/fast-*
    litellm_params: { model: codex-oauth/*, reasoning_effort: low }
  - model_name: plain
    litellm_params: { model: openai/gpt-4.1, api_base: ${plainHost}, api_key: sk-of-the-plain-host }
  - model_name: mixed
    litellm_params: { model: codex-oauth/gpt-5.5, order: 1 }
  - model_name: mixed
    litellm_params: { model: openai/gpt-4.1, api_base: ${plainHost}, api_key: sk-of-the-plain-host, order: 2 }
  - model_name: canned
    litellm_params: { model: codex-oauth/gpt-5.5, mock_response: 'All is well, "really".' }
router_settings:
  model_group_alias: { gpt-4o: team-default }
`;
}
