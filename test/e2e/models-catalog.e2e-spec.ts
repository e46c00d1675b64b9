import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningGateway, startGateway } from '../../src/gateway';
import { refusedConnection, usualChanged, withHeaders } from '../simulator/answer';
import { type JsonObject, objectOf, objectsOf, stringOf } from '../simulator/json';
import { startSimulator } from '../simulator/simulator';
import { chatBody, post, send } from '../support/calls';
import { recordedRequest } from '../support/fixtures';
import { settingsOf, startBench, type TestBench, testKey } from '../support/gateway';
import { describeWithRedis, RedisServer } from '../support/redis-server';

const chat = '/v1/chat/completions';
const native = '/backend-api/codex';
const cliLists = [`${native}/models?client_version=0.169.0`, '/v1/models?client_version=0.169.0'] as const;

let open: TestBench[] = [];
async function started(options: Parameters<typeof startBench>[0] = {}): Promise<TestBench> {
  const bench = await startBench(options);
  open.push(bench);
  return bench;
}
afterEach(async () => {
  for (const bench of open) await bench.close();
  open = [];
});

async function listed(at: Pick<TestBench, 'url' | 'key'>): Promise<readonly (string | undefined)[]> {
  const { json } = await send(at, '/v1/models');
  return objectsOf(objectOf(json)['data']).map(({ id }) => stringOf(id));
}

async function cliSlugs(bench: TestBench, path: string): Promise<readonly (string | undefined)[]> {
  const { status, json } = await send(bench, path);
  expect(status).toBe(200);
  return objectsOf(objectOf(json)['models']).map(({ slug }) => stringOf(slug));
}

/** Reads the list until it fits: the catalog is read behind the calls. */
async function listedUntil(
  bench: TestBench,
  fits: (ids: readonly (string | undefined)[]) => boolean,
): Promise<boolean> {
  for (const until = performance.now() + 30_000; performance.now() < until;) if (fits(await listed(bench))) return true;
  return false;
}

const withoutPrompts = (entry: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(entry).filter(([name]) => !/^(base_instructions|model_messages)$/.test(name)));

describe('a catalog that changes', () => {
  it('is read again when an answer names its new ETag, once for a storm of answers', async () => {
    const bench = await started();
    const { simulator } = bench;
    await post(bench, chat, chatBody());
    expect(simulator.counts.catalogFetches).toBe(1);
    const [first, ...others] = simulator.catalog.models;
    simulator.catalog.replace([{ ...first, slug: 'gpt-7-new' }, ...others]);
    await Promise.all(Array.from({ length: 40 }, () => post(bench, chat, chatBody())));
    expect(await listedUntil(bench, (ids) => ids.includes('gpt-7-new'))).toBe(true);
    expect(simulator.counts).toMatchObject({ catalogFetches: 2, catalogNotModified: 0 });
    expect((await post(bench, chat, chatBody({ model: 'gpt-7-new-high' }))).status).toBe(200);
    expect(simulator.counts.catalogFetches).toBe(2);
  });

  it('is asked for with the ETag it has, and stays when the account says 304', async () => {
    const bench = await started();
    const { simulator } = bench;
    await post(bench, chat, chatBody());
    const before = await listed(bench);
    simulator.script.always(
      usualChanged((answer) => withHeaders(answer, { 'x-models-etag': 'W/"of another filter"' })),
    );
    const asked = simulator.waitForRequest(
      ({ path, headers }) => path.endsWith('/models') && 'if-none-match' in headers,
    );
    for (let calls = 0; calls < 5; calls += 1) await post(bench, chat, chatBody());
    expect((await asked).headers['if-none-match']).toBe(simulator.catalog.etag);
    expect(await listed(bench)).toEqual(before);
    expect(simulator.counts).toMatchObject({ catalogFetches: 2, catalogNotModified: 1 });
  });

  it('keeps its ETag from the client, whose own would be fetched anew after every answer', async () => {
    const bench = await started();
    const answer = await post(bench, chat, chatBody());
    expect(answer.status).toBe(200);
    expect(answer.headers.has('x-models-etag')).toBe(false);
  });
});

