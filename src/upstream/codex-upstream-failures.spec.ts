import { renameSync, rmSync } from 'node:fs';
import { drip, held, json, silence, stall, withHeaders } from '../../test/simulator/answer';
import { text } from '../../test/simulator/answers';
import { faults, htmlPage } from '../../test/simulator/faults';
import { asking, eventsOf, never, UpstreamWorld } from '../../test/support/upstream-world';

let world: UpstreamWorld;

beforeAll(async () => {
  world = await UpstreamWorld.start();
});
afterAll(() => world.simulator.close());
beforeEach(() => {
  world.reset();
});
afterEach(() => world.tidy());

describe('a refusal', () => {
  it.each([
    ['usage limit', () => faults.usageLimit, 'quota_exhausted'],
    ['cloudflare page', () => faults.cloudflare403, 'blocked'],
    ['overload', () => faults.overloaded503, 'overloaded'],
    ['bad gateway page', () => faults.html502, 'server_error'],
    ['page with status 200', () => htmlPage(200), 'blocked'],
    ['page labelled as a stream', () => withHeaders(htmlPage(200), { 'content-type': 'text/event-stream' }), 'blocked'],
    ['JSON with status 200', () => json(200, { detail: 'odd' }), 'server_error'],
    ['redirect', () => json(302, '', { location: 'https://example.test/' }), 'server_error'],
  ])('as %s is a failure of its kind, and shows no page', async (_, fault, kind) => {
    world.simulator.script.always(fault());
    const { upstream } = await world.started();
    const failure = await upstream
      .open(world.deployment(), asking('hi'), never)
      .then(eventsOf)
      .then(
        () => undefined,
        (error: unknown) => error as Error,
      );
    expect(failure).toMatchObject({ kind });
    expect(failure?.message).not.toMatch(/</);
  });

  it('that cannot be read to its end still has its status', async () => {
    world.simulator.script.next(stall(json(429, { error: { code: 'usage_limit_reached', message: 'm' } }), 5));
    const { upstream } = await world.started({ times: { catalogMs: 50 } });
    await expect(upstream.open(world.deployment(), asking('hi'), never)).rejects.toMatchObject({
      kind: 'rate_limited',
    });
  });

  it('of the login has it refreshed and the call sent once more, but not again at once', async () => {
    const { upstream } = await world.started();
    await eventsOf(await upstream.open(world.deployment(), asking('warm the caches'), never));
    const calls = () => world.simulator.seen.filter(({ path }) => path.endsWith('/responses')).length;
    world.simulator.tokens.expire(world.bearer);
    const answer = await upstream.open(world.deployment(), asking('hi'), never);
    expect((await eventsOf(answer)).at(-1)?.type).toBe('response.completed');
    expect(calls()).toBe(3);
    const refreshed = String(world.lastCall?.headers['authorization']).replace('Bearer ', '');
    expect(refreshed).not.toBe(world.bearer);
    world.simulator.tokens.expire(refreshed);
    await expect(upstream.open(world.deployment(), asking('hi'), never)).rejects.toMatchObject({
      kind: 'unauthorized',
    });
    expect(calls()).toBe(4);
    expect(world.simulator.counts.refreshes).toBe(1);
  });

  it('of the login is tried once more with a new one that somebody put into the file', async () => {
    const { upstream } = await world.started();
    await eventsOf(await upstream.open(world.deployment(), asking('warm the caches'), never));
    world.simulator.tokens.expire(world.bearer);
    const renewed = world.simulator.makeAuthFile(world.folder, { fileName: 'renewed.json' });
    renameSync(renewed.path, world.authFile);
    const answer = await upstream.open(world.deployment(), asking('hi'), never);
    expect((await eventsOf(answer)).at(-1)?.type).toBe('response.completed');
    expect(world.lastCall?.headers['authorization']).toBe(`Bearer ${renewed.bearer}`);
    expect(world.simulator.counts.refreshes).toBe(0);
  });

  it('of our own login file reaches the caller as 503', async () => {
    rmSync(world.authFile);
    const { upstream } = await world.started();
    await expect(upstream.open(world.deployment(), asking('hi'), never)).rejects.toMatchObject({ status: 503 });
    expect(world.simulator.seen).toHaveLength(0);
  });
});

describe('a stream', () => {
  it('without its label is recognised by its first bytes', async () => {
    world.simulator.script.next(withHeaders(text('x'), { 'content-type': 'application/octet-stream' }));
    const { upstream } = await world.started();
    const events = await eventsOf(await upstream.open(world.deployment(), asking('hi'), never));
    expect(events.map(({ type }) => type)).toContain('response.created');
    expect(events.at(-1)?.type).toBe('response.completed');
  });

  it('that arrives in crumbs is the same stream', async () => {
    world.simulator.script.next(drip(text('crumbs'), 7, 0));
    const { upstream } = await world.started();
    const events = await eventsOf(await upstream.open(world.deployment(), asking('hi'), never));
    expect(events.at(-1)?.type).toBe('response.completed');
  });

  it('must begin within its time, before the headers and after them', async () => {
    const { upstream } = await world.started({ times: { firstEventMs: 60 } });
    world.simulator.script.next(silence());
    await expect(upstream.open(world.deployment(), asking('hi'), never)).rejects.toMatchObject({ kind: 'timeout' });
    world.simulator.script.next(stall(text('x'), 3));
    const answer = await upstream.open(world.deployment(), asking('hi'), never);
    await expect(eventsOf(answer)).rejects.toMatchObject({
      kind: 'timeout',
      details: { code: 'upstream_first_event_timeout' },
    });
  });

  it('has the limit of its deployment when that sets one', async () => {
    const { upstream } = await world.started();
    world.simulator.script.next(held(text('x')));
    const hurried = world.deployment({ streamTimeoutMs: 50 });
    await expect(upstream.open(hurried, asking('hi'), never)).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('that falls silent after its beginning is given up', async () => {
    world.simulator.script.next(stall(text('x'.repeat(50)), 2_000));
    const { upstream } = await world.started({ times: { idleMs: 60 } });
    const answer = await upstream.open(world.deployment(), asking('hi'), never);
    await expect(eventsOf(answer)).rejects.toMatchObject({
      kind: 'timeout',
      details: { code: 'upstream_idle_timeout' },
    });
    expect(await world.lastCall?.ended).toBe('cancelled');
  });

  it('frees its socket when it is cancelled or its signal aborts', async () => {
    world.simulator.script.always(stall(text('x'.repeat(50)), 2_000));
    const { upstream } = await world.started();
    const cancelled = await upstream.open(world.deployment(), asking('hi'), never);
    await cancelled.next();
    cancelled.cancel();
    expect(await world.lastCall?.ended).toBe('cancelled');
    const controller = new AbortController();
    const aborted = await upstream.open(world.deployment(), asking('hi'), controller.signal);
    await aborted.next();
    controller.abort(new Error('client left'));
    await expect(eventsOf(aborted)).rejects.toThrow('client left');
    expect(await world.lastCall?.ended).toBe('cancelled');
  });
});
