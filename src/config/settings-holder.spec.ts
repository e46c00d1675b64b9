import { settingsFor } from '../../test/support/settings-for';
import { type Deployment } from './deployment';
import { type Settings } from './settings';
import { SettingsHolder } from './settings-holder';

const before = settingsFor('http://127.0.0.1:1');
const deployment: Deployment = {
  id: 'one',
  modelGroup: 'team',
  provider: 'codex',
  upstreamModel: 'gpt-5.5',
  credential: before.defaultCredential,
  apiBase: before.codex.baseUrl,
  defaults: {},
  modelInfo: {},
};

const held = (): SettingsHolder => new SettingsHolder(before);
const changed = (rest: Partial<Settings>): Settings => ({ ...before, ...rest });

it('shows what is in force through the one object that everybody holds', () => {
  const holder = held();
  const { live } = holder;
  expect({ ...live }).toEqual(before);
  const aliases = new Map([['fast', { model: 'team', hidden: false }]]);
  const swap = holder.replace(changed({ deployments: [deployment], modelAliases: aliases, dropParams: false }));
  expect(swap).toEqual({
    changed: ['model_list', 'model_group_alias', 'drop_params'],
    needsRestart: [],
    failures: [],
  });
  expect(live.deployments).toEqual([deployment]);
  expect(live.modelAliases.get('fast')).toEqual({ model: 'team', hidden: false });
  expect(live.dropParams).toBe(false);
  expect({ ...live }).toEqual(changed({ deployments: [deployment], modelAliases: aliases, dropParams: false }));
});

it('takes lines that moved in the file for no change', () => {
  const swap = held().replace(changed({ keyPlaces: { max_budget: 'config.yaml:7 litellm_settings.max_budget' } }));
  expect(swap).toEqual({ changed: [], needsRestart: [], failures: [] });
});

it('keeps what a running process cannot change and names it as the operator wrote it', () => {
  const holder = held();
  const next = changed({
    listen: { host: '127.0.0.1', port: 5_000 },
    masterKey: 'sk-another-master-key-0002',
    stateDir: '/elsewhere',
    saltKey: 'another-salt',
    codex: { ...before.codex, baseUrl: 'http://127.0.0.1:2', mode: false },
    times: { ...before.times, wholeJsonMs: 1, drainMs: 2 },
  });
  const { changed: swapped, needsRestart } = holder.replace(next);
  expect(swapped).toEqual(['CODEX_* and codex_retired_model_fallback', 'timeouts']);
  expect([...needsRestart].sort()).toEqual(
    [
      'CODEX_* and codex_retired_model_fallback',
      'GATEWAY_SALT_KEY',
      'PORT, HOST',
      'STATE_DIR',
      'general_settings.master_key',
      'timeouts',
    ].sort(),
  );
  const { listen, masterKey, stateDir, saltKey } = before;
  expect(holder.live).toMatchObject({ listen, masterKey, stateDir, saltKey });
  expect(holder.live.codex).toEqual({ ...before.codex, mode: false });
  expect(holder.live.times).toEqual({ ...before.times, wholeJsonMs: 1 });
});

it('tells listeners after the swap, all of them, and none of a file that says the same', () => {
  const holder = held();
  const told: string[] = [];
  holder.onChange((now, old) => {
    told.push(`${old.deployments.length} to ${now.deployments.length}, live ${holder.live.deployments.length}`);
    throw new Error('a bug of a listener');
  });
  const end = holder.onChange(() => told.push('second'));
  expect(holder.replace(changed({ warnings: ['only words'] })).changed).toEqual([]);
  expect(told).toEqual([]);
  const { failures } = holder.replace(changed({ deployments: [deployment] }));
  expect(told).toEqual(['0 to 1, live 1', 'second']);
  expect(failures).toEqual([new Error('a bug of a listener')]);
  end();
  holder.replace(before);
  expect(told).toEqual(['0 to 1, live 1', 'second', '1 to 0, live 0']);
});
