import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withHeaders } from '../simulator/answer';
import { reasoningThenText, text } from '../simulator/answers';
import { burst429, faults, usageLimit } from '../simulator/faults';
import { type SeenRequest } from '../simulator/journal';
import { chatBody, post } from '../support/calls';
import { labelNamesOf } from '../support/expositions';
import { startBench, testKey } from '../support/gateway';
import { heldAnswer, openHeldStream } from '../support/held-stream';
import { HttpSink } from '../support/http-sink';
import { litellmMetrics } from '../support/litellm-metrics';
import { eventually } from '../support/login-gateways';
import { Story } from '../support/metric-story';
import { MeterProcess } from '../support/meter-process';
import { OtlpReceiver } from '../support/otlp-receiver';
import { describeWithRedis, RedisServer } from '../support/redis-server';

/** Every kind of thing that a gateway does, once, on a real one with a real Redis; then no metric may be left without a figure. */

const times = { processLeaseMs: 2_000, heartbeatMs: 300, retryBackoffMs: 1, connectMs: 2_000, redisCommandMs: 1_000 };
const keyPrefix = 'codex-gateway:';

const configOf = (hook: string, openHost: string): string => `
codex_hooks: [${hook}]
credential_list:
  - {credential_name: one, credential_values: {auth_file: one.json}}
  - {credential_name: two, credential_values: {auth_file: two.json}}
  - {credential_name: three, credential_values: {auth_file: three.json}}
  - {credential_name: ended, credential_values: {auth_file: ended.json}}
litellm_settings:
  num_retries: 1
  callbacks: [webhook]
  codex_metrics_user_label: true
  prometheus_emit_stream_label: true
  enable_end_user_cost_tracking_prometheus_only: true
router_settings:
  fallbacks: [{lonely: [spare]}, {spare: [gone-wrong]}]
  quota_poll_seconds: 0
model_list:
  - {model_name: team, litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: one, rpm: 600, tpm: 900000}, model_info: {id: team-one}}
  - {model_name: team, litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: two}, model_info: {id: team-two}}
  - {model_name: lonely, litellm_params: {model: codex-oauth/gpt-6.1-sol, litellm_credential_name: three}, model_info: {id: lonely-three}}
  - {model_name: spare, litellm_params: {model: openai/gpt-5, api_base: ${openHost}/openai/v1, api_key: sk-of-the-host}, model_info: {id: spare-open}}
  - {model_name: gone-wrong, litellm_params: {model: openai/gpt-4.1, api_base: ${openHost}/openai/v1, api_key: sk-withdrawn}, model_info: {id: wrong-open}}
  - {model_name: old-name, litellm_params: {model: codex-oauth/gpt-5.1-codex, litellm_credential_name: three}}
  - {model_name: unlisted, litellm_params: {model: codex-oauth/gpt-5.3-codex-spark, litellm_credential_name: three}}
  - {model_name: doomed, litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: ended}}
`;

/** Zero, and rightly so, while nothing is wrong; suites of their own show them otherwise. */
const restful: ReadonlySet<string> = new Set([
  // Of a metric that has too many series: `series-bound.e2e-spec.ts`.
  'codex_metric_series_overflow_total',
  // The file stays as it is: `reload.e2e-spec.ts`.
  'codex_config_reloads_total',
  // There is one process.
  'codex_workers_silent',
]);

/** The backend never says how many tokens it wrote to its cache, so that nobody can book another figure than 0. */
const neverTold: ReadonlySet<string> = new Set(['litellm_input_cache_creation_tokens_metric_total']);

async function holdersAsk(story: Story): Promise<void> {
  const budget = { max_budget: 20, budget_duration: '7d' };
  const team_id = await story.made('/team/new', { team_alias: 'core', ...budget }, 'team_id');
  await story.made(
    '/user/new',
    { user_id: 'ann', user_email: 'ann@example.com', auto_create_key: false, ...budget },
    'user_id',
  );
  await story.made('/customer/new', { user_id: 'acme', ...budget }, 'user_id');
  const ofModel = { model_rpm_limit: { team: 500 }, model_tpm_limit: { team: 500_000 } };
  const key = await story.made(
    '/key/generate',
    { key_alias: 'ann', user_id: 'ann', team_id, ...budget, ...ofModel },
    'key',
  );
  const ownKey = await story.made('/key/generate', { key_alias: 'ann-alone', user_id: 'ann' }, 'key');
  const slow = await story.made('/key/generate', { key_alias: 'slow', rpm_limit: 1 }, 'key');
  const talk = { user: 'acme', max_tokens: 50, prompt_cache_key: 'a-conversation' };
  for (const stream of [true, false, true])
    expect((await story.ask('team', { ...talk, stream }, key)).status).toBe(200);
  const { simulator } = story.bench;
  const served = simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
  simulator.script.next(reasoningThenText('Thinking about it', 'Hello'));
  expect((await story.ask('team', { user: 'acme', prompt_cache_key: 'a-conversation' }, ownKey)).status).toBe(200);
  await story.ask('team', {}, slow);
  expect((await story.ask('team', {}, slow)).status).toBe(429);
  // Its account is full now: the conversation has to move, and what is left to say of both accounts is told.
  const home = ({ headers }: SeenRequest): string | undefined => headers['chatgpt-account-id'];
  const isOfIt = (seen: SeenRequest): boolean => served !== undefined && home(seen) === home(served);
  simulator.script.when(isOfIt, usageLimit());
  expect((await story.ask('team', { ...talk, stream: true }, key)).status).toBe(200);
  simulator.script.clear();
  await story.until('codex_affinity_total', { outcome: 'break' });
  // News of a customer that is new may come after its first calls, and its gauges wait for the next one.
  await eventually('the budget of the customer is shown', async () => {
    await story.look();
    const isShown = story.has('litellm_remaining_customer_budget_metric', { end_user: 'acme' });
    if (!isShown) await story.ask('team', { user: 'acme' }, ownKey);
    return isShown;
  });
}

