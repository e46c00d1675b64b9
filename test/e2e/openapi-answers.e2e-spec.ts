import { failedEvent, fixture, reasoningThenText, refusal } from '../simulator/answers';
import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { DescribedAnswers } from '../support/described-answers';
import { startBench, type TestBench } from '../support/gateway';
import { RedisServer } from '../support/redis-server';
import { handlersOf } from '../support/served-routes';

const config = `
model_list:
  - model_name: '*'
    litellm_params: {model: codex/*}
  - model_name: small
    litellm_params: {model: codex/gpt-5.5, rpm: 1000, tpm: 1000000, order: 1, weight: 2, max_parallel_requests: 50, tags: [cheap]}
litellm_settings: {max_budget: 90}
router_settings:
  provider_budget_config: {codex: {budget_limit: 5, time_period: 7d}}
`;

const redis = process.env['TEST_NO_REDIS'] === undefined ? RedisServer.start() : undefined;
let bench: TestBench;
let answers: DescribedAnswers;
const met = new Set<string>();

beforeAll(async () => {
  const server = await redis;
  const env = server === undefined ? {} : { ...server.env, GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };
  bench = await startBench({ config, env, times: { redisCommandMs: 2_000 } });
  answers = await DescribedAnswers.of(bench);
});
afterAll(async () => {
  await bench.close();
  await (await redis)?.close();
});

interface Asked {
  readonly body?: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  /** What the upstream says. */
  readonly lay?: () => void;
}

/** Asks, and holds the answer against the reference. */
async function ask(route: string, { body, key = bench.key, headers = {}, status = 200 }: Asked): Promise<void> {
  const [method = '', path = ''] = route.split(' ');
  const door = { url: bench.url, key };
  const answer: ReadAnswer =
    body === undefined ? await send(door, path, { method, headers }) : await post(door, path, body, headers);
  expect([answer.status, answer.status === status ? '' : answer.text]).toEqual([status, '']);
  const { route: described, mediaType } = answers.judge(method, path, answer);
  met.add(`${described} ${status} ${mediaType}`);
}

const ownKey = 'sk-a-key-of-the-suite-0001';
const poorKey = 'sk-a-key-of-the-suite-0002';
const teamKey = 'sk-a-key-of-the-suite-0003';
const dayAway = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
// The day may change while the suite runs.
const span = `start_date=${dayAway(-1)}&end_date=${dayAway(1)}`;
const times = `start_date=${dayAway(-1)}%2000:00:00&end_date=${dayAway(1)}%2023:59:59`;
const limits = {
  max_budget: 50,
  soft_budget: 40,
  budget_duration: '30d',
  tpm_limit: 900_000,
  rpm_limit: 900,
  max_parallel_requests: 90,
  budget_limits: [{ budget_duration: '1d', max_budget: 20 }],
  model_max_budget: { 'gpt-5.5': { budget_limit: 9, time_period: '1d' } },
  model_tpm_limit: { 'gpt-5.5': 800_000 },
  model_rpm_limit: { 'gpt-5.5': 800 },
  token_budget: 1_000_000,
  request_budget: 1_000,
};
const cited = fixture('synthetic-web-search-citations.sse');
const policy = { allowed_networks: ['127.0.0.0/8'], max_reasoning_effort: 'high', service_tier: 'default' };
const metadata = { purpose: 'tests' };
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const useTool = { messages: [{ role: 'user', content: 'Please use the tool.' }] };
const functionTool = { ...useTool, tools: [{ type: 'function', function: { name: 'weather', parameters } }] };
const customTool = { ...useTool, tools: [{ type: 'custom', custom: { name: 'patch' } }] };
const legacyTool = { ...useTool, functions: [{ name: 'weather', parameters }] };
const streamed = { stream: true, stream_options: { include_usage: true } };
const response = { model: 'gpt-5.5', input: 'Hello?' };
const turn = {
  model: 'gpt-5.5',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  instructions: 'Be kind.',
  tools: [],
  stream: true,
  store: false,
};
const { model, input, instructions, tools } = turn;
const history = { model, input, instructions, tools };
const completion = { model: 'gpt-5.5', usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } };
const asOwner = { key: ownKey };
const busy = { user: 'acme', metadata: { tags: ['ci'], session_id: 's1', note: 'x' } };

