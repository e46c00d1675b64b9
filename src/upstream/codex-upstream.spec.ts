import { text } from '../../test/simulator/answers';
import { faults } from '../../test/simulator/faults';
import { withHeaders } from '../../test/simulator/answer';
import { codexDeployment } from '../../test/support/settings-for';
import { asking, eventsOf, never, UpstreamWorld } from '../../test/support/upstream-world';
import { type Deployment } from '../config/deployment';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { type NativeRequest } from './upstream';

let world: UpstreamWorld;

beforeAll(async () => {
  world = await UpstreamWorld.start();
});
afterAll(() => world.simulator.close());
beforeEach(() => {
  world.reset();
});
afterEach(() => world.tidy());

describe('a canonical call', () => {
  it('streams the events of the answer to its end', async () => {
    world.simulator.script.next(text('Grüße 🙂'));
    const { upstream } = await world.started();
    const answer = await upstream.open(world.deployment(), asking('hi'), never);
    const events = await eventsOf(answer);
    expect(events.at(-1)?.type).toBe('response.completed');
    expect(Buffer.from(events.map(({ data }) => data).join(), 'latin1').toString()).toContain('Grüße');
    expect(answer.model.slug).toBe('gpt-5.5');
    expect(await answer.next()).toBeUndefined();
  });

  it('says who we are and whose account it is, and names a session only when the caller did', async () => {
    const { upstream } = await world.started();
    await eventsOf(await upstream.open(world.deployment(), asking('hi'), never));
    const headers = world.lastCall?.headers ?? {};
    expect(headers).toMatchObject({
      authorization: `Bearer ${world.bearer}`,
      'chatgpt-account-id': world.accountId,
      originator: 'codex_gateway',
      version: '0.169.0',
      accept: 'text/event-stream',
      'content-type': 'application/json',
    });
    expect(headers['user-agent']).toMatch(/^codex_gateway\/\d+\.\d+\.\d+$/);
    expect(
      Object.keys(headers).filter((name) => /session|thread|x-client-request-id|x-codex|lite|fedramp/.test(name)),
    ).toEqual([]);
    await eventsOf(await upstream.open(world.deployment(), asking('hi', { prompt_cache_key: 'conv-1' }), never));
    expect(world.lastCall?.headers).toMatchObject({
      'session-id': 'conv-1',
      'thread-id': 'conv-1',
      'x-client-request-id': 'conv-1',
    });
    await eventsOf(await upstream.open(world.deployment(), asking('hi', { prompt_cache_key: 'zwei\nZeilen' }), never));
    expect(world.lastCall?.headers['session-id']).toBeUndefined();
  });

  it('marks a FedRAMP account', async () => {
    const { path } = world.simulator.makeAuthFile(world.folder, { fileName: 'gov.json', isFedramp: true });
    const { upstream } = await world.started();
    await eventsOf(await upstream.open(codexDeployment(world.simulator.url, path), asking('hi'), never));
    expect(world.lastCall?.headers['x-openai-fedramp']).toBe('true');
  });

  it('takes the lite profile, header and body, from the catalog', async () => {
    const { upstream } = await world.started();
    const lite = world.deployment({ upstreamModel: 'gpt-6-sol-high' });
    const answer = await upstream.open(lite, asking('hi'), never);
    expect((await eventsOf(answer)).at(-1)?.type).toBe('response.completed');
    expect(world.lastCall?.headers['x-openai-internal-codex-responses-lite']).toBe('true');
    expect(world.lastBody).toMatchObject({ model: 'gpt-6-sol', reasoning: { effort: 'high', context: 'all_turns' } });
    expect(world.lastBody).not.toHaveProperty('instructions');
  });

  it('answers a retired model by its successor, and tells', async () => {
    const { upstream } = await world.started();
    const answer = await upstream.open(world.deployment({ upstreamModel: 'gpt-5.1-codex-max' }), asking('hi'), never);
    expect(answer.model).toMatchObject({ slug: 'gpt-5.5', remappedFrom: 'gpt-5.1-codex-max' });
    await eventsOf(answer);
  });

  it('fills in what the deployment sets, where the request is silent', async () => {
    const { upstream } = await world.started();
    const defaults = { reasoning_effort: 'low', verbosity: 'high', temperature: 0.5 };
    const answer = await upstream.open(world.deployment({ defaults }), asking('hi'), never);
    await eventsOf(answer);
    expect(world.lastBody).toMatchObject({
      reasoning: { effort: 'low', summary: 'auto' },
      text: { verbosity: 'high' },
    });
    expect(answer.droppedParams).toEqual([]);
    const own = asking('hi', { reasoning: { effort: 'high' } });
    await eventsOf(await upstream.open(world.deployment({ defaults }), own, never));
    expect(world.lastBody['reasoning']).toEqual({ effort: 'high' });
  });

  it('lists what Codex does not take', async () => {
    const { upstream } = await world.started();
    const answer = await upstream.open(world.deployment(), asking('hi', { sampling: { temperature: 1 } }), never);
    expect(answer.droppedParams).toEqual(['temperature']);
    answer.cancel();
  });

  it('refuses what would be left out where nothing may be, but never for a default of the operator', async () => {
    const { upstream } = await world.started({ rest: { dropParams: false } });
    const asked = asking('hi', { service_tier: 'flex' });
    await expect(upstream.open(world.deployment(), asked, never)).rejects.toMatchObject({ param: 'service_tier' });
    expect(world.simulator.counts.responses).toBe(0);
    const defaults = { service_tier: 'flex' };
    await eventsOf(await upstream.open(world.deployment({ defaults }), asking('hi'), never));
    expect(world.simulator.counts.responses).toBe(1);
  });

  it('passes only harmless answer headers on', async () => {
    world.simulator.script.next(
      withHeaders(text('x'), { 'x-codex-turn-state': 'ts-1', 'x-request-id': 'up-1', 'set-cookie': 'a=b' }),
    );
    const { upstream } = await world.started();
    const answer = await upstream.open(world.deployment(), asking('hi'), never);
    expect(answer.passHeaders).toEqual({ 'x-codex-turn-state': 'ts-1', 'x-upstream-request-id': 'up-1' });
    answer.cancel();
  });

  it('is described without sending it and without its login', async () => {
    const { upstream } = await world.started();
    const described = await upstream.describe(world.deployment(), asking('hi'));
    expect(described.url).toBe(`${world.simulator.codexUrl}/responses`);
    expect(described.headers['authorization']).toBe('Bearer [redacted]');
    expect(JSON.stringify(described)).not.toContain(world.bearer);
    expect(described.body).toMatchObject({ model: 'gpt-5.5', store: false, stream: true });
    expect(described.instructionsHash).toMatch(/^[0-9a-f]{64}$/);
    expect(world.lastCall).toBeUndefined();
  });
});

