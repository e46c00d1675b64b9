import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from './check-config';
import { ConfigFault } from './config-fault';
import { type Credential } from './deployment';
import { loadSettings } from './load-settings';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'stored-logins-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

const model = (params: string, credentials = '') =>
  `credential_list: [${credentials}]\nmodel_list:\n  - model_name: m\n    litellm_params: {model: codex-oauth/gpt-5.5, ${params}}\n`;

function credentialIn(text: string): Credential | undefined {
  writeFileSync(join(cwd, 'config.yaml'), text);
  return loadSettings({ env: {}, argv: [], cwd, homeDir: cwd }).deployments[0]?.credential;
}

function faultIn(text: string): string {
  try {
    credentialIn(text);
  } catch (error) {
    if (error instanceof ConfigFault) return error.message;
    throw error;
  }
  return '';
}

describe('a login that lives in the state', () => {
  it('is named by an entry of credential_list', () => {
    const text = model(
      'litellm_credential_name: team',
      '{credential_name: team, credential_values: {login: work.Login_1-a}}',
    );
    expect(credentialIn(text)).toEqual({ name: 'team', source: { kind: 'stored_login', name: 'work.Login_1-a' } });
  });

  it('is named by a deployment itself, when credential_list has no such name', () => {
    const source = { kind: 'stored_login', name: 'work' };
    expect(credentialIn(model('api_key: "oauth:work"'))).toEqual({ name: 'work', source });
    const other = '{credential_name: work, credential_values: {access_token: at-1}}';
    expect(credentialIn(model('api_key: "oauth:work"', other))?.source.kind).toBe('access_token');
  });

  it.each(['two words', 'a/b', 'ü', 'x'.repeat(65), '../up'])('is never called %j', (name) => {
    expect(faultIn(model(`api_key: "oauth:${name}"`))).toMatch(/1 to 64 letters/);
    const entry = `{credential_name: team, credential_values: {login: "${name}"}}`;
    expect(faultIn(model('litellm_credential_name: team', entry))).toMatch(/1 to 64 letters/);
  });

  it('is never called default, which is the login of the environment', () => {
    const entry = '{credential_name: team, credential_values: {login: default}}';
    expect(faultIn(model('litellm_credential_name: team', entry))).toMatch(/not "default"/);
    expect(credentialIn(model('api_key: "oauth:default"'))?.source.kind).toBe('auth_file');
  });

  it('excludes another source in the same entry', () => {
    const entry = '{credential_name: team, credential_values: {login: work, auth_file: a.json}}';
    expect(faultIn(model('litellm_credential_name: team', entry))).toMatch(/exactly one of auth_file, login,/);
  });

  it('is no key for an OpenAI deployment', () => {
    expect(faultIn(model('custom_llm_provider: openai, api_key: "oauth:work"'))).toMatch(/needs an API key/);
  });

  it('is explained by check-config', () => {
    const text = model(
      'litellm_credential_name: team',
      '{credential_name: team, credential_values: {login: work}}',
    ).replace('credential_list: [', 'credential_list:\n  [');
    const { rows, faults } = checkConfig({ text, path: 'config.yaml', env: {}, cwd, homeDir: cwd });
    expect(faults).toEqual([]);
    const row = rows.find(({ key }) => key === 'credential_list[0].credential_values.login');
    expect(row).toMatchObject({ verdict: 'honoured', why: expect.stringMatching(/login --name N --store/) as string });
  });
});
