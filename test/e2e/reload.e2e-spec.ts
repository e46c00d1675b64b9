import { join } from 'node:path';
import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { testKey } from '../support/gateway';
import { Load } from '../support/load';
import { eventually } from '../support/login-gateways';
import { MountedConfig } from '../support/mounted-config';
import { ProgramBench, type Served } from '../support/program';

let bench: ProgramBench;
let mounts = 0;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterAll(async () => {
  await bench.close();
});

const model = (name: string, upstream = 'gpt-5.5', more = ''): string =>
  `  - model_name: ${name}\n    litellm_params: {model: codex-oauth/${upstream}${more}}\n`;
const list = (...models: string[]): string => `model_list:\n${models.join('')}`;

interface Reloading {
  readonly mount: MountedConfig;
  readonly served: Served;
  readonly ask: (name: string) => Promise<ReadAnswer>;
  readonly readiness: () => Promise<Record<string, unknown>>;
  readonly metric: (name: string) => Promise<string | undefined>;
  readonly end: () => Promise<void>;
}

async function reloading(text: string): Promise<Reloading> {
  mounts += 1;
  const mount = new MountedConfig(join(bench.folder, `mount-${mounts}`), text);
  const served = await bench.serve(['--config', mount.path], {
    STATE_DIR: join(bench.folder, `state-${mounts}`),
    CODEX_WHOAMI_URL: `${bench.simulator.url}/whoami`,
  });
  const at = { url: served.url, key: testKey };
  return {
    mount,
    served,
    ask: (name) => post(at, '/v1/chat/completions', chatBody({ model: name })),
    readiness: async () => (await send(at, '/health/readiness')).json as Record<string, unknown>,
    metric: async (name) => {
      const lines = (await send(at, '/metrics')).text.split('\n');
      return lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
    },
    end: async () => {
      served.signal('SIGTERM');
      expect((await served.finished).status).toBe(0);
    },
  };
}

const said = ({ served }: Reloading, message: string): Record<string, unknown>[] =>
  served
    .output()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === message);

const anew = 'the configuration was read anew';
const faulty = 'the configuration file is faulty: the settings from before stay in force';

describe('a ConfigMap that changes under load', () => {
  it('serves new models and new aliases, drops old ones, and fails no request', async () => {
    const alias = (target: string): string => `router_settings:\n  model_group_alias: {fast: ${target}}\n`;
    const own = await reloading(list(model('always'), model('old')) + alias('always'));
    expect((await own.ask('old')).status).toBe(200);
    expect((await own.ask('new')).status).toBe(404);
    const load = new Load({ url: own.served.url, key: testKey }, 6, 'always');
    for (const round of [1, 2, 3]) {
      own.mount.update(list(model('always'), model('new', 'gpt-6.1-sol'), model(`only-${round}`)) + alias('new'));
      await eventually('the new model is served', async () => (await own.ask(`only-${round}`)).status === 200);
    }
    expect((await own.ask('old')).status).toBe(404);
    expect((await own.ask('only-1')).status).toBe(404);
    const before = load.answered;
    await eventually('the load goes on', () => load.answered > before + 20);
    await load.stop();
    expect(load.failures).toEqual([]);
    await own.ask('fast');
    const last = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    expect(last?.body).toMatchObject({ model: 'gpt-6.1-sol' });
    await eventually('all three are told', () => said(own, anew).length === 3);
    expect(said(own, anew)[0]).toMatchObject({ changed: ['model_list', 'model_group_alias'] });
    const names = (await send({ url: own.served.url, key: testKey }, '/v1/models')).text;
    expect(names).toContain('only-3');
    expect(names).not.toContain('"old"');
    await own.end();
  });

  it('with a fault keeps the old settings and says so, once, and in readiness and metrics, until it is sound', async () => {
    const own = await reloading(list(model('steady')));
    expect(await own.metric('codex_config_last_reload_successful')).toBe('1');
    own.mount.update(
      'model_list:\n  - model_name: broken\n    litellm_params: {}\nrouter_settings: {num_retries: many}\n',
    );
    await eventually('it is rejected', () => said(own, faulty).length > 0);
    expect(await own.readiness()).toMatchObject({ status: 'healthy', degraded: ['config_rejected'] });
    expect(said(own, faulty)).toEqual([
      expect.objectContaining({ level: 50, faults: expect.arrayContaining([expect.stringContaining('config.yaml:3')]) as string[] }),
    ]); // prettier-ignore
    expect((await own.ask('steady')).status).toBe(200);
    expect((await own.ask('broken')).status).toBe(404);
    expect(await own.metric('codex_config_last_reload_successful')).toBe('0');
    expect(await own.metric('codex_config_reloads_total{result="rejected"}')).toBe('1');
    own.mount.update(list(model('mended')));
    await eventually('the sound file serves', async () => (await own.ask('mended')).status === 200);
    expect(await own.readiness()).toMatchObject({ degraded: [] });
    expect(await own.metric('codex_config_last_reload_successful')).toBe('1');
    await own.end();
  });

  it('that vanishes does not open the whole catalog', async () => {
    const own = await reloading(list(model('steady')));
    own.mount.remove();
    await eventually('it is rejected', () => said(own, faulty).length > 0);
    expect(said(own, faulty)).toEqual([expect.objectContaining({ faults: [expect.stringContaining('ENOENT')] })]);
    expect((await own.ask('steady')).status).toBe(200);
    expect((await own.ask('gpt-5.5')).status).toBe(404);
    await own.end();
  });

  it('names what needs a restart, and goes on with the old of it', async () => {
    const own = await reloading(list(model('steady')));
    const section = 'general_settings: {master_key: sk-another-master-key-0002}\nlitellm_settings: {max_budget: 5}\n';
    own.mount.update(section + list(model('steady'), model('added')));
    await eventually('it is in force', async () => (await own.ask('added')).status === 200);
    const told = () => said(own, 'these settings need a restart; until then they stay as they were');
    await eventually('it is told', () => told().length > 0);
    expect(told()).toEqual([
      expect.objectContaining({
        level: 40,
        settings: ['general_settings.master_key', expect.stringContaining('limits of the gateway')],
      }),
    ]);
    expect(own.served.output()).not.toContain('sk-another-master-key-0002');
    await own.end();
  });

  it('uses a login file that it names for the first time, and forgets the one it names no more', async () => {
    const login = (name: string): string =>
      `credential_list:\n  - credential_name: ${name}\n    credential_values: {auth_file: ${join(bench.folder, `${name}.json`)}}\n`;
    const of = (name: string): string =>
      login(name) + list(model('steady', 'gpt-5.5', `, litellm_credential_name: ${name}`));
    const first = bench.simulator.makeAuthFile(bench.folder, { fileName: 'first.json' });
    const own = await reloading(of('first'));
    expect((await own.ask('steady')).status).toBe(200);
    const second = bench.simulator.makeAuthFile(bench.folder, { fileName: 'second.json' });
    own.mount.update(of('second'));
    const bearer = (): string | undefined =>
      bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'))?.headers['authorization'];
    await eventually('the second login is used', async () => {
      await own.ask('steady');
      return bearer() === `Bearer ${second.login.accessToken}`;
    });
    expect(second.login.accessToken).not.toBe(first.login.accessToken);
    const { json } = await send({ url: own.served.url, key: testKey }, '/account/list');
    expect((json as { accounts: { names: string[] }[] }).accounts.map(({ names }) => names)).toEqual([['second']]);
    await own.end();
  });
});

