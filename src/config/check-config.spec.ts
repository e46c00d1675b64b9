import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkConfig, type ConfigCheck, formatCheck } from './check-config';

const folder = resolve('test/fixtures/config');

function check(text: string, env: Record<string, string> = {}): ConfigCheck {
  return checkConfig({ text, path: 'config.yaml', env, cwd: folder, homeDir: '/home/ada' });
}

const read = (name: string) => readFileSync(`test/fixtures/config/${name}`, 'utf8');

describe('checkConfig', () => {
  it('has a row for every key of the user’s own file and no fault', () => {
    const { rows, faults } = check(read('users-guide.yaml'));
    expect(faults).toEqual([]);
    expect(rows.map(({ line, verdict, key }) => `${line} ${verdict} ${key}`)).toEqual([
      '1 honoured general_settings',
      '2 honoured general_settings.master_key',
      '4 honoured model_list',
      '5 honoured model_list[0].model_name',
      '6 honoured model_list[0].litellm_params',
      '7 honoured model_list[0].litellm_params.model',
      '9 honoured litellm_settings',
      '10 mapped litellm_settings.custom_provider_map',
      '11 mapped litellm_settings.custom_provider_map[0].provider',
      '12 mapped litellm_settings.custom_provider_map[0].custom_handler',
    ]);
  });

  it('lists the keys that a map takes over with <<, at their own lines, unless it has them itself', () => {
    const text = [
      'x-base: &base {model: codex/gpt-5.5, rpm: 5}',
      'x-more: &more {tpm: 7}',
      'model_list:',
      '  - model_name: a',
      '    litellm_params:',
      '      rpm: 6',
      '      <<: [*base, *more]',
    ].join('\n');
    const { rows, warnings, faults } = check(text);
    const params = rows.filter(({ key }) => key.startsWith('model_list[0].litellm_params.'));
    expect(params.map(({ line, verdict, key }) => `${line} ${verdict} ${key}`)).toEqual([
      '6 honoured model_list[0].litellm_params.rpm',
      '1 honoured model_list[0].litellm_params.model',
      '2 honoured model_list[0].litellm_params.tpm',
    ]);
    expect(faults).toEqual([]);
    expect(warnings.join()).not.toContain('<<');
  });

  it('gives every row a reason and every ignored key a warning', () => {
    const { rows, warnings } = check(read('team.yaml'), { METERED_KEY: 'sk-metered' });
    expect(rows.filter(({ why }) => why === '')).toEqual([]);
    const verdicts = new Map(rows.map(({ key, verdict }) => [key, verdict]));
    expect(verdicts.get('general_settings.database_url')).toBe('ignored');
    expect(verdicts.get('model_list[0].litellm_params.reasoning_effort')).toBe('mapped');
    expect(verdicts.get('model_list[1].rpm')).toBe('mapped');
    expect(verdicts.get('router_settings.enable_pre_call_check')).toBe('mapped');
    expect(warnings).toEqual(expect.arrayContaining([expect.stringMatching(/^config\.yaml:\d+ guardrails: ignored/)]));
  });

  it('makes a fault of a deployment that a start would leave out', () => {
    const { faults, warnings } = check(read('team.yaml'), { METERED_KEY: 'sk-metered' });
    expect(faults).toEqual([
      {
        place: expect.stringContaining('model_list[4]') as string,
        message: expect.stringContaining('anthropic') as string,
      },
    ]);
    expect(warnings.filter((warning) => warning.includes('left out'))).toEqual([]);
  });

  it('never shows a secret, whatever it says', () => {
    const result = check(read('team.yaml'), { METERED_KEY: 'sk-metered', ANTHROPIC_KEY: 'sk-other' });
    expect(`${JSON.stringify(result)}${formatCheck(result)}`).not.toMatch(/sk-(metered|other|from)/);
  });

  it('says one line a key to people, then warnings, faults and the verdict', () => {
    const page = formatCheck(check('general_settings:\n  max_request_size_mb: huge\n  colour: blue\n'));
    expect(page).toMatch(/ 2 {2}honoured {2}general_settings\.max_request_size_mb {2}largest request body/);
    expect(page).toMatch(/Warnings:\n {2}- config\.yaml:3 general_settings\.colour: ignored, unknown: not a key/);
    expect(page).toMatch(/Faults:\n {2}- config\.yaml:2 general_settings\.max_request_size_mb: must be megabytes/);
    expect(page.endsWith('Faults: 1.')).toBe(true);
    expect(formatCheck(check('')).endsWith('No faults: the gateway will start with this file.')).toBe(true);
  });
});