async function upstreamsFail(story: Story): Promise<void> {
  const { script, scripts } = story.bench.simulator;
  for (const fault of [
    faults.server500,
    faults.contextLength400,
    faults.failedAfterText,
    faults.noTerminalEvent,
    faults.incompleteMaxTokens,
    burst429(0),
  ]) {
    script.next(fault);
    await story.ask('team', { stream: true });
  }
  const limits = { 'x-ratelimit-remaining-requests': '41', 'x-ratelimit-remaining-tokens': '9000' };
  scripts.openAi.always(withHeaders(text('From another host'), limits));
  script.always(faults.server500);
  expect((await story.ask('lonely')).status).toBe(200);
  scripts.openAi.always(faults.server500);
  expect((await story.ask('spare')).status).toBeGreaterThanOrEqual(500);
  script.clear();
  scripts.openAi.clear();
  await story.ask('old-name');
  await story.ask('unlisted');
  // A text is some milliseconds old when it is used again.
  await story.ask('unlisted');
  await story.look();
  await story.ask('nobody-knows-it');
  const credits = { 'x-codex-credits-has-credits': 'true', 'x-codex-credits-balance': '12.5' };
  script.next(withHeaders(text('Without usage', { usage: null }), credits));
  await story.ask('team');
  await story.look();
}