/** Everything that is asked, in this order: what is made first is what later answers tell of. */
const asked: readonly (readonly [route: string, asked?: Asked])[] = [
  ['POST /budget/new', { body: { budget_id: 'gold', ...limits, allowed_models: ['x'] } }],
  ['POST /budget/update', { body: { budget_id: 'gold', max_budget: 60 } }],
  ['POST /budget/info', { body: { budgets: ['gold'] } }],
  ['GET /budget/list'],
  ['POST /user/new', { body: { user_id: 'ann', user_email: 'ann@example.org', user_alias: 'Ann', ...limits, limit_mode: 'observe', metadata, models: ['*'], sso_user_id: 'x', key_alias: 'anns' } }],
  ['POST /user/new', { body: { user_id: 'bob', auto_create_key: false, budget_id: 'gold', password: 'x' } }],
  ['POST /team/new', { body: { team_id: 'core', team_alias: 'Core', ...limits, ...policy, metadata, tags: ['t'], models: ['*'], model_aliases: { fast: 'gpt-5.5' }, members_with_roles: [{ user_id: 'ann', role: 'admin' }], team_member_permissions: ['/key/generate'], team_member_budget: 5, guardrails: ['x'] } }],
  ['POST /team/new', { body: { team_id: 'side', budget_id: 'gold' } }],
  ['POST /team/update', { body: { team_id: 'core', tags: ['t', 'u'], team_member_rpm_limit: 700, team_member_tpm_limit: 700_000 } }],
  ['POST /team/member_add', { body: { team_id: 'core', member: [{ user_id: 'bob', role: 'user' }], max_budget_in_team: 4, budget_duration: '7d' } }],
  ['POST /team/member_update', { body: { team_id: 'core', user_id: 'bob', rpm_limit: 600, max_budget_in_team: 3 } }],
  ['POST /key/generate', { body: { key: ownKey, key_alias: 'own', ...limits, ...policy, metadata, tags: ['k'], user_id: 'ann', team_id: 'core', models: ['*'], aliases: { quick: 'gpt-5.5' }, duration: '90d', content_logging_duration: '1h', guardrails: ['x'], allowed_routes: ['llm_api_routes', 'info_routes'] } }],
  ['POST /key/generate', { body: { key: poorKey, key_alias: 'poor', max_budget: 0.000001, budget_duration: '30d' } }],
  ['POST /key/generate', { body: { key: teamKey, key_alias: 'gilded', team_id: 'side', budget_id: 'gold' } }],
  ['POST /key/service-account/generate', { body: { team_id: 'core', key_alias: 'robot' } }],
  ['POST /key/update', { body: { key: ownKey, max_budget: 55, temp_budget_increase: 5, temp_budget_expiry: '10d', spend: 0 } }],
  ['POST /customer/new', { body: { user_id: 'acme', alias: 'Acme', ...limits, default_model: 'gpt-5.5', allowed_model_region: 'eu', metadata } }],
  ['POST /end_user/new', { body: { user_id: 'corp', budget_id: 'gold' } }],
  ['POST /customer/update', { body: { user_id: 'acme', alias: 'Acme & Co' } }],
  ['POST /end_user/update', { body: { user_id: 'corp', blocked: false } }],
  ['POST /customer/block', { body: { user_ids: ['corp'] } }],
  ['POST /customer/unblock', { body: { user_ids: ['corp'] } }],
  ['POST /end_user/block', { body: { user_ids: ['corp'] } }],
  ['POST /end_user/unblock', { body: { user_ids: ['corp'] } }],

  ['GET /v1/models', asOwner],
  ['GET /v1/models?client_version=0.169.0', asOwner],
  ['GET /models', asOwner],
  ['GET /v1/models/small'],
  ['GET /models/small'],
  ['GET /backend-api/codex/models?client_version=0.169.0', asOwner],
  ['GET /v1/model/info'],
  ['GET /model/info'],
  ['GET /model_group/info'],
  ['POST /utils/transform_request', { body: { call_type: 'completion', request_body: chatBody({ temperature: 1 }) } }],

  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(busy) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody({ ...busy, ...streamed }) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(functionTool) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody({ ...functionTool, ...streamed }) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(customTool) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody({ ...customTool, ...streamed }) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(legacyTool) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody({ ...legacyTool, ...streamed }) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(), lay: () => bench.simulator.script.next(reasoningThenText('A thought.', 'Done.')) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(streamed), lay: () => bench.simulator.script.next(reasoningThenText('A thought.', 'Done.')) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(), lay: () => bench.simulator.script.next(refusal('No.')) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(streamed), lay: () => bench.simulator.script.next(refusal('No.')) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(), lay: () => bench.simulator.script.next(cited) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(streamed), lay: () => bench.simulator.script.next(cited) }],
  ['POST /v1/chat/completions', { ...asOwner, body: chatBody(streamed), lay: () => bench.simulator.script.next(failedEvent('server_error', 'It broke.', 'Words')) }],
  ['POST /chat/completions', { body: chatBody({ model: 'small' }) }],
  ['POST /chat/completions', { body: chatBody({ model: 'small', ...streamed }) }],
  ['POST /openai/deployments/small/chat/completions', { body: chatBody() }],
  ['POST /openai/deployments/small/chat/completions', { body: chatBody(streamed) }],
  ['POST /openai/v1/chat/completions', { body: chatBody({ model: 'small' }) }],
  ['POST /openai/v1/chat/completions', { body: chatBody({ model: 'small', ...streamed }) }],
  ['POST /v1/responses', { ...asOwner, body: { ...response, ...busy } }],
  ['POST /v1/responses', { ...asOwner, body: { ...response, stream: true } }],
  ['POST /responses', { body: response }],
  ['POST /responses', { body: { ...response, stream: true } }],
  ['POST /openai/responses', { body: response }],
  ['POST /openai/responses', { body: { ...response, stream: true } }],
  ['POST /openai/v1/responses', { body: response }],
  ['POST /openai/v1/responses', { body: { ...response, stream: true } }],
  ['POST /backend-api/codex/responses', { ...asOwner, body: turn }],
  ['POST /backend-api/codex/responses/compact', { ...asOwner, body: history }],
  ['POST /v1/responses/compact', { body: history }],
  ['POST /responses/compact', { body: history }],
  ['POST /openai/responses/compact', { body: history }],
  ['POST /openai/v1/responses/compact', { body: history }],

  ['POST /v1/chat/completions', { key: 'sk-of-nobody-at-all-000', body: chatBody(), status: 401 }],
  ['POST /v1/chat/completions', { body: chatBody({ model: 7 }), status: 400 }],
  ['POST /v1/chat/completions', { key: poorKey, body: chatBody(), status: 429 }],
  ['POST /backend-api/codex/responses', { key: poorKey, body: turn, status: 429 }],
  ['POST /key/generate', { body: { max_bugdet: 1 }, status: 400 }],
  ['GET /team/info?team_id=nowhere', { status: 404 }],
  ['GET /global/spend', { key: poorKey, status: 403 }],

  ['GET /key/info'],
  [`GET /key/info?key=${ownKey}`],
  ['GET /key/list?size=100'],
  ['GET /key/list?size=100&return_full_object=true'],
  ['POST /key/health', { ...asOwner, body: {} }],
  ['GET /team/info?team_id=core'],
  ['GET /team/list'],
  ['GET /v2/team/list'],
  ['GET /user/info?user_id=ann'],
  ['GET /user/info'],
  ['GET /user/list'],
  ['POST /user/update', { body: { user_id: 'ann', spend: 1, user_alias: 'Anna' } }],
  ['GET /customer/info?end_user_id=acme'],
  ['GET /end_user/info?end_user_id=corp'],
  ['GET /customer/list'],
  ['GET /end_user/list'],
  ['GET /audit?page_size=500'],
  ['GET /account/list'],
  ['POST /account/clear_cooldown', { body: {} }],
  ['POST /import/litellm', { body: { teams: [{ team_id: 'old' }, { team_id: 'core' }], keys: [{ token: 'a'.repeat(64), team_id: 'old', key_alias: 'own' }, { token: 'no' }] } }],

  ...['user', 'team', 'tag', 'customer', 'end_user'].flatMap((kind) => [
    [`GET /${kind}/daily/activity?${span}`] as const,
    [`GET /${kind}/daily/activity/aggregated?${span}`] as const,
  ]),
  [`GET /global/spend/report?${span}`],
  [`GET /global/spend/report?${span}&group_by=customer`],
  [`GET /global/spend/report?${span}&group_by=api_key`],
  [`GET /global/spend/report?${span}&team_id=core&customer_id=acme`],
  ['GET /global/spend'],
  ...['logs', 'keys', 'models', 'provider', 'teams', 'tags'].map((what) => [`GET /global/spend/${what}`] as const),
  ['GET /global/activity'],
  ['GET /global/activity/model'],
  ...['keys', 'users', 'tags'].map((what) => [`GET /spend/${what}`] as const),
  ['GET /provider/budgets'],
  ['GET /spend/logs'],
  ['GET /spend/logs', asOwner],
  [`GET /spend/logs?${span}`],
  [`GET /spend/logs/v2?${times}&status_filter=success&tag=ci`],
  [`GET /spend/logs/ui?${times}&page_size=2&model=gpt-5.5`],
  ['GET /spend/export'],
  ['GET /spend/export?format=csv'],
  ['POST /spend/calculate', { body: { completion_response: completion } }],
  ['POST /spend/reconcile', { body: { repair: false } }],
  ['GET /v1/usage', asOwner],
  ['GET /usage', { key: poorKey }],
  ['GET /backend-api/wham/usage', asOwner],
  ['GET /api/codex/usage', { key: poorKey }],
  ['GET /metrics'],
  ['GET /health/liveliness'],
  ['GET /health/liveness'],
  ['GET /health/readiness'],
  ['GET /health'],

  ['POST /key/block', { body: { key: ownKey } }],
  ['POST /key/unblock', { body: { key: ownKey } }],
  [`POST /key/${ownKey}/reset_spend`, { body: { reset_to: 0 } }],
  ['POST /key/regenerate', { body: { key: teamKey, grace_period: '1h' } }],
  [`POST /key/${poorKey}/regenerate`, { body: {} }],
  ['POST /key/delete', { body: { key_aliases: ['robot'] } }],
  ['POST /team/block', { body: { team_id: 'core' } }],
  ['POST /team/unblock', { body: { team_id: 'core' } }],
  ['POST /team/member_delete', { body: { team_id: 'core', user_id: 'bob' } }],
  ['POST /team/delete', { body: { team_ids: ['old'] } }],
  ['POST /user/delete', { body: { user_ids: ['bob'] } }],
  ['POST /customer/delete', { body: { user_ids: ['acme'] } }],
  ['POST /end_user/delete', { body: { user_ids: ['corp'] } }],
  ['POST /budget/new', { body: { budget_id: 'short' } }],
  ['POST /budget/delete', { body: { id: 'short' } }],
  ['POST /global/spend/reset', { body: {} }],
]; // prettier-ignore