describe('a catalog that the upstream filters', () => {
  it('by an old CODEX_CLIENT_VERSION offers what is left, and refuses the rest in words', async () => {
    const bench = await started({ env: { CODEX_CLIENT_VERSION: '0.144.0' } });
    expect(await listed(bench)).toEqual(['gpt-5.5', 'gpt-5.6-luna', 'gpt-5.6-sol', 'gpt-5.6-terra']);
    expect((await post(bench, chat, chatBody({ model: 'gpt-5.6-sol' }))).status).toBe(200);
    const refused = await post(bench, chat, chatBody({ model: 'gpt-6-sol' }));
    expect({ status: refused.status, json: refused.json }).toMatchObject({
      status: 404,
      json: { error: { param: 'model', message: expect.stringContaining("'gpt-6-sol'") as string } },
    });
  });

  it('down to nothing offers nothing, calls nobody, and is asked for again', async () => {
    const bench = await started({ env: { CODEX_CLIENT_VERSION: '0.90.0' } });
    expect(await listed(bench)).toEqual([]);
    for (const path of cliLists) expect(await cliSlugs(bench, path)).toEqual([]);
    expect((await post(bench, chat, chatBody())).status).toBe(404);
    expect(bench.simulator.counts.responses).toBe(0);
  });

  it('by the version of the CLI that asks, on the native surface, where that version goes upstream', async () => {
    const config = `
model_list:
  - { model_name: '*', litellm_params: { model: 'codex-oauth/*' } }
  - { model_name: team-sol, litellm_params: { model: codex-oauth/gpt-6-sol } }
  - { model_name: gpt-6-sol, litellm_params: { model: codex-oauth/gpt-6-sol } }
`;
    const bench = await started({ config });
    const own = ['codex-auto-review', 'gpt-5.5', 'gpt-5.6-luna', 'gpt-5.6-sol', 'gpt-5.6-terra'];
    const daybreak = ['gpt-daybreak-blue-latest', 'gpt-daybreak-red-latest'];
    const asOld = await cliSlugs(bench, `${native}/models?client_version=0.144.6`);
    expect([...asOld].sort()).toEqual([...own, ...daybreak, 'team-sol'].sort());
    const over = await cliSlugs(bench, '/v1/models?client_version=0.144.6');
    expect(over).toEqual(expect.arrayContaining(['gpt-6-sol', 'gpt-6.1-sol', 'team-sol']));
    expect(await cliSlugs(bench, cliLists[0])).toEqual(expect.arrayContaining(['gpt-6-sol', 'gpt-6.1-sol']));
  });
});

describe('while the upstream is away', () => {
  it('a CLI is told of no model without its prompt, and takes its own; SDKs get the snapshot', async () => {
    const bench = await started();
    bench.simulator.scripts.models.always(refusedConnection());
    for (const path of cliLists) expect(await cliSlugs(bench, path)).toEqual([]);
    const { data } = await bench.client.models.list();
    expect(data.map(({ id }) => id)).toContain('gpt-6.1-sol');
    const info = await send(bench, '/model_group/info?model_group=gpt-6.1-sol');
    expect(info.json).toMatchObject({ data: [{ model_group: 'gpt-6.1-sol', max_input_tokens: 272_000 }] });
  });

  it('a gateway that starts anew has the account’s own list, prompts too, from its cache', async () => {
    const bench = await started();
    const before = (await send(bench, cliLists[0])).json;
    await bench.gateway.stop();
    bench.simulator.scripts.models.always(refusedConnection());
    const again = await startGateway(settingsOf(bench.simulator, bench.folder, {}));
    try {
      expect((await send({ url: again.url, key: bench.key }, cliLists[0])).json).toEqual(before);
    } finally {
      await again.stop();
    }
  });
});

