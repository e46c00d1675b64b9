import { type JsonObject, objectOf, objectsOf, stringOf } from '../simulator/json';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const config = `
model_list:
  - model_name: team
    litellm_params: { model: codex-oauth/gpt-5.5, litellm_credential_name: seat }
    model_info: { id: seat-one, max_output_tokens: 64000, input_cost_per_token: 0.00000125, note_token: tk-private-note }
  - model_name: team
    litellm_params: { model: chatgpt/gpt-6.1-terra, rpm: 5, tpm: 900, order: 2, weight: 3, max_parallel_requests: 4, tags: [free] }
    model_info: { id: seat-two }
  - model_name: metered
    litellm_params: { model: openai/gpt-4.1, api_base: 'http://127.0.0.1:9/v1', api_key: sk-secret-of-the-metered-host }
  - model_name: kept
    litellm_params: { model: codex-oauth/gpt-5.5, rpm: 7 }
    model_info: { id: seat-of-team, team_id: crew, team_public_model_name: ours }
  - model_name: 'any/*'
    litellm_params: { model: 'codex-oauth/*' }
credential_list:
  - { credential_name: seat, credential_values: { access_token: at-private-access-token-000 } }
router_settings:
  model_group_alias:
    fast: team
    quiet: { model: team, hidden: true }
    deep: any/gpt-6.1-sol-xhigh
`;
const wildcard = ['gpt-5.5', 'gpt-5.6-luna', 'gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-6-astra', 'gpt-6-luna', 'gpt-6-sol']
  .concat(['gpt-6.1-sol', 'gpt-6.1-terra'])
  .map((slug) => `any/${slug}`);

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({ config });
});
afterAll(() => bench.close());

async function rows(path: string): Promise<readonly JsonObject[]> {
  const { status, json, text } = await send(bench, path);
  expect(status).toBe(200);
  expect(text).not.toMatch(/sk-secret|at-private|tk-private|eyJ|auth\.json|credential/);
  return objectsOf(objectOf(json)['data']);
}
const idsOf = (entries: readonly JsonObject[]): unknown[] => entries.map((row) => objectOf(row['model_info'])['id']);

describe('the model list', () => {
  it('holds groups, what a wildcard leads to, and visible aliases, also of a name behind a wildcard', async () => {
    const { data } = await bench.client.models.list();
    expect(data.map(({ id }) => id)).toEqual([...wildcard, 'deep', 'fast', 'metered', 'team']);
    expect(data[0]).toEqual({ id: 'any/gpt-5.5', object: 'model', created: 1_677_610_602, owned_by: 'openai' });
    expect(await bench.client.models.retrieve('any/gpt-6-sol')).toMatchObject({ id: 'any/gpt-6-sol' });
    await expect(bench.client.models.retrieve('quiet')).rejects.toMatchObject({ status: 404 });
  });

  it('is asked for a name with its slash as it is, as LiteLLM’s clients and the Python SDK do', async () => {
    for (const path of ['/v1/models/any/gpt-6-sol', '/models/any/gpt-6-sol?x=1/2', '/v1/models/any%2Fgpt-6-sol'])
      expect((await send(bench, path)).json).toMatchObject({ id: 'any/gpt-6-sol' });
    expect((await send(bench, '/v1/models/no/such')).json).toMatchObject({ error: { code: '404', param: 'model' } });
    expect((await send(bench, '/v1/models/any/gpt-6-sol', { headers: { authorization: '' } })).status).toBe(401);
    for (const name of ['any/gpt-6-sol', 'any%2Fgpt-6-sol']) {
      const path = `/openai/deployments/${name}/chat/completions?api-version=1/2`;
      expect((await post(bench, path, chatBody({ model: 'other' }))).json).toMatchObject({ model: 'any/gpt-6-sol' });
    }
  });

  it.each(['/v1/models', '/models', '/v1/models/team', '/model/info', '/v1/model/info', '/model_group/info'])(
    'at %s needs a key',
    async (path) => {
      expect((await send(bench, path, { headers: { authorization: '' } })).status).toBe(401);
      expect((await send(bench, path)).status).toBe(200);
    },
  );

  it.each([
    ['fast', 'gpt-5.5', undefined],
    ['quiet', 'gpt-5.5', undefined],
    ['deep', 'gpt-6.1-sol', 'xhigh'],
  ])('has in %s a name that is served, listed or hidden', async (model, slug, effort) => {
    // Shown, not sent: one of the two seats has a login that nobody would let in.
    const body = { call_type: 'completion', request_body: { model, messages: [{ role: 'user', content: 'x' }] } };
    const headers = { 'content-type': 'application/json' };
    const told = await send(bench, '/utils/transform_request', { method: 'POST', body: JSON.stringify(body), headers });
    const shown = objectOf(objectOf(told.json)['raw_request_body']);
    expect([shown['model'], objectOf(shown['reasoning'])['effort']]).toEqual([slug, effort]);
  });
});

