import { chatBody, type ErrorEnvelope, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, look, manage, refusalIn } from '../support/holders';

const config = `
model_list:
  - model_name: fast
    litellm_params: {model: codex-oauth/gpt-5.5}
    model_info: {access_groups: [cheap]}
  - model_name: deep
    litellm_params: {model: codex-oauth/gpt-5.5}
`;

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({ config });
});
afterAll(() => bench.close());

const ask = (door: { readonly url: string; readonly key: string }) =>
  post(door, '/v1/chat/completions', chatBody({ model: 'fast' }));

describe('wrong keys', () => {
  it('are answered byte for byte alike, whatever is wrong with them', async () => {
    const door = await holder(bench);
    await manage(bench, '/key/delete', { keys: [door.key] });
    const wrong = [
      'sk-unknown-to-all-0001',
      door.key,
      'malformed',
      'sk-',
      `sk-${'x'.repeat(600)}`,
      'sk-ü',
      'eyJhbGciOiJub25lIn0.e30.x',
      'sk-a:b{ent}*',
    ];
    const answers = await Promise.all(wrong.map((key) => ask({ url: bench.url, key: encodeURI(key) })));
    const [first] = answers;
    expect(first?.status).toBe(401);
    for (const { status, text } of answers) expect([status, text]).toEqual([401, first?.text]);
  });

  it('say no sooner and no later that a key is deleted than that it never was', async () => {
    // Each from another address, so that nobody is told to wait.
    const own = await startBench({ env: { TRUSTED_PROXY_HOPS: '1' } });
    const door = await holder(own);
    await manage(own, '/key/delete', { keys: [door.key] });
    const rounds = 300;
    const times = { deleted: [] as number[], unknown: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      for (const kind of round % 2 === 0 ? (['deleted', 'unknown'] as const) : (['unknown', 'deleted'] as const)) {
        const key = kind === 'deleted' ? door.key : 'sk-never-was-there-at-all';
        const started = performance.now();
        const address = `10.0.${round >> 3}.1`;
        const { status } = await send({ url: own.url, key }, '/v1/models', {
          headers: { authorization: `Bearer ${key}`, 'x-forwarded-for': address },
        });
        expect(status).toBe(401);
        times[kind].push(performance.now() - started);
      }
    }
    const median = (all: number[]): number => all.sort((a, b) => a - b)[rounds / 2] ?? Number.NaN;
    expect(Math.abs(median(times.deleted) - median(times.unknown)) / median(times.unknown)).toBeLessThan(0.25);
    await own.close();
  });

  it('are told to wait after too many from one address, while right keys go on', async () => {
    const own = await startBench({ env: { TRUSTED_PROXY_HOPS: '1' } });
    const from = (address: string, key: string) =>
      send({ url: own.url, key }, '/v1/models', {
        headers: { 'x-forwarded-for': address, authorization: `Bearer ${key}` },
      });
    for (let tries = 0; tries < 30; tries += 1)
      expect((await from('10.1.1.1', `sk-guess-number-${tries}-00`)).status).toBe(401);
    const refused = await from('10.1.1.1', 'sk-guess-number-31-00');
    expect(refusalIn(refused)).toEqual([429, 'throttling_error', null]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
    expect((await from('10.1.1.2', 'sk-guess-number-32-00')).status).toBe(401);
    expect((await from('10.1.1.1', own.key)).status).toBe(200);
    const door = await holder(own);
    expect((await from('10.1.1.1', door.key)).status).toBe(200);
    await own.close();
  });
});

describe('what a key may do', () => {
  it('sees and names only its models, by name, access group and pattern', async () => {
    const seen = async (models: readonly string[]): Promise<unknown> => {
      const door = await holder(bench, { models });
      return ((await look(door, '/v1/models'))['data'] as { id: string }[]).map(({ id }) => id);
    };
    expect(await seen([])).toEqual(['deep', 'fast']);
    expect(await seen(['deep'])).toEqual(['deep']);
    expect(await seen(['cheap'])).toEqual(['fast']);
    expect(await seen(['f*'])).toEqual(['fast']);
    expect(await seen(['all-proxy-models'])).toEqual(['deep', 'fast']);
    expect(await seen(['no-default-models'])).toEqual([]);
    const door = await holder(bench, { models: ['deep'] });
    expect((await send(door, '/v1/models/fast')).status).toBe(404);
    expect(
      ((await look(door, '/v1/model/info'))['data'] as { model_name: string }[]).map(({ model_name }) => model_name),
    ).toEqual(['deep']);
  });

  it('calls only its routes, and always what it asks about itself', async () => {
    const door = await holder(bench, { allowed_routes: ['/v1/chat/completions'] });
    expect((await ask(door)).status).toBe(200);
    expect((await post(door, '/chat/completions', chatBody({ model: 'fast' }))).status).toBe(200);
    const denied = await post(door, '/v1/responses', { model: 'fast', input: 'x' });
    expect(refusalIn(denied)).toEqual([403, 'auth_error', null]);
    expect((denied.json as ErrorEnvelope).error.message).toContain('not allowed to call this route: /v1/responses');
    for (const path of ['/key/info', '/v1/models']) expect((await send(door, path)).status).toBe(200);
    expect((await send(door, '/team/list')).status).toBe(403);
    const manager = await holder(bench, { key_type: 'management' });
    expect((await ask(manager)).status).toBe(403);
  });

  it('is used from its networks only', async () => {
    const own = await startBench({ config, env: { TRUSTED_PROXY_HOPS: '1' } });
    const door = await holder(own, { allowed_networks: ['10.0.0.0/8', '2001:db8::/32'] });
    const from = async (address: string) =>
      (await send(door, '/v1/models', { headers: { 'x-forwarded-for': address } })).status;
    expect([await from('10.9.8.7'), await from('2001:db8::7'), await from('11.0.0.1')]).toEqual([200, 200, 403]);
    await own.close();
  });
});