describe('an access token that was refused', () => {
  it('is forgotten as soon as the file names another in its place', async () => {
    const { tokens } = bench.simulator;
    const of = (token: string): string =>
      `credential_list:\n  - credential_name: ws\n    credential_values: {access_token: ${token}}\n${list(model('steady', 'gpt-5.5', ', litellm_credential_name: ws'))}`;
    const [first, second] = [tokens.mintPersonal(), tokens.mintPersonal()];
    const own = await reloading(of(first.token));
    expect((await own.ask('steady')).status).toBe(200);
    tokens.expire(first.token);
    await eventually('it is left alone', async () => {
      const { json } = await own.ask('steady');
      return JSON.stringify(json).includes('No deployments available');
    });
    // A look at what was refused has to be taken before another one can be told from it.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    own.mount.update(of(second.token));
    await eventually('the other one is used', async () => (await own.ask('steady')).status === 200);
    await own.end();
  });
});

describe('the gauges after a reload', () => {
  it('show the limits and deployments of now, and no account or deployment that is named no more', async () => {
    const deployed = (id: string, rpm: number, more = ''): string =>
      `  - model_name: ${id}\n    litellm_params: {model: codex-oauth/gpt-5.5, rpm: ${rpm}${more}}\n    model_info: {id: ${id}}\n`;
    const bad = `credential_list:\n  - credential_name: bad\n    credential_values: {auth_file: ${join(bench.folder, 'not-there.json')}}\n`;
    const own = await reloading(bad + list(deployed('a', 5), deployed('b', 6, ', litellm_credential_name: bad')));
    const lines = async (): Promise<string[]> =>
      (await send({ url: own.served.url, key: testKey }, '/metrics')).text.split('\n');
    const limits = async (): Promise<string[]> =>
      (await lines()).flatMap((line) => {
        const [, id, value] = /^litellm_deployment_rpm_limit\{.*model_id="(\w+)".*\} (\d+)$/.exec(line) ?? [];
        return id === undefined ? [] : [`${id} ${value ?? ''}`];
      });
    const shown = async (label: string): Promise<number> =>
      (await lines()).filter(
        (line) => /^(?:codex_account|codex_cooldown_until|litellm_deployment_state)/.test(line) && line.includes(label),
      ).length;
    expect((await own.ask('b')).status).not.toBe(200);
    await eventually('the bad login is shown', async () => (await shown('account="bad"')) > 0);
    expect(await limits()).toEqual(['a 5', 'b 6']);
    expect(await shown('model_id="b"')).toBe(1);
    own.mount.update(list(deployed('a', 50), deployed('c', 7)));
    await eventually('the new deployment is served', async () => (await own.ask('c')).status === 200);
    expect(await limits()).toEqual(['a 50', 'c 7']);
    expect([await shown('account="bad"'), await shown('model_id="b"'), await shown('model_id="c"')]).toEqual([0, 0, 1]);
    await own.end();
  });
});

describe('SIGHUP', () => {
  it('reads the file anew, also when nothing in it changed', async () => {
    const own = await reloading(list(model('steady')));
    own.served.signal('SIGHUP');
    await eventually('it is told', () => said(own, 'the configuration is as it was').length === 1);
    expect((await own.ask('steady')).status).toBe(200);
    await own.end();
  });
});
