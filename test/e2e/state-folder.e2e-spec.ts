import { spawnSync } from 'node:child_process';
import { post, type ReadAnswer, chatBody, send } from '../support/calls';
import { eventually } from '../support/eventually';
import { testKey } from '../support/gateway';
import { ProgramBench, type ProgramEnv, type Served } from '../support/program';

jest.setTimeout(60_000);
let bench: ProgramBench;

beforeEach(async () => {
  bench = await ProgramBench.start();
});
afterEach(() => bench.close());

const readiness = ({ url }: Served): Promise<ReadAnswer> => send({ url, key: '' }, '/health/readiness');
const chat = ({ url }: Served, key: string): Promise<ReadAnswer> =>
  post({ url, key }, '/v1/chat/completions', chatBody());

async function newKey({ url }: Served): Promise<string> {
  const { json } = await post({ url, key: testKey }, '/key/generate', {});
  return (json as { readonly key: string }).key;
}

/** A gateway that has no login to write down: its only word about the folder is that of readiness. */
const tokenOnly = (): ProgramEnv => ({
  CODEX_ACCESS_TOKEN: bench.simulator.tokens.mintPersonal().token,
  CODEX_WHOAMI_URL: `${bench.simulator.url}/whoami`,
});
const withLogin = (): ProgramEnv => ({});

const inUse = {
  status: 503,
  json: {
    status: 'unavailable',
    cache: null,
    degraded: expect.arrayContaining(['state_unavailable', 'state_folder_in_use']) as unknown,
  },
};

describe('a second gateway on the STATE_DIR of another', () => {
  it.each([
    ['has an access token only, and the first one ends', tokenOnly, 'SIGTERM'],
    ['has a login of its own, and the first one ends', withLogin, 'SIGTERM'],
    ['has an access token only, and the first one is killed', tokenOnly, 'SIGKILL'],
  ] as const)('is not ready until it can take over: it %s', async (_, env, signal) => {
    const first = await bench.serve([], env());
    const key = await newKey(first);
    const second = await bench.serve([], env());
    expect(await readiness(second)).toMatchObject(inUse);
    expect((await chat(second, key)).status).toBe(503);
    // Nor is anything spent that no book would know of.
    expect((await chat(second, testKey)).status).toBe(503);
    // However often the second one is asked, nothing of the folder becomes its own.
    expect(await readiness(second)).toMatchObject(inUse);
    expect(await readiness(first)).toMatchObject({ status: 200, json: { status: 'healthy', degraded: [] } });
    expect((await chat(first, key)).status).toBe(200);
    first.signal(signal);
    await first.finished;
    await eventually('the second one is ready', async () => (await readiness(second)).status === 200, 20_000);
    expect((await chat(second, key)).status).toBe(200);
    second.signal('SIGTERM');
    const { stdout } = await second.finished;
    expect(stdout.match(/(not )?ready: STATE_DIR[^"]+/g)).toEqual([
      'not ready: STATE_DIR belongs to another running gateway, so keys and books cannot be used here',
      'ready: STATE_DIR belongs to this gateway now',
    ]);
  });
});

const canLimit = spawnSync('prlimit', ['--version']).status === 0;

(canLimit ? it : it.skip)('a disk that is full shows in readiness, gauge and log for as long as it is', async () => {
  const served = await bench.serve([], tokenOnly());
  const made = await post({ url: served.url, key: testKey }, '/key/generate', { max_budget: 5 });
  const { key } = made.json as { readonly key: string };
  expect((await chat(served, key)).status).toBe(200);
  const gauge = async () =>
    /^codex_state_degraded (\d)$/m.exec((await send({ url: served.url, key: testKey }, '/metrics')).text)?.[1];
  const limit = (bytes: string) => spawnSync('prlimit', [`--pid=${served.pid}`, `--fsize=${bytes}:`]);
  limit('1');
  expect((await chat(served, key)).status).toBe(503);
  expect(await readiness(served)).toMatchObject({ status: 200, json: { degraded: ['state_unavailable'] } });
  await eventually('the gauge is up', async () => (await gauge()) === '1', 20_000);
  expect((await chat(served, key)).status).toBe(503);
  limit('unlimited');
  await eventually('it is well', async () => (await readiness(served)).text.includes('"degraded":[]'), 20_000);
  expect((await chat(served, key)).status).toBe(200);
  await eventually('the gauge is down', async () => (await gauge()) === '0', 20_000);
  served.signal('SIGTERM');
  const { stdout } = await served.finished;
  expect(stdout.match(/STATE_DIR can[^:;"]+/g)).toEqual([
    'STATE_DIR cannot be written (EFBIG)',
    'STATE_DIR can be written again',
  ]);
});
