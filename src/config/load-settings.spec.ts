import { join, resolve } from 'node:path';
import { type EnvSource } from './env.schema';

import { faultsIn, oneModel, SettingsFolder, strongKey } from '../../test/support/settings-folder';

const fixtures = resolve('test/fixtures/config');
const folder = new SettingsFolder();
const { load, loadText } = folder;

describe('without a file', () => {
  it('offers the default login on port 4000 of this machine only', () => {
    const settings = load();
    expect(settings.listen).toEqual({ host: '127.0.0.1', port: 4000 });
    expect(settings.masterKey).toBeUndefined();
    expect(settings.deployments).toEqual([]);
    expect(settings.defaultCredential).toEqual({
      name: 'default',
      source: { kind: 'auth_file', path: '/home/ada/.codex/auth.json' },
    });
    expect(settings.stateDir).toBe(join(folder.cwd, '.codex-gateway'));
    expect(settings.codex.baseUrl).toBe('https://chatgpt.com/backend-api/codex');
    expect(settings.warnings).toEqual([]);
  });

  it('listens on every address once a key of one’s own is set, and lets flags win', () => {
    expect(load({ LITELLM_MASTER_KEY: strongKey, PORT: '5000' }).listen).toEqual({ host: '0.0.0.0', port: 5000 });
    expect(load({ PORT: '5000' }, ['--port', '0', '--host=::1']).listen).toEqual({ host: '::1', port: 0 });
  });

  it('prefers CODEX_ACCESS_TOKEN to a file, CODEX_AUTH_FILE to CODEX_HOME', () => {
    const source = (env: EnvSource) => load(env).defaultCredential.source;
    expect(source({ CODEX_ACCESS_TOKEN: 'at-x', CODEX_AUTH_FILE: '/a.json' })).toEqual({
      kind: 'access_token',
      token: 'at-x',
    });
    expect(source({ CODEX_AUTH_FILE: '~/a.json', CODEX_HOME: '/c' })).toEqual({
      kind: 'auth_file',
      path: '/home/ada/a.json',
    });
    expect(source({ CODEX_HOME: 'c' })).toEqual({ kind: 'auth_file', path: join(folder.cwd, 'c/auth.json') });
  });

  it('is frozen through and through', () => {
    const settings = load();
    expect(() => {
      (settings.listen as { port: number }).port = 1;
    }).toThrow(TypeError);
    expect(Object.isFrozen(settings.times) && Object.isFrozen(settings.deployments)).toBe(true);
  });

  it('refuses a named file that is not there, and unknown flags, together', () => {
    const faults = faultsIn(() => load({}, ['--config', 'none.yaml', '--colour']));
    expect(faults).toEqual([
      expect.stringContaining('--colour: is not understood'),
      expect.stringContaining('none.yaml: cannot be read'),
    ]);
  });

  it('takes LiteLLM’s own flags with a warning', () => {
    const settings = load({}, ['--num_workers', '8', '--detailed_debug']);
    expect(settings.logLevel).toBe('debug');
    expect(settings.warnings).toEqual([expect.stringContaining('--num_workers')]);
  });
});

describe('master keys', () => {
  it.each([
    ['an empty key', '', 'is empty'],
    ['a short key', 'sk-short', 'is too short'],
    ['a key with a line break', `${strongKey}\n`, 'without white space'],
  ])('refuses %s', (_case, key, reason) => {
    const faults = faultsIn(() => load({ GATEWAY_MASTER_KEY: key }));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^environment GATEWAY_MASTER_KEY: /);
    expect(faults[0]).toContain(reason);
  });

  it('lets the file’s key win, even when it is empty', () => {
    expect(
      loadText(`general_settings: {master_key: ${strongKey}-file}`, { LITELLM_MASTER_KEY: strongKey }).masterKey,
    ).toBe(`${strongKey}-file`);
    const faults = faultsIn(() => loadText('general_settings:\n  master_key: ""\n', { LITELLM_MASTER_KEY: strongKey }));
    expect(faults).toEqual([expect.stringContaining('config.yaml:2 general_settings.master_key: is empty')]);
  });

  it('keeps a published example key on this machine', () => {
    const settings = load({ LITELLM_MASTER_KEY: 'sk-1234' });
    expect(settings).toMatchObject({ masterKey: 'sk-1234', masterKeyIsExample: true, listen: { host: '127.0.0.1' } });
    expect(settings.warnings).toEqual([expect.stringContaining('published example key')]);
    expect(load({ LITELLM_MASTER_KEY: 'sk-1234', HOST: 'localhost' }).listen.host).toBe('localhost');
    expect(faultsIn(() => load({ LITELLM_MASTER_KEY: 'sk-1234', HOST: '0.0.0.0' }))).toEqual([
      expect.stringContaining('environment HOST: opens'),
    ]);
    expect(faultsIn(() => load({ LITELLM_MASTER_KEY: 'sk-1234' }, ['--host', '127.evil.example']))).toHaveLength(1);
  });
});