async function clientLeaves({ bench }: Story): Promise<void> {
  bench.simulator.script.next(heldAnswer());
  const gone = new AbortController();
  await fetch(`${bench.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(chatBody({ model: 'team', stream: true })),
    signal: gone.signal,
  });
  gone.abort();
}

async function loginIsRenewed(story: Story): Promise<void> {
  const { simulator } = story.bench;
  for (const { accessToken } of story.bench.logins.values()) simulator.tokens.expire(accessToken);
  simulator.tokens.kill(story.bench.logins.get('ended')?.accountId ?? '');
  expect((await story.ask('old-name')).status).toBe(200);
  expect((await story.ask('doomed')).status).toBe(503);
  await story.until('codex_refreshes_total', { outcome: 'renewed' });
  await story.until('codex_account_quarantined', { account: 'ended' });
}

async function redisGoesAway(story: Story): Promise<void> {
  const { bench, redis } = story;
  bench.simulator.script.always(heldAnswer());
  const stream = await openHeldStream(bench.url, 'team');
  redis.freeze();
  try {
    // Let in by a command that nobody answers; it is taken back.
    await story.ask('team', { stream: false, timeout: 1 }).catch(() => undefined);
    await story.until('codex_state_failures_total', { reason: 'timeout' });
    bench.simulator.script.clear();
    bench.simulator.release();
    await stream.rest();
    await story.until('codex_settlement_backlog');
    await story.until('codex_state_degraded');
    await story.until('codex_breaker_open');
  } finally {
    redis.thaw();
  }
  await story.until('codex_settlements_total', { kind: 'replayed' });
}

async function processDies(story: Story, stateDir: string): Promise<void> {
  const redis = story.redis.settings({ keyPrefix });
  const other = new MeterProcess({ name: 'dies', redis, stateDir, times: { ...times, redisCommandMs: 5_000 } });
  await other.tell('admit', { count: 1, budget: 1e9, hold: 1_000 });
  await other.kill();
  await story.until('codex_settlements_total', { kind: 'reaped' });
}

async function booksAreMended(story: Story): Promise<void> {
  const [counter] = await story.redis.operate((redis) => redis.keys(`${keyPrefix}{meter}:b:key:*`));
  await story.redis.operate((redis) => redis.hincrby(counter ?? '', 's', 17));
  await post(story.bench, '/spend/reconcile', { repair: false });
  await story.until('codex_ledger_mismatches');
  const { json } = await post(story.bench, '/spend/reconcile', {});
  expect(json).toMatchObject({ repaired: 1 });
}

describeWithRedis('after everything has happened once', () => {
  let folder: string;
  let redis: RedisServer;
  let webhook: HttpSink;
  let traces: OtlpReceiver;
  let story: Story;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'everything-told-'));
    const hook = join(folder, 'hook.cjs');
    writeFileSync(
      hook,
      'exports.finished = ({ status }) => { if (status === "failure") throw new Error("of the hook"); };',
    );
    redis = await RedisServer.start('--maxmemory', '64mb');
    webhook = await HttpSink.start();
    traces = await OtlpReceiver.start();
    const bench = await startBench({
      config: ({ url }) => configOf(hook, url),
      accounts: ['one', 'two', 'three', 'ended'],
      times,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
        WEBHOOK_URL: `${webhook.url}/hook`,
        GATEWAY_SALT_KEY: 'a-salt-key-of-thirty-two-characters-and-more',
        REDIS_URL: redis.url,
        REPLICA_COUNT: '1',
      },
    });
    story = new Story(bench, redis);
    await holdersAsk(story);
    await upstreamsFail(story);
    await clientLeaves(story);
    await loginIsRenewed(story);
    await processDies(story, join(folder, 'other'));
    await booksAreMended(story);
    await story.look();
    await redisGoesAway(story);
    await eventually('the webhook has heard', () => webhook.received.length > 0);
    await story.until('codex_callback_events_total', { callback_name: 'webhook', outcome: 'sent' });
    await story.until('codex_trace_spans_total', { outcome: 'sent' });
  }, 120_000);
  afterAll(async () => {
    await story.bench.close();
    await webhook.close();
    await traces.close();
    await redis.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(litellmMetrics)("LiteLLM's %s is a %s with its labels and a figure", (name, type, labels) => {
    expect(story.last.types.get(name)).toBe(type);
    expect(labelNamesOf({ ...story.last, series: [...story.all, ...story.last.series] }, name)).toEqual(
      labels === '' ? [] : labels.split(' ').sort(),
    );
    expect(story.has(name) || story.has(`${name}_count`) || neverTold.has(name)).toBe(true);
  });

  it('every metric of ours has one too', () => {
    const own = [...story.last.types.keys()].filter((name) => /^(?:codex|gen_ai)_/.test(name));
    expect(own.length).toBeGreaterThan(50);
    expect(own.filter((name) => !restful.has(name) && !story.has(name) && !story.has(`${name}_count`))).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['codex_stream_ends_total', { end: 'completed' }],
    ['codex_stream_ends_total', { end: 'incomplete' }],
    ['codex_stream_ends_total', { end: 'failed' }],
    ['codex_stream_ends_total', { end: 'cut' }],
    ['codex_stream_ends_total', { end: 'client_gone' }],
    ['codex_settlements_total', { kind: 'settled' }],
    ['codex_settlements_total', { kind: 'estimated' }],
    ['codex_settlements_total', { kind: 'reaped' }],
    ['codex_settlements_total', { kind: 'replayed' }],
    ['codex_settlements_total', { kind: 'void' }],
    ['codex_holds_total', { outcome: 'admitted' }],
    ['codex_holds_total', { outcome: 'refused' }],
    ['codex_holds_total', { outcome: 'unavailable' }],
    ['codex_affinity_total', { bond: 'soft', outcome: 'hit' }],
    ['codex_affinity_total', { bond: 'soft', outcome: 'break' }],
    ['codex_cooldowns_total', { scope: 'account', reason: 'quota' }],
    ['codex_account_state', { account: 'one', state: 'ok' }],
    ['codex_account_window_used_ratio', { account: 'two' }],
    ['codex_retries_total', { requested_model: 'team', kind: 'server_error' }],
    ['litellm_deployment_rpm_limit', { model_id: 'team-one' }],
    ['litellm_remaining_requests_metric', { model_id: 'spare-open', model_group: 'spare', api_key_alias: 'master' }],
    [
      'litellm_deployment_failed_fallbacks_total',
      {
        requested_model: 'spare',
        fallback_model: 'gone-wrong',
        exception_status: '500',
        model_id: 'wrong-open',
        api_key_alias: 'master',
      },
    ],
    [
      'litellm_deployment_successful_fallbacks_total',
      {
        requested_model: 'lonely',
        fallback_model: 'spare',
        exception_class: 'InternalServerError',
        model_id: 'spare-open',
      },
    ],
    ['litellm_deployment_total_requests_total', { api_key_alias: 'ann', team_alias: 'core', model_id: 'team-one' }],
    ['litellm_callback_logging_failures_metric_total', { callback_name: 'hook' }],
    ['litellm_remaining_customer_budget_metric', { end_user: 'acme' }],
  ])('%s of %j', (name, labels) => {
    expect(story.has(name, labels)).toBe(true);
  });
});
