import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { checkConfig } from '../config/check-config';
import { loadSettings } from '../config/load-settings';
import { hostFaults } from './host-probe';

const env = { GATEWAY_MASTER_KEY: 'sk-a-master-key-for-tests' };

let host: Simulator;
let folder: string;

beforeAll(async () => {
  host = await startSimulator();
  folder = mkdtempSync(join(tmpdir(), 'host-probe-'));
});
afterAll(async () => {
  await host.close();
  rmSync(folder, { recursive: true });
});

function settings(apiBase: string): ReturnType<typeof loadSettings> {
  const yaml = `model_list: [{ model_name: paid, litellm_params: { model: openai/gpt-4.1, api_base: "${apiBase}", api_key: sk-x } }]\n`;
  writeFileSync(join(folder, 'config.yaml'), yaml);
  return loadSettings({ env, argv: [], cwd: folder, homeDir: folder });
}

describe('a host of openai/ deployments', () => {
  it('that has the Responses API is no fault, and generates nothing', async () => {
    expect(await hostFaults(settings(host.openAiUrl))).toEqual([]);
    expect(host.seen.at(-1)).toMatchObject({ method: 'POST', path: '/openai/v1/responses', body: {} });
  });

  it('that lacks it is named, with what it answered', async () => {
    host.switches.openAiLacksResponses = true;
    expect(await hostFaults(settings(host.openAiUrl))).toEqual([
      { place: 'model_list: paid', message: expect.stringMatching(/lacks the Responses API.*404/) as string },
    ]);
  });

  it('that is not there is named too', async () => {
    expect(await hostFaults(settings('http://127.0.0.1:9/v1'))).toMatchObject([
      { message: expect.stringContaining('could not be reached') as string },
    ]);
  });
});

describe('check-config', () => {
  const warningsOf = (text: string): readonly string[] =>
    checkConfig({ text, path: 'config.yaml', env, cwd: '/', homeDir: '/' }).warnings;

  it('names a host that is known to lack the Responses API, without asking it', () => {
    const list =
      'model_list: [{ model_name: m, litellm_params: { model: openai/x, api_base: "https://api.mistral.ai/v1", api_key: k } }]\n';
    expect(warningsOf(list)).toEqual([expect.stringMatching(/m: api\.mistral\.ai speaks chat completions only/)]);
    expect(warningsOf(list.replace('api.mistral.ai', 'api.openai.com'))).toEqual([]);
  });

  it('names fallbacks that lead nowhere, with their line', () => {
    const list =
      'model_list:\n  - { model_name: a, litellm_params: { model: codex/x }, model_info: { id: one } }\n  - { model_name: "w/*", litellm_params: { model: "codex/*" } }\n';
    const rules =
      'router_settings:\n  model_group_alias: { other: a }\n  fallbacks: [{"a": ["one", "other", "w/y", "lost"]}]\n  default_fallbacks: [gone]\n';
    expect(warningsOf(list + rules)).toEqual([
      expect.stringMatching(/^config\.yaml:6 .*fallbacks: lost: no model group/),
      expect.stringMatching(/default_fallbacks: gone: no model group/),
    ]);
  });
});
