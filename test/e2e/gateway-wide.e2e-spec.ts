import { held } from '../simulator/answer';
import { text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { eventually } from '../support/eventually';
import { startBench, type TestBench } from '../support/gateway';
import { type Door, type Holder, look } from '../support/holders';

/** Settings of LiteLLM's file that hold for the gateway as a whole. */
const config = `
model_list: [{ model_name: m, litellm_params: { model: codex-oauth/gpt-5.5 } }]
general_settings:
  allowed_ips: ['203.0.113.7', '10.0.0.0/8']
  global_max_parallel_requests: 2
litellm_settings:
  max_budget: 50
  budget_duration: 30d
  extra_spend_tag_headers: [X-Job, x-stage]
`;

let bench: TestBench;
const fromInside = { 'x-forwarded-for': '10.9.8.7' };
const chat = chatBody({ model: 'm' });

beforeAll(async () => {
  bench = await startBench({ config, env: { TRUSTED_PROXY_HOPS: '1' } });
});
afterAll(() => bench.close());

/** Makes a key from an address that may. */
async function key(): Promise<Holder> {
  const made = await post(bench, '/key/generate', {}, fromInside);
  const { key: secret, token } = made.json as { key: string; token: string };
  return { url: bench.url, key: secret, id: token };
}

it('allowed_ips keeps every key out from elsewhere, the master key too, and lets probes in', async () => {
  const door = await key();
  const statuses: number[] = [];
  for (const address of ['203.0.113.7', '10.255.0.1', '203.0.113.8', '::ffff:10.1.1.1', '2001:db8::1'])
    for (const each of [bench, door])
      statuses.push((await send(each, '/v1/models', { headers: { 'x-forwarded-for': address } })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 403, 403, 200, 200, 403, 403]);
  const refused = await post(door, '/v1/chat/completions', chat, { 'x-forwarded-for': '198.51.100.1' });
  expect([refused.status, refused.json]).toMatchObject([403, { error: { type: 'auth_error' } }]);
  expect(refused.text).toContain('IP address 198.51.100.1 not allowed');
  // A wrong key from elsewhere is told no more than a right one.
  const wrong = await send({ url: bench.url, key: 'sk-nobody-has-this' }, '/v1/models');
  expect(wrong.status).toBe(403);
  expect((await fetch(`${bench.url}/health/readiness`)).status).toBe(200);
});

it('an address that a proxy forwards with its port is the same address for every connection', async () => {
  const from = async (address: string, door: Door): Promise<number> =>
    (await send(door, '/v1/models', { headers: { 'x-forwarded-for': address } })).status;
  const door = await key();
  const places = [
    '203.0.113.7:4711',
    '10.1.2.3:80',
    '[::ffff:10.1.2.3]:80',
    '203.0.113.8:4711',
    '10.1.2.3:x',
    '10.1.2.3:',
  ];
  expect(await Promise.all(places.map((place) => from(place, door)))).toEqual([200, 200, 200, 403, 403, 403]);
  const nobody = { url: bench.url, key: 'sk-nobody-has-this-one' };
  const statuses = new Set<number>();
  for (let port = 1_000; port < 1_040; port += 1) statuses.add(await from(`10.77.0.1:${port}`, nobody));
  expect([...statuses]).toEqual([401, 429]);
});

it('max_budget is shown to the master key, which no budget holds, and to an admin alike', async () => {
  const made = await post(bench, '/user/new', { user_id: 'chief', user_role: 'proxy_admin' }, fromInside);
  const { key: secret } = made.json as { key: string };
  for (const door of [bench, { url: bench.url, key: secret }]) {
    const shown = await send(door, '/global/spend', { headers: fromInside });
    expect([shown.status, shown.json]).toMatchObject([200, { max_budget: 50 }]);
  }
});

it('global_max_parallel_requests counts the requests of all virtual keys together', async () => {
  const doors = [await key(), await key(), await key()];
  const ask = (at: number): ReturnType<typeof post> =>
    post(doors[at] ?? bench, '/v1/chat/completions', chat, fromInside);
  bench.simulator.script.next(held(text('slow')));
  bench.simulator.script.next(held(text('slow')));
  const running = [ask(0), ask(1)];
  await eventually('two are under way', () => bench.simulator.held === 2);
  const third = await ask(2);
  expect(third.status).toBe(429);
  expect(third.json).toMatchObject({ error: { gateway: { limit: 'proxy.max_parallel_requests' } } });
  // The operator is never shut out by his own teams.
  expect((await post(bench, '/v1/chat/completions', chat, fromInside)).status).toBe(200);
  bench.simulator.release();
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask(2)).status).toBe(200);
});

it('extra_spend_tag_headers makes tags of headers, and none of a key', async () => {
  const door = await key();
  const headers = { ...fromInside, 'x-job': '4711', 'x-stage': door.key, 'x-other': 'no' };
  await post(door, '/v1/chat/completions', { ...chat, tags: ['own'] }, headers);
  await eventually('the row is there', async () => {
    const rows = (await look(bench, `/spend/logs?api_key=${door.id}`, { headers: fromInside })) as unknown as object[];
    return rows.length === 1;
  });
  const rows = await look(bench, `/spend/logs?api_key=${door.id}`, { headers: fromInside });
  expect(rows).toMatchObject([{ request_tags: ['own', 'x-job: 4711'] }]);
});

