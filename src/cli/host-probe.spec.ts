import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { printedBy } from '../../test/support/command-world';
import { checkConfig } from '../config/check-config';
import { loadSettings } from '../config/load-settings';
import { checkConfigCommand } from './check-config.command';
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

describe('check-config --probe', () => {
  const yaml = (apiBase: string): string =>
    `model_list: [{ model_name: paid, litellm_params: { model: openai/gpt-4.1, api_base: "${apiBase}", api_key: sk-paid-secret } }]\n`;

  /** Runs the command on a file of this text. */
  async function run(
    text: string,
    ...words: readonly string[]
  ): Promise<{ readonly status: number; readonly told: string }> {
    writeFileSync(join(folder, 'probed.yaml'), text);
    const argv = [...words, '--config', 'probed.yaml'];
    const [status, told] = await printedBy(() => checkConfigCommand({ argv, env, cwd: folder, homeDir: folder }));
    return { status, told };
  }

  afterEach(() => {
    host.switches.openAiLacksResponses = false;
  });

  it('asks nobody without that word, nor while the file has faults', async () => {
    const before = host.seen.length;
    expect((await run(yaml(host.openAiUrl))).status).toBe(0);
    const faulty = await run(`${yaml(host.openAiUrl)}router_settings: { num_retries: many }\n`, '--probe');
    expect(faulty.status).toBe(1);
    expect(faulty.told).toContain('num_retries');
    expect(host.seen).toHaveLength(before);
  });

  it('ends with 0 when every host has the Responses API', async () => {
    const before = host.seen.length;
    expect(await run(yaml(host.openAiUrl), '--probe')).toMatchObject({
      status: 0,
      told: expect.stringContaining('No faults') as string,
    });
    expect(host.seen.slice(before)).toHaveLength(1);
  });

  it('ends with 1 and names the host that lacks it, without the key', async () => {
    host.switches.openAiLacksResponses = true;
    const { status, told } = await run(yaml(host.openAiUrl), '--probe', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(told)).toMatchObject({
      faults: [{ place: 'model_list: paid', message: expect.stringContaining('lacks the Responses API') as string }],
    });
    expect(told).not.toContain('sk-paid-secret');
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
