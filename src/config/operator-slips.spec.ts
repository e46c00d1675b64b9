import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig, type ConfigCheck } from './check-config';
import { ConfigFault } from './config-fault';
import { loadSettings } from './load-settings';
import { type Settings } from './settings';
import { testKnobs } from './test-knobs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'operator-slips-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function load(text: string | undefined, env: Record<string, string> = {}): Settings {
  if (text !== undefined) writeFileSync(join(folder, 'config.yaml'), text);
  return loadSettings({ env, argv: [], cwd: folder, homeDir: folder });
}

function check(text: string, env: Record<string, string> = {}): ConfigCheck {
  return checkConfig({ text, path: 'config.yaml', env, cwd: folder, homeDir: folder });
}

const verdicts = ({ rows }: ConfigCheck, key: string) => rows.find((row) => row.key === key);

describe('a start tells', () => {
  it('the section of a key that was written into the wrong one', () => {
    const { warnings } = load(
      'general_settings:\n  max_budget: 5\n  fallbacks: [{a: [b]}]\nlitellm_settings:\n  limit_mode: observe\n  quota_poll_seconds: 5\n',
    );
    for (const [key, home] of [
      ['general_settings.max_budget', 'litellm_settings'],
      ['general_settings.fallbacks', 'litellm_settings'],
      ['litellm_settings.limit_mode', 'general_settings'],
      ['litellm_settings.quota_poll_seconds', 'router_settings'],
    ] as const)
      expect(warnings).toContainEqual(expect.stringContaining(`${key}: ignored, it belongs in ${home}`));
  });

  it('which file it read, and that there was none', () => {
    expect(load(undefined).configFile).toBeUndefined();
    expect(load('model_list: []\n').configFile).toBe(join(folder, 'config.yaml'));
  });

  it('of a CODEX_ACCESS_TOKEN that is none, and does not show it', () => {
    const { warnings } = load(undefined, { CODEX_ACCESS_TOKEN: 'eyJsecret' });
    expect(warnings).toEqual([expect.stringMatching(/^environment CODEX_ACCESS_TOKEN: does not begin with "at-"/)]);
    expect(warnings.join()).not.toContain('eyJsecret');
    expect(load(undefined, { CODEX_ACCESS_TOKEN: ' at-good ' }).warnings).toEqual([]);
  });

  it('of an example token that was copied as it stands', () => {
    expect(load(undefined, { CODEX_ACCESS_TOKEN: 'at-…' }).warnings).toEqual([
      expect.stringContaining('has characters that no token has'),
    ]);
  });

  it('which variables of LiteLLM do nothing, also when the file sets them, and check-config too', () => {
    const env = {
      DATABASE_URL: 'postgres://u:secret@db',
      ROUTER_MAX_FALLBACKS: '3',
      KEEPALIVE_TIMEOUT: ' ',
      REDIS_HOST_X: 'a',
    };
    const expected = [
      'environment DATABASE_URL: ignored, there is no SQL database',
      'environment ROUTER_MAX_FALLBACKS: ignored, set max_fallbacks in router_settings',
    ];
    expect(load(undefined, env).warnings).toEqual(expected);
    const text = 'environment_variables: {STORE_MODEL_IN_DB: "True"}\n';
    expect(load(text).warnings).toEqual(['environment STORE_MODEL_IN_DB: ignored, there is no SQL database']);
    expect(check(text).warnings).toEqual(load(text).warnings);
  });

  it.each([
    ['CHATGPT_ORIGINATOR', 'set CODEX_ORIGINATOR'],
    ['CHATGPT_USER_AGENT', 'the user agent begins with CODEX_ORIGINATOR'],
    ['CHATGPT_USER_AGENT_SUFFIX', 'the user agent begins with CODEX_ORIGINATOR'],
    ['CHATGPT_DEFAULT_INSTRUCTIONS', 'CODEX_MODE says whose instructions are sent'],
    ['OTEL_HEADERS', 'set OTEL_EXPORTER_OTLP_HEADERS'],
    ['LITELLM_KEY_ROTATION_ENABLED', 'keys get another secret by POST /key/regenerate'],
    ['GRACEFUL_SHUTDOWN_TIMEOUT', 'set DRAIN_TIMEOUT_SECONDS'],
  ])('what stands in the place of %s', (name, instead) => {
    expect(load(undefined, { [name]: 'x' }).warnings).toEqual([`environment ${name}: ignored, ${instead}`]);
  });

  it('of nothing where internal users have a period without an amount: it is for budgets of their own', () => {
    const { keys, warnings } = load('litellm_settings: { internal_user_budget_duration: 30d }\n');
    expect([keys.internalUserBudget, warnings]).toEqual([{ budget_duration: '30d' }, []]);
  });

  it('which forms of traces are not sent', () => {
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' };
    const expected = ['environment OTEL_EXPORTER_OTLP_PROTOCOL: ignored, traces are sent as http/protobuf'];
    expect(load(undefined, env).warnings).toEqual(expected);
    expect(load(undefined, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }).warnings).toEqual([]);
    expect(load(undefined, { OTEL_EXPORTER: 'otlp_grpc' }).warnings).toEqual([
      'environment OTEL_EXPORTER: ignored, traces are sent as http/protobuf',
    ]);
    expect(load(undefined, { OTEL_EXPORTER: 'otlp_http' }).warnings).toEqual([]);
  });

  it('of fallbacks in two sections, of which one counts', () => {
    const both =
      'model_list: [{ model_name: a, litellm_params: { model: codex-oauth/gpt-5.5 } }]\nrouter_settings: { fallbacks: [{ a: [a] }] }\nlitellm_settings: { fallbacks: [{ a: [a] }], num_retries: 1 }\n';
    const { warnings } = load(both);
    expect(warnings.filter((each) => each.includes('counts alone'))).toEqual([
      expect.stringMatching(/config\.yaml:3 .*fallbacks: has no effect/),
    ]);
  });

  it('of aliases that lead nowhere, or to another alias', () => {
    const { warnings } = load(
      'model_list: [{ model_name: a, litellm_params: { model: codex/gpt-5.5 } }]\nrouter_settings:\n  model_group_alias: {x: nope, p: q, q: p, ok: a, up: codex/gpt-5.5}\n',
    );
    expect(warnings).toEqual(
      ['x: nope', 'p: q', 'q: p'].map(
        (each) =>
          expect.stringContaining(`config.yaml:3 router_settings.model_group_alias.${each}: no model group`) as string,
      ),
    );
  });

  it('nothing of a second section where the first one leaves the value empty: then the second one counts', () => {
    const model = 'model_list: [{ model_name: a, litellm_params: { model: codex-oauth/gpt-5.5 } }]\n';
    const empty = 'router_settings: { num_retries: null, fallbacks: null, allowed_fails: }\n';
    const second = 'litellm_settings: { num_retries: 7, fallbacks: [{ a: [a] }], allowed_fails: 2 }\n';
    const { routing, warnings } = load(`${model}${empty}${second}`);
    expect(routing).toMatchObject({ numRetries: 7, cooldown: { allowedFails: 2 } });
    expect(warnings.filter((each) => each.includes('counts alone'))).toEqual([]);
  });

  it('that there is nobody at the door whom LiteLLM would have there', () => {
    const checked = check('general_settings: { enable_jwt_auth: true, custom_auth: a.b }\n');
    for (const key of ['enable_jwt_auth', 'custom_auth'])
      expect(verdicts(checked, `general_settings.${key}`)).toMatchObject({
        verdict: 'ignored',
        why: expect.stringContaining('lets nobody in') as string,
      });
  });

  it('that of the teams of new users in LiteLLM’s long form only the id counts', () => {
    const teams = '[{team_id: a, max_budget_in_team: 1, user_role: user}, {team_id: b}, c]';
    const { keys, warnings } = load(`litellm_settings:\n  default_internal_user_params: {teams: ${teams}}\n`);
    expect(keys.defaultUserParams).toEqual({ teams: ['a', 'b', 'c'] });
    expect(warnings).toEqual([
      expect.stringMatching(
        /config\.yaml:2 litellm_settings\.default_internal_user_params\.teams: only team_id is acted on, not max_budget_in_team, user_role/,
      ),
    ]);
  });

  it('that nobody joins a team by himself, as LiteLLM’s available_teams would have it', () => {
    const text = 'litellm_settings:\n  default_internal_user_params: {max_budget: 5, available_teams: [a]}\n';
    const { keys, warnings } = load(text);
    expect(keys.defaultUserParams).toEqual({ max_budget: 5 });
    expect(warnings).toEqual([expect.stringMatching(/config\.yaml:2 .*\.available_teams: ignored, nobody joins/)]);
    expect(check(text).faults).toEqual([]);
  });

  it('what an unset variable of the master key leads to, unless another variable holds one', () => {
    const text = 'general_settings:\n  master_key: os.environ/TEAM_KEY\n';
    const settings = load(text);
    expect(settings.listen.host).toBe('127.0.0.1');
    expect(settings.warnings).toEqual([
      expect.stringMatching(/:2 general_settings\.master_key: TEAM_KEY is not set; .*makes one.*127\.0\.0\.1/),
    ]);
    const other = load(text, { GATEWAY_MASTER_KEY: 'sk-0123456789abcdefghij' });
    expect(other.warnings).toEqual([expect.stringMatching(/TEAM_KEY is not set; the value counts as empty/)]);
  });

  it('that a hook file is missing, with its line, before anything is opened', () => {
    const text = 'general_settings:\n  codex_hooks: [./there.js, ./gone.js]\n';
    writeFileSync(join(folder, 'there.js'), '');
    expect(() => load(text)).toThrow(ConfigFault);
    const message = `the file ${join(folder, 'gone.js')} is missing`;
    expect(check(text).faults).toEqual([{ place: 'config.yaml:2 general_settings.codex_hooks', message }]);
    writeFileSync(join(folder, 'gone.js'), '');
    expect(load(text).hooks).toEqual([{ path: join(folder, 'there.js') }, { path: join(folder, 'gone.js') }]);
  });
});

