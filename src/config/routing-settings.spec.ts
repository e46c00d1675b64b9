import { checkConfig } from './check-config';
import { loadSettings } from './load-settings';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultRouting, type RoutingSettings } from './routing-settings';
import { type Deployment } from './deployment';

const env = { GATEWAY_MASTER_KEY: 'sk-a-master-key-for-tests' };

function loaded(yaml: string): {
  routing: RoutingSettings;
  deployments: readonly Deployment[];
  warnings: readonly string[];
} {
  const folder = mkdtempSync(join(tmpdir(), 'routing-settings-'));
  try {
    writeFileSync(join(folder, 'config.yaml'), yaml);
    return loadSettings({ env, argv: [], cwd: folder, homeDir: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const everything = `
model_list:
  - model_name: team
    litellm_params:
      model: codex/gpt-5.5
      weight: 2
      rpm: "60"
      tpm: 90000
      order: 1
      max_parallel_requests: 4
      max_retries: 5
      cooldown_time: 0
      allowed_fails: 4
      allowed_fails_policy: { TimeoutErrorAllowedFails: 1 }
      tags: [free]
      tag_regex: ["^User-Agent: codex"]
      input_cost_per_token: 0.000001
      output_cost_per_token: 0.000002
    model_info:
      id: one
      team_id: red
      team_public_model_name: ours
      access_groups: [beta]
      blocked: true
      max_input_tokens: 1000
litellm_settings:
  num_retries: 9
  allowed_fails: 7
  fallbacks: [{"a": ["b"]}]
  default_fallbacks: [z]
router_settings:
  routing_strategy: least-busy
  routing_strategy_args: { ttl: 60, lowest_latency_buffer: 0.5 }
  num_retries: 1
  retry_after: 3
  retry_policy: { TimeoutErrorRetries: 3, DefaultRetries: 1 }
  model_group_retry_policy: { team: { RateLimitErrorRetries: 4 } }
  retry_budget: { percent: 10, minimum: 5 }
  allowed_fails_policy: { TimeoutErrorAllowedFails: 2 }
  cooldown_time: 30
  fallbacks: [{"team": ["x", "y"]}, {"*": "any"}]
  context_window_fallbacks: { team: [wide] }
  max_fallbacks: 2
  enable_pre_call_check: true
  optional_pre_call_checks: [enforce_model_rate_limits, session_affinity]
  deployment_affinity_ttl_seconds: 60
  model_group_affinity_config: { team: [session_affinity], loose: [] }
  conversation_affinity: false
  enable_tag_filtering: true
  tag_filtering_match_any: false
  default_max_parallel_requests: 8
  queue_timeout: 0
  quota_poll_seconds: 0
  expose_plan_quota: true
`;

describe('the routing settings', () => {
  it('are the defaults without a word about them', () => {
    expect(loaded('router_settings: {}\n').routing).toEqual(defaultRouting);
  });

  it('read every key, router_settings before litellm_settings', () => {
    const { routing, warnings } = loaded(everything);
    expect(routing).toEqual({
      strategy: 'least-busy',
      latency: { ttlMs: 60_000, buffer: 0.5 },
      numRetries: 1,
      retryAfterMs: 3_000,
      retryPolicy: new Map<string, number>([
        ['TimeoutError', 3],
        ['Default', 1],
      ]),
      groupRetryPolicies: new Map([['team', new Map([['RateLimitError', 4]])]]),
      retryBudget: { share: 0.1, minimum: 5 },
      fallbacks: {
        general: new Map([
          ['team', ['x', 'y']],
          ['*', ['any']],
        ]),
        contextWindow: new Map([['team', ['wide']]]),
        contentPolicy: undefined,
        byDefault: ['z'],
        max: 2,
      },
      cooldown: { isOn: true, timeMs: 30_000, allowedFails: 7, allowedFailsPolicy: new Map([['TimeoutError', 2]]) },
      affinity: {
        isSoftOn: false,
        groups: new Map([
          ['team', true],
          ['loose', false],
        ]),
        ttlMs: 60_000,
      },
      checksContext: true,
      enforcesRates: true,
      tags: { isOn: true, matchAny: false },
      defaultMaxParallel: 8,
      queueTimeoutMs: 0,
      quotaPollMs: 0,
      showsPlanQuota: true,
    });
    expect(warnings.filter((warning) => warning.includes('ignored'))).toEqual([]);
  });

  it('of a deployment are all read', () => {
    expect(loaded(everything).deployments[0]?.routing).toEqual({
      weight: 2,
      rpm: 60,
      tpm: 90_000,
      order: 1,
      maxParallel: 4,
      numRetries: 5,
      cooldownMs: 0,
      allowedFails: 4,
      allowedFailsPolicy: new Map([['TimeoutError', 1]]),
      tags: ['free'],
      tagPatterns: [/^User-Agent: codex/],
      teamIds: ['red'],
      teamModelName: 'ours',
      accessGroups: ['beta'],
      isBlocked: true,
      maxInputTokens: 1_000,
      pricePerToken: 0.000003,
    });
  });

  it.each([
    ['router_settings: { routing_strategy: fastest }', 'must be one of simple-shuffle'],
    ['router_settings: { retry_policy: { TimeoutRetries: 1 } }', 'TimeoutErrorRetries'],
    ['router_settings: { fallbacks: [a, b] }', 'must be a list such as'],
    ['router_settings: { allowed_fails_policy: 3 }', 'TimeoutErrorAllowedFails'],
    ['model_list: [{ model_name: a, litellm_params: { model: codex/x, tag_regex: "(" } }]', 'regular expression'],
  ])('refuse %s with a word about it', (yaml, words) => {
    expect(() => loaded(`${yaml}\n`)).toThrow(words);
  });

  it('are judged key by key by check-config', () => {
    const { rows, faults } = checkConfig({ text: everything, path: 'config.yaml', env, cwd: '/', homeDir: '/' });
    expect(faults).toEqual([]);
    const ignored = rows.filter(({ verdict }) => verdict === 'ignored').map(({ key }) => key);
    expect(ignored).toEqual([]);
    expect(rows.find(({ key }) => key === 'model_list[0].model_info.team_id')?.why).toContain('team');
  });

  it('are not called honoured where a map holds a key that does nothing', () => {
    const text =
      'router_settings:\n  routing_strategy_args: { ttl: 60, max_latency_list_size: 3, rpm: 5 }\n  retry_budget: { percents: 5 }\n';
    const { rows } = checkConfig({ text, path: 'config.yaml', env, cwd: '/', homeDir: '/' });
    const verdicts = rows.map(({ key, verdict, why }) => [key.split('.').at(-1), verdict, why]);
    expect(verdicts).toContainEqual(['ttl', 'honoured', expect.any(String)]);
    expect(verdicts).toContainEqual(['max_latency_list_size', 'ignored', expect.stringContaining('ten')]);
    expect(verdicts).toContainEqual(['rpm', 'ignored', expect.any(String)]);
    expect(verdicts).toContainEqual(['percents', 'ignored', expect.stringContaining('unknown')]);
  });
});