describeWithRedis('two gateways with one Redis', () => {
  it('ask the account once between them', async () => {
    const redis = await RedisServer.start();
    const simulator = await startSimulator();
    const gateways: RunningGateway[] = [];
    const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'codex-gateway-e2e-')));
    try {
      const { path } = simulator.makeAuthFile(folders[0] ?? '', { fileName: 'auth.json' });
      const env = {
        CODEX_AUTH_FILE: path,
        ...redis.env,
        GATEWAY_SALT_KEY: 'salt-of-the-suite-0123456789abcdef',
      };
      const lists: unknown[] = [];
      for (const folder of folders) {
        const gateway = await startGateway(settingsOf(simulator, folder, { env }));
        gateways.push(gateway);
        const at = { url: gateway.url, key: testKey };
        expect((await post(at, chat, chatBody())).status).toBe(200);
        lists.push((await send(at, cliLists[0])).json);
      }
      expect(lists[1]).toEqual(lists[0]);
      expect(objectsOf(objectOf(lists[1])['models'])).toHaveLength(12);
      expect(simulator.counts.catalogFetches).toBe(1);
    } finally {
      await simulator.close();
      for (const gateway of gateways) await gateway.stop();
      await redis.close();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a CLI of 0.120.0, which knows no lite profile', () => {
  const config = `
model_list:
  - { model_name: team-lite, litellm_params: { model: codex-oauth/gpt-6-sol } }
  - { model_name: gpt-5.3-codex, litellm_params: { model: codex-oauth/gpt-5.3-codex } }
  - { model_name: gpt-6.1-sol, litellm_params: { model: codex-oauth/gpt-6.1-sol } }
`;

  async function asOldCli(
    bench: TestBench,
    model: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { headers, body } = recordedRequest('responses-http-0.120.0-gpt-5.3-codex');
    const kept = ['version', 'originator', 'user-agent', 'x-codex-window-id', 'session_id'];
    const own = Object.fromEntries(kept.map((name) => [name, headers[name] ?? '']));
    return post(bench, `${native}/responses`, { ...body, model }, own);
  }

  it.each([
    ['an alias', 'team-lite', 'gpt-6-sol'],
    ['a retired slug', 'gpt-5.3-codex', 'gpt-6.1-sol'],
    ['its own name', 'gpt-6.1-sol', 'gpt-6.1-sol'],
  ])(
    'is served a lite model under %s: the request is said anew, with its own prompt and tools',
    async (_, name, slug) => {
      const bench = await started({ config });
      bench.simulator.catalog.replace(bench.simulator.catalog.models.filter((model) => model['slug'] !== 'gpt-5.5'));
      const { status, text } = await asOldCli(bench, name);
      expect(status).toBe(200);
      expect(text).toContain('response.completed');
      const call = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
      expect(call?.headers).toMatchObject({ 'x-openai-internal-codex-responses-lite': 'true', version: '0.169.0' });
      const sentBody = objectOf(call?.body);
      expect(sentBody).toMatchObject({ model: slug, reasoning: { context: 'all_turns' }, stream: true, store: false });
      expect(sentBody).not.toHaveProperty('instructions');
      const [tools, prompt] = objectsOf(sentBody['input']);
      const asked = objectOf(recordedRequest('responses-http-0.120.0-gpt-5.3-codex').body);
      expect(objectsOf(tools?.['tools']).map(({ name: tool }) => tool)).toContain('apply_patch');
      expect(objectsOf(prompt?.['content'])[0]?.['text']).toBe(asked['instructions']);
    },
  );

  it('is passed on byte by byte to an ordinary model', async () => {
    const bench = await started();
    expect((await asOldCli(bench, 'gpt-5.5')).status).not.toBe(500);
    const call = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    const { body } = recordedRequest('responses-http-0.120.0-gpt-5.3-codex');
    expect(call?.body).toEqual({ ...body, model: 'gpt-5.5' });
    expect(call?.headers['version']).toBe('0.120.0');
  });

  it('is told at once, and once, that the account has no such model', async () => {
    const bench = await started();
    const { status, text } = await asOldCli(bench, 'gpt-nobody');
    expect(status).toBe(400);
    expect(objectOf(objectOf(JSON.parse(text))['error'])).toMatchObject({ code: 'model_not_found' });
    expect(bench.simulator.counts.responses).toBe(0);
  });
});

it('a group of a plain Responses host is no entry of the CLI’s catalog, an alias of a Codex one is', async () => {
  const config = `
model_list:
  - { model_name: metered, litellm_params: { model: openai/gpt-4.1, api_base: 'http://127.0.0.1:9/v1', api_key: sk-x } }
  - { model_name: team, litellm_params: { model: codex-oauth/gpt-5.5 } }
`;
  const bench = await started({ config });
  expect(await listed(bench)).toEqual(['metered', 'team']);
  const { models } = (await send(bench, cliLists[1])).json as { models: JsonObject[] };
  const target = bench.simulator.catalog.models.find(({ slug }) => slug === 'gpt-5.5');
  expect(models.map(withoutPrompts)).toEqual([
    { ...withoutPrompts(target ?? {}), slug: 'team', display_name: 'team', visibility: 'list' },
  ]);
  expect(models[0]?.['base_instructions']).toMatch(/^You are Codex/);
});

it('a group under the name of another model has, for a CLI, the abilities of the model that answers', async () => {
  const config = `
model_list:
  - { model_name: gpt-6-sol, litellm_params: { model: codex-oauth/gpt-5.5 } }
`;
  const bench = await started({ config });
  for (const path of cliLists) {
    const { models } = (await send(bench, path)).json as { models: JsonObject[] };
    expect(models).toEqual([expect.objectContaining({ slug: 'gpt-6-sol', minimal_client_version: '0.124.0' })]);
    expect(models[0]?.['use_responses_lite']).not.toBe(true);
  }
});
