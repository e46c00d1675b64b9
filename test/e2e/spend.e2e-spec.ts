import { isDeepStrictEqual } from 'node:util';
import OpenAI from 'openai';
import { eventually } from '../support/eventually';
import { startBench, type TestBench } from '../support/gateway';

const config = `
model_list:
  - model_name: team-default
    litellm_params:
      model: codex-oauth/gpt-5.5
  - model_name: cheap
    litellm_params:
      model: codex-oauth/gpt-5.5
      input_cost_per_million_tokens: 1
      output_cost_per_million_tokens: 2
litellm_settings:
  cost_margin_config: { codex: 0.5 }
`;

type Json = Record<string, unknown>;

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({ config });
});
afterAll(async () => {
  await bench.close();
});

async function asked(path: string, key = bench.key, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return fetch(`${bench.url}${path}`, { ...init, headers });
}

async function json<T = Json>(path: string, key?: string, init?: RequestInit): Promise<T> {
  return (await (await asked(path, key, init)).json()) as T;
}

async function newKey(fields: Json): Promise<{ readonly key: string; readonly hash: string; readonly client: OpenAI }> {
  const made = await json<{ key: string; token: string }>('/key/generate', bench.key, {
    method: 'POST',
    body: JSON.stringify(fields),
  });
  const client = new OpenAI({ baseURL: `${bench.url}/v1`, apiKey: made.key, maxRetries: 0 });
  return { key: made.key, hash: made.token, client };
}

const question = { messages: [{ role: 'user' as const, content: 'Ping!' }] };

async function streamed(client: OpenAI, model: string): Promise<Headers> {
  const { data, response } = await client.chat.completions.create({ ...question, model, stream: true }).withResponse();
  for await (const chunk of data) expect(chunk.object).toBe('chat.completion.chunk');
  return response.headers;
}