describe('the user’s own file', () => {
  it('works unchanged', () => {
    const settings = load({}, ['--config', join(fixtures, 'users-guide.yaml'), '--port', '4000']);
    expect(settings.masterKey).toBe('sk-your-master-key-12345');
    expect(settings.listen).toEqual({ host: '127.0.0.1', port: 4000 });
    expect(settings.deployments).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        modelGroup: 'chatgpt-plus-gpt-5.1-codex-max',
        provider: 'codex',
        upstreamModel: 'gpt-5.1-codex-max',
        credential: settings.defaultCredential,
        apiBase: 'https://chatgpt.com/backend-api/codex',
        defaults: {},
        modelInfo: {},
      },
    ]);
    expect(settings.warnings).toEqual([expect.stringContaining('published example key')]);
  });
});

describe('a grown LiteLLM file', () => {
  const env = { METERED_KEY: 'sk-metered-secret', CODEX_MODE: 'true' };
  const load2 = () => load(env, ['--config', join(fixtures, 'team.yaml')]);

  it('sets what the sections say', () => {
    const settings = load2();
    expect(settings).toMatchObject({
      masterKey: 'sk-from-the-file-0123456789',
      keyHeaderName: 'x-team-key',
      dropParams: false,
      routing: { numRetries: 4 },
      limits: { maxBodyBytes: 8 * 1024 * 1024 },
      times: { wholeJsonMs: 90_000, wholeStreamMs: 7_200_000 },
      trustedProxyHops: 1,
      observability: { requireAuthForMetrics: true },
      alwaysIncludeStreamUsage: true,
      codex: { mode: false, retiredModelFallback: 'gpt-5.5' },
      hooks: [{ path: join(fixtures, 'hooks/house-rules.js') }],
    });
    expect([...settings.modelAliases]).toEqual([
      ['fast', { model: 'gpt-5.5', hidden: false }],
      ['quiet', { model: 'gpt-5.5', hidden: true }],
    ]);
  });

  it('gives every deployment its upstream, login and defaults', () => {
    const [seat, second, metered, canned, ...rest] = load2().deployments;
    const work = { name: 'work', source: { kind: 'auth_file', path: '/home/ada/logins/work.json' } };
    expect(seat).toEqual({
      id: 'seat-one',
      modelGroup: 'gpt-5.5',
      provider: 'codex',
      upstreamModel: 'gpt-5.5',
      credential: work,
      apiBase: 'https://chatgpt.com/backend-api/codex',
      profile: 'lite',
      codexMode: true,
      timeoutMs: 120_000,
      streamTimeoutMs: 2_500,
      defaults: { verbosity: 'low', reasoning_effort: 'high' },
      price: { source: 'deployment', bands: new Map([[-1, { standard: { input: 2_000_000 } }]]) },
      modelInfo: { id: 'seat-one', mode: 'responses', input_cost_per_token: 0.000002 },
      routing: { rpm: 60, pricePerToken: 0.000002 },
    });
    expect(second).toMatchObject({ upstreamModel: 'gpt-5.5', credential: work, routing: { rpm: 30 } });
    expect(metered).toMatchObject({
      modelGroup: 'metered/*',
      provider: 'openai',
      upstreamModel: '*',
      apiBase: 'http://127.0.0.1:9/v1',
      credential: { name: 'metered', source: { kind: 'api_key', key: 'sk-metered-secret' } },
    });
    expect(canned).toMatchObject({ mockResponse: 'pong' });
    expect(rest).toEqual([]);
  });

  it('warns of each thing it leaves out, with its line and without values', () => {
    const warnings = load2().warnings.join('\n');
    expect(warnings).toMatch(/team\.yaml:\d+ general_settings\.database_url: DATABASE_URL is not set/);
    expect(warnings).toMatch(/team\.yaml:\d+ general_settings\.database_url: ignored, there is no SQL database/);
    expect(warnings).toMatch(
      /model_list\[4\]\.litellm_params\.model: the provider "anthropic" is not one of .*left out/,
    );
    expect(warnings).toMatch(/team\.yaml:\d+ guardrails: ignored/);
    expect(warnings).toMatch(/credential_info: ignored, a note for people/);
    expect(warnings).not.toMatch(/custom_provider_map|sk-/);
  });
});