describe('a misspelt key', () => {
  it('is called unknown, also in a deployment that cannot be used because of it', () => {
    const answer = check('model_list:\n  - model_name: a\n    litellm_params:\n      modle: codex/gpt-5.5\n');
    expect(verdicts(answer, 'model_list[0].litellm_params.modle')).toMatchObject({
      verdict: 'ignored',
      why: expect.stringMatching(/^unknown: .*spelling/) as string,
    });
    expect(verdicts(answer, 'model_list[0].model_name')?.why).toMatch(/^not usable/);
    expect(answer.warnings).toEqual([expect.stringMatching(/:4 model_list\[\]\.litellm_params\.modle: .*unknown/)]);
    expect(answer.faults).toHaveLength(1);
  });

  it('is called unknown at the top, in a section and in a login, where a key that does nothing yet is not', () => {
    const answer = check(
      'modle_list: []\ngeneral_settings: {mastre_key: x, alerting: []}\ncredential_list:\n  - credential_name: a\n    credential_values: {api_key: k, apikey: k}\n',
    );
    for (const key of ['modle_list', 'general_settings.mastre_key', 'credential_list[0].credential_values.apikey'])
      expect(verdicts(answer, key)?.why).toMatch(/^unknown/);
    expect(verdicts(answer, 'general_settings.alerting')?.why).not.toMatch(/^unknown/);
  });
});

describe('the knobs of tests', () => {
  const names = ['NODE_ENV', 'CODEX_GATEWAY_TIMES', 'CODEX_GATEWAY_FAIL_AT', 'CODEX_GATEWAY_CLOCK_AHEAD_MS'];
  const before = { ...process.env };
  afterEach(() => {
    for (const name of names) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  });

  it('count in tests only, and know the waits of the settings and no other', () => {
    const knobs = {
      CODEX_GATEWAY_FAIL_AT: 'a:SIGSTOP',
      CODEX_GATEWAY_CLOCK_AHEAD_MS: '-5',
      CODEX_GATEWAY_TIMES: '{"drainMs":7}',
    };
    Object.assign(process.env, knobs, { NODE_ENV: 'test' });
    expect(testKnobs()).toEqual({ failAt: 'a:SIGSTOP', clockAheadMs: -5, times: { drainMs: 7 }, isUnobserved: false });
    process.env['CODEX_GATEWAY_TIMES'] = '{"drainMS":7}';
    expect(() => testKnobs()).toThrow(/drainMS/);
    process.env['NODE_ENV'] = 'production';
    expect(testKnobs()).toEqual({ failAt: undefined, clockAheadMs: 0, times: {}, isUnobserved: false });
  });
});