/** The rows of a key, once so many are settled. */
async function rowsOf(hash: string, count: number): Promise<readonly Json[]> {
  for (let tries = 0; tries < 200; tries += 1) {
    const rows = await json<Json[]>(`/spend/logs?api_key=${hash}`);
    if (rows.length >= count) return rows;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the rows did not come');
}

const today = new Date().toISOString().slice(0, 10);
const span = `start_date=${today}&end_date=${today}`;

describe('what a key spends', () => {
  it('is the same in headers, log, activity, usage and calculation, streamed or whole, in both dialects', async () => {
    const { key, hash, client } = await newKey({
      key_alias: 'spender',
      max_budget: 12,
      budget_duration: '30d',
      user_id: 'ada',
    });
    const { data, response } = await client.chat.completions
      .create({ ...question, model: 'team-default' })
      .withResponse();
    await streamed(client, 'team-default');
    await client.responses.create({ model: 'team-default', input: 'Ping!' });
    const cost = Number(response.headers.get('x-litellm-response-cost'));
    const rows = await rowsOf(hash, 3);
    const ofChat = rows.filter(({ call_type }) => call_type === 'acompletion');
    const { usage } = data;

    expect(cost).toBeGreaterThan(0);
    expect(ofChat.map(({ spend }) => spend)).toEqual([cost, cost]);
    expect(rows.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
    expect(rows[0]).toMatchObject({
      api_key: hash,
      user: 'ada',
      model: 'gpt-5.5',
      model_group: 'team-default',
      custom_llm_provider: 'codex',
    });
    expect((rows[0]?.['metadata'] as Json)['cost_breakdown']).toMatchObject({ price_source: 'list' });
    // The margin of a half is on top of the list price.
    expect(Number(response.headers.get('x-litellm-response-cost-original'))).toBeCloseTo(cost / 1.5, 9);
    expect(response.headers.get('x-litellm-response-cost-margin-percent')).toBe('0.5');
    const calculated = await json('/spend/calculate', key, {
      method: 'POST',
      body: JSON.stringify({ completion_response: { model: 'gpt-5.5', usage } }),
    });
    expect(calculated['cost']).toBe(cost);
    const total = rows.reduce((sum, row) => sum + Number(row['spend']), 0);
    const { results } = await json<{ results: { metrics: Json; breakdown: Record<string, Json> }[] }>(
      `/user/daily/activity?${span}&api_key=${hash}`,
    );
    expect(results[0]?.metrics).toMatchObject({ api_requests: 3, successful_requests: 3 });
    expect(results[0]?.metrics['spend']).toBeCloseTo(total, 9);
    expect(results[0]?.breakdown['api_keys']?.[hash]).toMatchObject({
      metadata: { key_alias: 'spender', user_id: 'ada' },
    });
    const own = await json<{ spend: number; limits: Json[] }>('/v1/usage', key);
    expect(own.spend).toBeCloseTo(total, 9);
    expect(own.limits[0]).toMatchObject({ limit: 'key.max_budget', max: 12, period: '30d', name: 'spender' });
    expect(own.limits[0]?.['used']).toBeCloseTo(total, 9);
    const [listed] = await json<Json[]>(`/global/spend/keys?${span}`);
    expect(listed).toMatchObject({ api_key: hash, key_alias: 'spender' });
  });

  it('follows the price of the deployment', async () => {
    const { hash, client } = await newKey({ key_alias: 'cheap-one' });
    const { usage } = await client.chat.completions.create({ ...question, model: 'cheap' });
    const [row] = await rowsOf(hash, 1);
    const expected = ((usage?.prompt_tokens ?? 0) * 1 + (usage?.completion_tokens ?? 0) * 2) * 1.5e-6;

    expect(row?.['spend']).toBeCloseTo(expected, 9);
    expect((row?.['metadata'] as Json)['cost_breakdown']).toMatchObject({ price_source: 'deployment' });
  });

  it('is shown to the Codex CLI as its window, on answers and on the usage route', async () => {
    const { key, client } = await newKey({ key_alias: 'cli', max_budget: 5, budget_duration: '30d', rpm_limit: 30 });
    const headers = await streamed(
      new OpenAI({
        baseURL: client.baseURL,
        apiKey: key,
        maxRetries: 0,
        defaultHeaders: { originator: 'codex_cli_rs' },
      }),
      'team-default',
    );
    const usage = await json<{ rate_limit: { primary_window: Json } }>('/backend-api/wham/usage', key);

    expect(headers.get('x-codex-primary-window-minutes')).toBe('43200');
    expect(Number(headers.get('x-codex-primary-used-percent'))).toBeGreaterThanOrEqual(0);
    expect(headers.get('x-ratelimit-limit-requests')).toBe('30');
    expect(headers.get('x-ratelimit-remaining-requests')).toBe('29');
    expect(headers.get('x-litellm-key-max-budget')).toBe('5.0');
    expect(usage.rate_limit.primary_window).toMatchObject({ limit_window_seconds: 2_592_000 });
    expect(headers.get('x-codex-primary-reset-at')).toBe(String(usage.rate_limit.primary_window['reset_at']));
    expect(JSON.stringify(usage)).toMatch(/"limit_name":"Budget USD 0(\.\d\d?)?\/5"/);
  });

  it('is refused in the words of the limit once it is spent, and shown as reached', async () => {
    const { key, client } = await newKey({ key_alias: 'spent', max_budget: 0.000_001, budget_duration: '30d' });
    const refusal = await client.chat.completions.create({ ...question, model: 'team-default' }).then(
      () => undefined,
      (error: unknown) => error as InstanceType<typeof OpenAI.APIError>,
    );

    expect(refusal?.status).toBe(429);
    expect(refusal?.type).toBe('budget_exceeded');
    expect(refusal?.message).toContain('Key=spent');
    expect(refusal?.headers?.get('x-should-retry')).toBe('false');
    expect((await json<{ limits: Json[] }>('/v1/usage', key)).limits[0]).toMatchObject({ max: 0.000_001 });
  });

  it('is nothing again after a reset, which is in the audit log and leaves the log of spend alone', async () => {
    const { key, hash, client } = await newKey({ key_alias: 'reset-me' });
    await client.chat.completions.create({ ...question, model: 'team-default' });
    await rowsOf(hash, 1);
    const before = await json<{ spend: number }>('/v1/usage', key);
    const answer = await json('/global/spend/reset', bench.key, { method: 'POST' });
    const after = await json<{ spend: number }>('/v1/usage', key);

    expect(before.spend).toBeGreaterThan(0);
    expect(answer['status']).toBe('success');
    expect(after.spend).toBe(0);
    const rows = await rowsOf(hash, 2);
    expect(rows.map(({ call_type, api_key }) => [call_type, api_key])).toEqual([
      ['adjustment', hash],
      ['acompletion', hash],
    ]);
    expect(JSON.stringify(await json('/audit'))).toContain('global.reset_spend');
  });

  it('counts for the period of the budget, with the sum of all time beside it, whoever has the budget', async () => {
    const post = (path: string, body: Json) => json(path, bench.key, { method: 'POST', body: JSON.stringify(body) });
    const second = { max_budget: 5, budget_duration: '1s' };
    const defaults = { team_member_budget: 5, team_member_budget_duration: '1s' };
    const members_with_roles = [{ role: 'user', user_id: 'quick-user' }];
    await post('/user/new', { user_id: 'quick-user', ...second, auto_create_key: false });
    await post('/team/new', { team_id: 'quick', ...second, ...defaults, members_with_roles });
    await post('/customer/new', { user_id: 'quick-customer', ...second });
    const owners = { team_id: 'quick', user_id: 'quick-user' };
    const { hash, client } = await newKey({ ...owners, ...second });
    const { hash: windowed } = await newKey({
      ...owners,
      budget_limits: [{ ...second }, { max_budget: 9, budget_duration: '30d' }],
    });
    expect(await json(`/key/info?key=${hash}`)).toMatchObject({ info: { spend: 0, total_spend: 0 } });
    await client.chat.completions.create({ ...question, model: 'team-default', safety_identifier: 'quick-customer' });
    const spent = Number((await rowsOf(hash, 1))[0]?.['spend']);
    expect(spent).toBeGreaterThan(0);
    const shown = async (): Promise<readonly unknown[]> => {
      const { info } = await json<{ info: Json }>(`/key/info?key=${hash}`);
      const { keys } = await json<{ keys: Json[] }>(`/key/list?key_hash=${hash}&return_full_object=true`);
      const team = await json<{ team_info: Json; team_memberships: Json[] }>('/team/info?team_id=quick');
      const { user_info } = await json<{ user_info: Json }>('/user/info?user_id=quick-user');
      const customer = await json('/customer/info?end_user_id=quick-customer');
      const all = [info, keys[0], team.team_info, team.team_memberships[0], user_info, customer];
      return all.map((each) => [each?.['spend'], each?.['total_spend']]);
    };
    // A second later at most the period is over, and nobody did anything.
    const isOver = Array.from({ length: 6 }, () => [0, spent]);
    await eventually('the period of all was over', async () => isDeepStrictEqual(await shown(), isOver));
    await post('/key/update', { key: hash, max_budget: 5, budget_duration: '30d' });
    expect(await json(`/key/info?key=${hash}`)).toMatchObject({ info: { spend: spent, total_spend: spent } });
    await post('/key/update', { key: windowed, spend: 3 });
    expect(await json(`/key/info?key=${windowed}`)).toMatchObject({ info: { spend: 3, total_spend: 3 } });
  });

  it('is told by tag, those that requests make up without end together, and the rows know all of them', async () => {
    const { hash, client } = await newKey({ tags: ['team-a'] });
    const ofCall = (call: number) => Array.from({ length: 31 }, (_, at) => `job-${call}-${at}`);
    const tell = (tags: readonly string[]) => {
      const fields = { ...question, model: 'team-default', tags };
      return client.chat.completions.create(fields);
    };
    for (let call = 0; call < 33; call += 1) await tell(ofCall(call));
    await tell(['job-0-0', 'team-a', 'made-up']);
    const rows = await rowsOf(hash, 34);
    expect(rows.map(({ request_tags: tags }) => tags)).toEqual(
      expect.arrayContaining([
        ['team-a', ...ofCall(0)],
        ['team-a', 'job-0-0', 'made-up'],
      ]),
    );
    const all = await json<{ spend_per_tag: { name: string; log_count: number }[] }>(`/global/spend/tags?${span}`);
    const counts = new Map(all.spend_per_tag.map(({ name, log_count: count }) => [name, count]));
    expect([...counts.keys()].filter((tag) => tag.startsWith('job-'))).toHaveLength(1_000);
    const names = ['team-a', 'job-0-0', 'job-32-30', 'made-up', '(other tags)'];
    expect(names.map((tag) => counts.get(tag))).toEqual([34, 2, undefined, undefined, 2]);
    expect(await json('/spend/reconcile', bench.key, { method: 'POST', body: '{"repair":false}' })).toMatchObject({
      mismatches: [],
    });
  });

  it('is exported row by row', async () => {
    const text = await (await asked('/spend/export?format=csv')).text();
    const [head, ...rows] = text.trimEnd().split('\r\n');

    expect(head).toMatch(/^request_id,call_type,startTime/);
    expect(rows.length).toBeGreaterThanOrEqual(5);
    expect(rows.some((row) => row.includes(',spender,'))).toBe(true);
  });
});