describe('deployments', () => {
  it.each([
    ['codex-oauth/gpt-5.5', 'gpt-5.5'],
    ['codex/gpt-5.5', 'gpt-5.5'],
    ['chatgpt/responses/gpt-5.5', 'gpt-5.5'],
    ['gpt-5.5', 'gpt-5.5'],
  ])('reads %s as a Codex model', (written, upstreamModel) => {
    expect(loadText(oneModel(`model: ${written}`)).deployments[0]).toMatchObject({ provider: 'codex', upstreamModel });
  });

  it('keeps its id over restarts and file order, and tells twins apart', () => {
    const ids = (text: string) => loadText(text).deployments.map(({ id }) => id);
    const one = ids(oneModel('model: codex/a, temperature: 1'));
    expect(ids(oneModel('temperature: 1, model: codex/a'))).toEqual(one);
    expect(ids(oneModel('model: codex/a, temperature: 0'))).not.toEqual(one);
    const twins = ids(`${oneModel('model: codex/a')}${oneModel('model: codex/a').replace('model_list:\n', '')}`);
    expect(twins).toHaveLength(2);
    expect(twins[1]).toBe(`${twins[0] ?? ''}-2`);
  });

  it('names an inline login by a digest and knows the default one', () => {
    const credential = (params: string) =>
      loadText(oneModel(params), { CODEX_AUTH_FILE: '/one.json' }).deployments[0]?.credential;
    expect(credential('model: a, auth_file: ./two.json')).toEqual({
      name: expect.stringMatching(/^auth-file-[0-9a-f]{8}$/) as string,
      source: { kind: 'auth_file', path: join(folder.cwd, 'two.json') },
    });
    expect(credential('model: a, auth_file: /one.json')?.name).toBe('default');
    expect(credential('model: openai/a, api_key: sk-secret')?.name).toMatch(/^api-key-[0-9a-f]{8}$/);
  });

  it.each([
    ['another provider', 'model: azure/gpt', 'the provider "azure"'],
    ['an openai/ model without a key', 'model: openai/gpt', 'needs api_key'],
    ['an unknown login', 'model: a, litellm_credential_name: nobody', 'names a credential'],
    ['a star the group cannot fill', 'model: "codex/*"', 'holds more * than model_name'],
    ['a nonsense timeout', 'model: a, timeout: soon', 'must be seconds'],
    ['an upstream that is no URL', 'model: a, api_base: "ftp://x"', 'must be an http or https URL'],
    ['no model', 'temperature: 1', 'is missing'],
  ])('leaves out %s with a warning, or refuses it when told to', (_case, params, reason) => {
    const good = '  - model_name: good\n    litellm_params: {model: a}\n';
    const settings = loadText(oneModel(params, good));
    expect(settings.deployments.map(({ modelGroup }) => modelGroup)).toEqual(['good']);
    expect(settings.warnings.join('\n')).toMatch(/config\.yaml:[23] .*left out/);
    expect(settings.warnings.join('\n')).toContain(reason);
    const strict = `${oneModel(params, good)}router_settings: {ignore_invalid_deployments: false}\n`;
    expect(faultsIn(() => loadText(strict)).join('\n')).toContain(reason);
  });

  it('does not fall back to the whole catalog when every listed deployment is unusable', () => {
    expect(faultsIn(() => loadText(oneModel('model: azure/gpt')))).toEqual([expect.stringContaining('azure')]);
  });
});
