import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefreshedAccessTokens } from '../../src/auth/refreshed-access-tokens';
import { post, send } from '../support/calls';
import { eventually } from '../support/eventually';
import { type BenchOptions, startBench, type TestBench } from '../support/gateway';
import { type Json } from '../support/holders';
import { describeWithRedis, RedisServer } from '../support/redis-server';

let bench: TestBench | undefined;

afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function started(options: BenchOptions = {}): Promise<TestBench> {
  bench = await startBench(options);
  return bench;
}

const look = (of: TestBench) => of.gateway.app.get(RefreshedAccessTokens).lookNow();

/** A file is looked at once a second at most, and its changes are noticed. */
async function recovered(of: TestBench): Promise<void> {
  while ((await look(of)).some(({ state }) => state !== 'ok')) await new Promise(setImmediate);
}

const twoLogins = `credential_list:
  - credential_name: gone
    credential_values: {auth_file: ./gone.json}
model_list:
  - model_name: lost
    litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: gone}
    model_info: {id: lost-one}
  - model_name: canned
    litellm_params: {model: codex-oauth/gpt-5.5, litellm_credential_name: gone, mock_response: hello}
    model_info: {id: canned-one}
  - model_name: kept
    litellm_params: {model: codex-oauth/gpt-5.5}
    model_info: {id: kept-one}
`;

describe('/health', () => {
  it('moves the deployments of a login that cannot be used to the unhealthy ones, and back', async () => {
    const own = await started({ config: twoLogins });
    await look(own);
    expect((await send(own, '/health')).json).toMatchObject({
      healthy_endpoints: [{ model_id: 'canned-one' }, { model_id: 'kept-one' }],
      unhealthy_endpoints: [{ model_id: 'lost-one', error: 'its upstream login cannot be used' }],
      healthy_count: 2,
      unhealthy_count: 1,
    });
    own.simulator.makeAuthFile(own.folder, { fileName: 'gone.json' });
    await recovered(own);
    expect((await send(own, '/health')).json).toMatchObject({ healthy_count: 3, unhealthy_count: 0 });
  });
});

const severalTeams = `model_list:
  - model_name: open
    litellm_params: {model: codex-oauth/gpt-5.5}
    model_info: {id: open-1, access_groups: [basic]}
  - model_name: any/*
    litellm_params: {model: codex-oauth/*}
    model_info: {id: any-1}
  - model_name: plans
    litellm_params: {model: codex-oauth/gpt-5.5}
    model_info: {id: plans-1, team_id: others, team_public_model_name: secret}
`;

it('/health tells of one model or one deployment when it is asked so', async () => {
  const own = await started({ config: severalTeams });
  const ids = async (query: string): Promise<readonly unknown[]> => {
    const { json } = await send(own, `/health${query}`);
    const { healthy_endpoints: all, healthy_count } = json as { healthy_endpoints: Json[]; healthy_count: number };
    expect(healthy_count).toBe(all.length);
    return all.map(({ model_id }) => model_id);
  };
  expect(await ids('?model=open')).toEqual(['open-1']);
  expect(await ids('?model_id=any-1')).toEqual(['any-1']);
  expect(await ids('?model=open&model_id=any-1')).toEqual([]);
  for (const model of ['gpt-5.5', 'chatgpt/gpt-5.5'])
    expect(await ids(`?model=${model}`)).toEqual(['open-1', 'plans-1']);
  expect(await ids('?model=secret')).toEqual(['plans-1']);
  expect(await ids('?model=nobody')).toEqual([]);
  expect(await ids('?model=&model_id=')).toEqual(['open-1', 'any-1', 'plans-1']);
});