it.each(asked.map(([route, how = {}]) => [route, how.status ?? 200, how] as const))(
  '%s answers %i as the reference says',
  async (route, _, how) => {
    how.lay?.();
    await ask(route, how);
  },
);

describe('the reference', () => {
  /** The reference does not describe itself. */
  const own = ['GET /openapi.json', 'GET /docs', 'GET /'];

  it('describes what every served route answers', () => {
    const served = handlersOf(bench).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const described = [...answers.routes].filter(([, operation]) =>
      answers.mediaTypesOf(operation).some(([status]) => status === '200'),
    );
    expect(described.map(([route]) => route).sort()).toEqual(served.filter((route) => !own.includes(route)).sort());
  });

  it('was held against a real answer of every kind that it describes', () => {
    const kinds = [...answers.routes].flatMap(([route, operation]) =>
      answers
        .mediaTypesOf(operation)
        .flatMap(([status, type]) => (status === '200' ? [`${route} ${status} ${type}`] : [])),
    );
    expect(kinds.filter((kind) => !met.has(kind))).toEqual([]);
  });

  it('was held against full lists and maps, and every choice it gives', () => {
    const seldom = [
      // Say nothing while all is well.
      /\.(unusable_fields|ignored_fields|mismatches|cooldowns|cleared|degraded|unhealthy_endpoints)\[\]$/,
      // Are there for LiteLLM's clients, and empty always.
      /\.(organization_memberships|callbacks)\[\]$/, /^MasterKey\./,
      // A key that keeps to some deployments, and the fields of keys beside those of a new user.
      /\.deployments\[\]$/, /^MadeUser\./,
    ]; // prettier-ignore
    expect(answers.unseen.filter((place) => !seldom.some((form) => form.test(place)))).toEqual([]);
  });

  it('has a name of its own for every route', () => {
    const ids = [...answers.routes.values()].map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^(get|post)[A-Z]\w+$/.test(id))).toEqual([]);
  });
});