/** A gateway of this suite's model with further settings, up as long as the suite runs. */
function benchWith(settings: string): () => TestBench {
  let asked: TestBench;
  beforeAll(async () => {
    asked = await startBench({
      config: `model_list: [{ model_name: m, litellm_params: { model: codex-oauth/gpt-5.5 } }]\n${settings}`,
    });
  });
  afterAll(() => asked.close());
  return () => asked;
}

/** Every door, with a body that is let in. */
const doors: [string, object][] = [
  ['/v1/chat/completions', chat],
  ['/v1/responses', { model: 'm', input: 'Ping!' }],
  ['/backend-api/codex/responses', { model: 'm', input: [], stream: true, store: false, instructions: 'Be brief.' }],
];

describe('what every request has to say of itself', () => {
  const strict = benchWith(`general_settings: { enforce_user_param: true, reject_clientside_metadata_tags: true }
litellm_settings: { extra_spend_tag_headers: [x-job] }
`);

  it.each(doors)('enforce_user_param and reject_clientside_metadata_tags hold at %s', async (path, body) => {
    const asked = strict();
    const before = asked.simulator.seen.length;
    const nobody = await post(asked, path, body);
    expect([nobody.status, nobody.text]).toEqual([400, expect.stringContaining('enforce_user_param')]);
    const tagged = await post(asked, path, body, { 'x-litellm-customer-id': 'ann', 'x-litellm-tags': 'a' });
    expect([tagged.status, tagged.text]).toEqual([400, expect.stringContaining('reject_clientside_metadata_tags')]);
    expect(asked.simulator.seen).toHaveLength(before);
    const fine = await post(asked, path, body, { 'x-litellm-customer-id': 'ann', 'x-job': '1' });
    expect(fine.status).toBe(200);
  });
});

describe('enforced_params and max_response_size_mb', () => {
  const strict =
    benchWith(`general_settings: { enforced_params: [model, user, metadata.job], max_response_size_mb: 0.01 }
`);
  const told = { user: 'ann', metadata: { job: '4711' } };

  it.each(doors)('a request at %s must bring the fields, and is told which one it lacks', async (path, body) => {
    const asked = strict();
    const before = asked.simulator.seen.length;
    const lacking: [object, string][] = [
      [{}, 'user'],
      [{ ...told, user: null }, 'user'],
      [{ user: 'ann' }, 'metadata.job'],
      [{ ...told, metadata: { other: 'x' } }, 'metadata.job'],
      [{ ...told, metadata: 'job' }, 'metadata.job'],
    ];
    for (const [own, param] of lacking) {
      const refused = await post(asked, path, { ...body, ...own });
      expect([refused.status, refused.json]).toMatchObject([400, { error: { param } }]);
      expect(refused.text).toContain('enforced_params');
    }
    expect(asked.simulator.seen).toHaveLength(before);
    // What else the upstream thinks of such fields on the native surface is its own affair.
    expect((await post(asked, path, { ...body, ...told })).text).not.toContain('enforced_params');
    expect(asked.simulator.seen.length).toBeGreaterThan(before);
  });

  it('a model in the path is one that was brought', async () => {
    const body = { ...chat, ...told, model: undefined };
    const answer = await post(strict(), '/openai/deployments/m/chat/completions', body);
    expect([answer.status, answer.text]).toEqual([200, expect.not.stringContaining('enforced_params')]);
  });

  it('an answer in one piece that is too large is refused once, charged, and may be streamed', async () => {
    const asked = strict();
    const body = { ...chat, ...told };
    asked.simulator.script.next(text('x'.repeat(20_000)));
    const refused = await post(asked, '/v1/chat/completions', body);
    expect([refused.status, refused.json]).toMatchObject([400, { error: { gateway: { limit: 'max_response_size' } } }]);
    expect(refused.text).toContain('max_response_size_mb');
    expect(refused.headers.get('x-should-retry')).toBe('false');
    const [row] = (await look(asked, '/spend/logs')) as unknown as { status: string; completion_tokens: number }[];
    expect(row).toMatchObject({ status: 'failure' });
    expect(row?.completion_tokens).toBeGreaterThan(0);
    asked.simulator.script.next(text('x'.repeat(20_000)));
    const streamed = await post(asked, '/v1/chat/completions', { ...body, stream: true });
    expect([streamed.status, streamed.text.endsWith('data: [DONE]\n\n')]).toEqual([200, true]);
  });
});

it('allowed_routes closes all other routes to every key, the master key too, and lets probes in', async () => {
  const routes = "general_settings:\n  allowed_routes: ['/chat/completions', '/key/*']\n";
  const own = await startBench({ config: routes });
  try {
    const { key: secret } = (await post(own, '/key/generate', { allowed_routes: ['llm_api_routes'] })).json as {
      key: string;
    };
    const door = { url: own.url, key: secret };
    const chats = [
      await post(door, '/v1/chat/completions', chatBody()),
      await post(own, '/chat/completions', chatBody()),
    ];
    expect(chats.map(({ status }) => status)).toEqual([200, 200]);
    const refused = [
      await post(door, '/v1/responses', {}),
      await send(door, '/v1/models'),
      await send(door, '/v1/usage'),
      await post(own, '/team/new', {}),
    ];
    expect(
      refused.map(
        ({ status, text: words }) => `${status} ${String(words.includes('general_settings.allowed_routes'))}`,
      ),
    ).toEqual(Array(4).fill('403 true'));
    // What a key may call within them is told as ever.
    expect((await send(door, '/key/list')).text).toContain('allowed_routes of the key');
    expect((await send(own, '/key/list')).status).toBe(200);
    expect((await fetch(`${own.url}/health/liveliness`)).status).toBe(200);
  } finally {
    await own.close();
  }
});