describe('/health of a key', () => {
  it('tells of the deployments that may answer its calls, and admins and viewers of all', async () => {
    const own = await started({ config: severalTeams });
    await post(own, '/team/new', { team_id: 'others' });
    const told = async (fields: object, path = '/key/generate'): Promise<readonly string[]> => {
      const { key } = (await post(own, path, fields)).json as { key: string };
      const { json } = await send({ url: own.url, key }, '/health');
      return (json as { healthy_endpoints: { model_id: string }[] }).healthy_endpoints.map(({ model_id }) => model_id);
    };
    const all = ['open-1', 'any-1', 'plans-1'];
    expect(await told({ user_role: 'proxy_admin_viewer' }, '/user/new')).toEqual(all);
    expect(await told({ team_id: 'others' })).toEqual(all);
    expect(await told({ team_id: 'others', models: ['secret'] })).toEqual(['plans-1']);
    expect(await told({})).toEqual(['open-1', 'any-1']);
    for (const models of [['open'], ['basic'], ['op*']]) expect(await told({ models })).toEqual(['open-1']);
    for (const models of [['any/gpt-5.5'], ['any/*'], ['any/gpt*']]) expect(await told({ models })).toEqual(['any-1']);
    expect(await told({ models: ['plans'] })).toEqual([]);
  });
});

describe('/health/readiness', () => {
  it('has nothing to say of a gateway that is well, from its first moment', async () => {
    const own = await started();
    expect((await send(own, '/health/readiness')).json).toMatchObject({ degraded: [] });
    expect((await send(own, '/health')).json).toMatchObject({ unhealthy_count: 0 });
    await look(own);
    const json = { status: 'healthy', db: 'Not connected', cache: null, degraded: [], in_flight_requests: 0 };
    expect(await send(own, '/health/readiness')).toMatchObject({ status: 200, json });
  });

  it('stays 200 without a login and with a state folder that cannot be used, and names both', async () => {
    const blocked = join(mkdtempSync(join(tmpdir(), 'health-')), 'state');
    writeFileSync(blocked, 'a file where the folder belongs');
    const own = await started({ config: twoLogins, env: { STATE_DIR: blocked } });
    await look(own);
    const answer = await send(own, '/health/readiness', { headers: { authorization: '' } });
    expect(answer).toMatchObject({
      status: 200,
      json: { status: 'healthy', degraded: ['state_unavailable', 'login_unusable'] },
    });
  });
});

describeWithRedis('/health/readiness with Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());

  const env = { GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };

  it('and the gauges say that a Redis which only reads cannot be used, for as long as it is so', async () => {
    const own = await started({ env: { ...env, ...server.env } });
    await look(own);
    const memory = (bytes: string) => server.everywhere((redis) => redis.config('SET', 'maxmemory', bytes));
    const read = async (): Promise<string> =>
      (await send(own, '/metrics')).text.match(/^codex_(state_degraded|breaker_open{.*}) \d$/gm)?.join() ?? '';
    const say = (value: number) =>
      eventually(`both gauges are ${value}`, async () =>
        new RegExp(`^\\S+ ${value},\\S+ ${value}$`).test(await read()),
      );
    await memory('1');
    const refused = await post(own, '/key/generate', { max_budget: 1 });
    expect(refused.status).toBe(503);
    const json = { status: 'healthy', cache: 'redis (down)', degraded: ['state_unavailable'] };
    expect(await send(own, '/health/readiness')).toMatchObject({ status: 200, json });
    await say(1);
    expect(await send(own, '/health/readiness')).toMatchObject({ json });
    await memory('0');
    await say(0);
    expect(await send(own, '/health/readiness')).toMatchObject({ json: { cache: 'redis', degraded: [] } });
  });

  it('names Redis up and down, and goes on taking work', async () => {
    const own = await started({ env: { ...env, ...server.env }, times: { redisCommandMs: 5_000 } });
    await look(own);
    const up = await send(own, '/health/readiness');
    expect(up).toMatchObject({ status: 200, json: { status: 'healthy', cache: 'redis', degraded: [] } });
    await server.kill();
    await look(own);
    const down = await send(own, '/health/readiness');
    expect(down).toMatchObject({
      status: 200,
      json: { status: 'healthy', cache: 'redis (down)', degraded: ['state_unavailable'] },
    });
  });
});