describe('/model/info', () => {
  it('has a row for every deployment of every listed name, with the facts of its catalog', async () => {
    const all = await rows('/model/info');
    expect(await rows('/v1/model/info')).toEqual(all);
    const names = all.map((row) => stringOf(row['model_name']));
    expect(names).toEqual([...wildcard, 'deep', 'fast', 'fast', 'metered', 'team', 'team']);
    const two = all.find((row) => row['model_name'] === 'team' && objectOf(row['model_info'])['id'] === 'seat-two');
    expect(two).toMatchObject({
      litellm_params: {
        model: 'codex-oauth/gpt-6.1-terra',
        api_base: bench.simulator.codexUrl,
        ...{ rpm: 5, tpm: 900, order: 2, weight: 3, max_parallel_requests: 4, tags: ['free'] },
      },
      model_info: {
        db_model: false,
        key: 'gpt-6.1-terra',
        mode: 'responses',
        litellm_provider: 'codex',
        max_input_tokens: 500_000,
        max_output_tokens: null,
        input_cost_per_token: null,
        supports_function_calling: true,
        supports_parallel_function_calling: false,
        supports_vision: true,
        supports_reasoning: true,
        supported_reasoning_efforts: ['low', 'medium', 'high', 'xhigh', 'max', 'ultra'],
        default_reasoning_effort: 'low',
        supported_service_tiers: ['priority'],
        codex_profile: 'lite',
      },
    });
  });

  it('tells the list price of a model whose price is known', async () => {
    const [listed] = await rows('/model/info?litellm_model_id=seat-one');
    expect(objectOf(listed?.['model_info'])).toMatchObject({
      // The operator’s own, and the rest of the list price of gpt-5.5 beside it.
      input_cost_per_token: 0.00000125,
      output_cost_per_token: 0.00003,
    });
  });

  it('lets what the operator wrote go before the catalog, but for what looks like a secret', async () => {
    const [one] = await rows('/model/info?litellm_model_id=seat-one');
    expect(objectOf(one?.['model_info'])).toMatchObject({
      id: 'seat-one',
      max_output_tokens: 64_000,
      input_cost_per_token: 0.00000125,
      max_input_tokens: 272_000,
      supports_parallel_function_calling: true,
    });
    expect(objectOf(one?.['model_info'])).not.toHaveProperty('note_token');
  });

  it('shows one deployment when it is asked for by its id, under each of its names', async () => {
    const one = await rows('/model/info?litellm_model_id=seat-two');
    expect([idsOf(one), one.map((row) => row['model_name'])]).toEqual([
      ['seat-two', 'seat-two'],
      ['fast', 'team'],
    ]);
    expect(await rows('/model/info?litellm_model_id=nobody')).toEqual([]);
  });

  it('tells no more of a plain Responses host than where it is', async () => {
    const metered = (await rows('/model/info')).find((row) => row['model_name'] === 'metered');
    expect(metered?.['litellm_params']).toEqual({ model: 'openai/gpt-4.1', api_base: 'http://127.0.0.1:9/v1' });
    expect(metered?.['model_info']).not.toHaveProperty('supports_reasoning');
  });
});

describe('/model_group/info', () => {
  it('tells the most that one of a group’s deployments can do', async () => {
    const groups = await rows('/model_group/info');
    expect(groups.map((row) => row['model_group'])).toEqual([...wildcard, 'deep', 'fast', 'metered', 'team']);
    const team = {
      providers: ['codex'],
      ...{ rpm: 5, tpm: 900 },
      mode: 'responses',
      max_input_tokens: 500_000,
      max_output_tokens: 64_000,
      supports_parallel_function_calling: true,
      supported_reasoning_efforts: ['low', 'medium', 'high', 'xhigh', 'max', 'ultra'],
    };
    expect(await rows('/model_group/info?model_group=team')).toEqual([
      expect.objectContaining({ model_group: 'team', ...team }),
    ]);
    expect(groups.find((row) => row['model_group'] === 'fast')).toMatchObject(team);
    expect(await rows('/model_group/info?model_group=quiet')).toEqual([]);
  });
});

it('the API reference names the routes and what they can be asked', async () => {
  const { json } = await send(bench, '/openapi.json');
  const paths = objectOf(objectOf(json)['paths']);
  for (const path of ['/v1/models', '/v1/models/{id}', '/model/info', '/v1/model/info', '/model_group/info'])
    expect(stringOf(objectOf(objectOf(paths[path])['get'])['summary'])).toBeDefined();
  expect(JSON.stringify(paths['/model/info'])).toContain('"litellm_model_id"');
});

describe('names that not everybody has', () => {
  it('are there for who has them: those of a team’s own deployments, and aliases of a key', async () => {
    await post(bench, '/team/new', { team_id: 'crew' });
    const made = await post(bench, '/key/generate', {
      team_id: 'crew',
      aliases: { mine: 'metered' },
      models: ['ours', 'metered'],
    });
    const own = { url: bench.url, key: String(objectOf(made.json)['key']) };
    const named = async (path: string, field: string): Promise<readonly unknown[]> =>
      objectsOf(objectOf((await send(own, path)).json)['data']).map((row) => row[field]);
    const names = ['metered', 'mine', 'ours'];
    expect(await named('/v1/models', 'id')).toEqual(names);
    expect(await named('/model/info', 'model_name')).toEqual(names);
    expect(await named('/model_group/info', 'model_group')).toEqual(names);
    expect(await named('/model/info?litellm_model_id=seat-of-team', 'model_name')).toEqual(['ours']);
    expect(await named('/model_group/info?model_group=mine', 'providers')).toEqual([['openai']]);
  });
});
