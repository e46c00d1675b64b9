import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsIn, oneModel, SettingsFolder, strongKey } from '../../test/support/settings-folder';

const folder = new SettingsFolder();
const { loadText } = folder;
const model = oneModel('model: codex-oauth/gpt-5.5');

describe('what requests say beside their question', () => {
  it('is never read as a tag from the header that carries keys here, whatever it is called', () => {
    const general = 'general_settings: { litellm_key_header_name: X-Team-Pass }\n';
    const litellm = 'litellm_settings: { extra_spend_tag_headers: [x-team-pass, X-Job, x-job] }\n';
    expect(loadText(`${model}${general}${litellm}`).metering.tagHeaders).toEqual(['x-job']);
    expect(loadText(`${model}${litellm}`).metering.tagHeaders).toEqual(['x-team-pass', 'x-job']);
  });

  it('must bring the fields that the operator names', () => {
    const text = `${model}general_settings: { enforced_params: [user, metadata.job] }\n`;
    expect(loadText(text).metering.extrasRules.neededFields).toEqual(['user', 'metadata.job']);
    expect(loadText(model).metering.extrasRules.neededFields).toEqual([]);
  });

  it.each(['user', '["us er"]', '[metadata.]', '[1]'])('names no fields with %s', (value) => {
    const text = `${model}general_settings:\n  enforced_params: ${value}\n`;
    expect(faultsIn(() => loadText(text))).toEqual([expect.stringContaining('general_settings.enforced_params')]);
  });
});

it('has the archive of the spend log beside the file that names it, as every relative path of the file', () => {
  mkdirSync(join(folder.cwd, 'etc'));
  writeFileSync(
    join(folder.cwd, 'etc', 'gateway.yaml'),
    `${model}general_settings: { spend_logs_archive_dir: archive }\n`,
  );
  const { metering } = folder.load({}, ['--config', 'etc/gateway.yaml']);
  expect(metering.ledger.archiveDir).toBe(join(folder.cwd, 'etc', 'archive'));
});

describe('the part of a limit that is one process’ own while the state is away', () => {
  it.each([
    [{}, 1],
    [{ REPLICA_COUNT: '3' }, 3],
    [{ REPLICA_COUNT: '3', NUM_WORKERS: '4' }, 12],
  ])('is told by replicas and their processes, %p', (variables, processes) => {
    const redis = {
      REDIS_URL: 'redis://127.0.0.1:1',
      GATEWAY_SALT_KEY: 'salt-key-of-thirty-two-characters!',
      LITELLM_MASTER_KEY: strongKey,
    };
    expect(loadText(model, { ...redis, ...variables }).metering.replicas).toBe(processes);
  });
});