describe('a native call', () => {
  const native = (body: JsonObject, headers: Record<string, string> = {}): NativeRequest => ({
    kind: 'native',
    model: String(body['model']),
    body: Buffer.from(` ${JSON.stringify(body)}`),
    headers,
  });
  const cliBody = (model: string): JsonObject => ({
    model,
    instructions: 'cli prompt',
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }],
    store: false,
    stream: true,
  });

  it('goes out with the same bytes and the identity headers as they came, under our login', async () => {
    const { upstream } = await world.started();
    const call = native(cliBody('gpt-5.5'), {
      originator: 'codex_exec',
      'user-agent': 'codex_exec/0.170.0 (Debian)',
      version: '0.170.0',
      'session-id': 's-1',
      'x-codex-window-id': 'w:0',
      authorization: 'Bearer sk-client-key',
      'chatgpt-account-id': 'the-clients',
      cookie: 'a=b',
    });
    const answer = await upstream.open(world.deployment(), call, never);
    expect((await eventsOf(answer)).at(-1)?.type).toBe('response.completed');
    expect(world.lastCall?.rawBody.equals(call.body)).toBe(true);
    expect(world.lastCall?.headers).toMatchObject({
      originator: 'codex_exec',
      'user-agent': 'codex_exec/0.170.0 (Debian)',
      version: '0.170.0',
      'session-id': 's-1',
      'x-codex-window-id': 'w:0',
      authorization: `Bearer ${world.bearer}`,
      'chatgpt-account-id': world.accountId,
    });
    expect(world.lastCall?.headers['cookie']).toBeUndefined();
  });

  it('has only its model replaced when that has another name upstream', async () => {
    const { upstream } = await world.started();
    await eventsOf(await upstream.open(world.deployment(), native(cliBody('team-alias')), never));
    expect(world.lastBody).toEqual(cliBody('gpt-5.5'));
  });

  it('is compacted in one JSON answer', async () => {
    const { upstream } = await world.started();
    const { model, instructions, input } = cliBody('gpt-5.5');
    const body = { model, instructions, input };
    const answer = JSON.parse(
      (await upstream.compact(world.deployment(), native(body), never)).toString(),
    ) as JsonObject;
    expect(JSON.stringify(answer['output'])).toContain('encrypted_content');
  });
});

