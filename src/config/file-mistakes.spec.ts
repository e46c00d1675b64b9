import { faultsIn, SettingsFolder } from '../../test/support/settings-folder';

const folder = new SettingsFolder();
const { loadText } = folder;

describe('mistakes in the file', () => {
  it.each([
    ['after another key', 'model_list:\n  - model_name: m\n    litellm_params:\n      model: a\n      rpm=5\n', ':5'],
    ['alone in its map', 'model_list:\n  - model_name: m\n    litellm_params:\n      rpm=5\n', ':3'],
    ['before another key', 'general_settings:\n  rpm=5\n  a: 1\n', ':2'],
  ])('refuses key=value %s, with its line', (_case, text, line) => {
    const [fault] = faultsIn(() => loadText(text));
    expect(fault).toContain(`config.yaml${line}`);
    expect(fault).toContain('"rpm: ..."');
  });

  it('names file, line and key of every mistake, with those of the environment, and no value', () => {
    const text =
      'general_settings:\n  max_request_size_mb: huge-secret\nlitellm_settings:\n  drop_params: perhaps-secret\ncredential_list:\n  - credential_name: a\n    credential_values: {}\n';
    const faults = faultsIn(() => loadText(text, { PORT: 'secret' }));
    expect(faults.map((fault) => fault.split(': ')[0])).toEqual([
      'environment PORT',
      'config.yaml:2 general_settings.max_request_size_mb',
      'config.yaml:4 litellm_settings.drop_params',
      'config.yaml:7 credential_list[0].credential_values',
    ]);
    expect(faults.join('\n')).not.toContain('secret');
  });

  it('gives an entry of a list that is no map its own line', () => {
    const sound = '  - model_name: a\n    litellm_params: {model: codex/gpt-5.5}\n';
    expect(faultsIn(() => loadText(`model_list:\n${sound}  - foo\n${sound}  -\n`))).toEqual([
      expect.stringMatching(/^config\.yaml:4 model_list\[1\]: must be a map/),
    ]);
  });

  it('shows no line of a file that is not YAML', () => {
    const faults = faultsIn(() => loadText('general_settings:\n  master_key: "sk-very-secret\n'));
    expect(faults).toEqual([expect.stringMatching(/^config\.yaml:\d: is not valid YAML/)]);
    expect(faults.join()).not.toContain('very-secret');
  });

  it('refuses a credential without exactly one source and a name that stands twice', () => {
    const entry = (name: string, values: string) =>
      `  - credential_name: ${name}\n    credential_values: {${values}}\n`;
    const text = `credential_list:\n${entry('a', '')}${entry('b', 'auth_file: x')}${entry('b', 'auth_file: y')}${entry('default', 'auth_file: z')}`;
    expect(faultsIn(() => loadText(text))).toEqual([
      expect.stringMatching(/:3 credential_list\[0\]\.credential_values: must hold exactly one/),
      expect.stringMatching(/credential_list\[2\]\.credential_name: stands twice/),
      expect.stringMatching(/credential_list\[3\]\.credential_name: is taken/),
    ]);
  });

  it('survives an empty file, a list, and a flood of aliases', () => {
    expect(loadText('').deployments).toEqual([]);
    expect(faultsIn(() => loadText('- a\n'))).toEqual([expect.stringContaining('config.yaml: must be a map')]);
    const bomb = [
      'a: &a [1,1,1,1,1,1,1,1,1]',
      ...'bcdefghi'.split('').map(
        (name, at) =>
          `${name}: &${name} [${Array(9)
            .fill(`*${'abcdefgh'[at] ?? ''}`)
            .join(',')}]`,
      ),
    ].join('\n');
    expect(faultsIn(() => loadText(bomb))).toEqual([expect.stringContaining('far too many aliases')]);
  });
});