describe('other upstreams', () => {
  const host = (changes: Partial<Deployment> = {}): Deployment =>
    world.deployment({
      provider: 'openai',
      upstreamModel: 'gpt-4.1',
      apiBase: world.simulator.openAiUrl,
      credential: { name: 'key', source: { kind: 'api_key', key: 'sk-simulated-key' } },
      ...changes,
    });

  it('take a bearer key and sampling, and hear nothing of Codex', async () => {
    const { upstream } = await world.started();
    const answer = await upstream.open(host(), asking('hi', { sampling: { temperature: 0.2 } }), never);
    expect((await eventsOf(answer)).at(-1)?.type).toBe('response.completed');
    expect(world.lastBody).toMatchObject({ model: 'gpt-4.1', temperature: 0.2, stream: true });
    expect(world.lastCall?.headers['authorization']).toBe('Bearer sk-simulated-key');
    expect(
      Object.keys(world.lastCall?.headers ?? {}).filter((name) => /chatgpt|originator|version|codex/.test(name)),
    ).toEqual([]);
  });

  it('never get a ChatGPT login', async () => {
    const { upstream } = await world.started();
    const loggedIn = host({ credential: world.deployment().credential });
    await upstream
      .open(loggedIn, asking('hi'), never)
      .then(eventsOf)
      .catch(() => undefined);
    expect(world.lastCall?.headers['authorization']).toBeUndefined();
  });

  it('are not called at all for a canned answer', async () => {
    const { upstream } = await world.started();
    const answer = await upstream.open(world.deployment({ mockResponse: 'canned „ß“' }), asking('hi'), never);
    const events = await eventsOf(answer);
    expect(events.at(-1)?.type).toBe('response.completed');
    expect(Buffer.from(events.map(({ data }) => data).join(), 'latin1').toString()).toContain('canned „ß“');
    expect(world.simulator.seen).toHaveLength(0);
  });
});

describe('the account', () => {
  it('is asked for its catalog once, and named by a workspace token through whoami', async () => {
    const { token, login } = world.simulator.tokens.mintPersonal({ isFedramp: true });
    const { upstream, catalog } = await world.started();
    const workspace = world.deployment({ credential: { name: 'ws', source: { kind: 'access_token', token } } });
    await eventsOf(await upstream.open(workspace, asking('hi'), never));
    expect(world.lastCall?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'chatgpt-account-id': login.accountId,
      'x-openai-fedramp': 'true',
    });
    await eventsOf(await upstream.open(workspace, asking('hi'), never));
    expect(world.simulator.counts.catalogFetches).toBe(1);
    expect(await catalog.stateOf(workspace)).toMatchObject({ origin: 'account', warning: undefined });
  });

  it('whose catalog cannot be had is served from the snapshot', async () => {
    world.simulator.scripts.models.always(faults.html502);
    const { upstream, catalog } = await world.started();
    await eventsOf(await upstream.open(world.deployment(), asking('hi'), never));
    const state = await catalog.stateOf(world.deployment());
    expect(state.origin).toBe('snapshot');
    expect(state.warning).not.toMatch(/</);
  });
});
