import { held, type Reply, stall } from '../simulator/answer';
import { compaction, text } from '../simulator/answers';
import { faults, usageLimit } from '../simulator/faults';
import { chatBody, post } from '../support/calls';
import { startBench } from '../support/gateway';
import { errorOf, RuledWorld } from '../support/ruled-world';

// What a request may say about the way it goes: tags, a deployment, time limits, retries.

const quiet = 'quota_poll_seconds: 0';
const rules = new RuledWorld();

describe('tags', () => {
  rules.withGateway(
    [
      { account: 'a', params: 'tags: [fast]' },
      { account: 'b', params: 'tags: [default]' },
    ],
    {
      rest: `router_settings: { ${quiet}, enable_tag_filtering: true }\n`,
    },
  );

  it.each<[string, Record<string, unknown>, Record<string, string>, string]>([
    ['of the body', { tags: ['fast'] }, {}, 'a'],
    ['of its metadata', { metadata: { tags: ['fast'] } }, {}, 'a'],
    ['of the header', {}, { 'x-litellm-tags': 'x, fast' }, 'a'],
    ['that nobody has', { tags: ['slow'] }, {}, 'b'],
    ['that are not there', {}, {}, 'b'],
  ])('%s lead to their deployment', async (_, extra, headers, account) => {
    for (let call = 0; call < 4; call += 1) expect((await rules.ask(extra, headers)).to).toEqual([account]);
  });
});

describe('a deployment asked for by its id', () => {
  rules.withGateway([{ account: 'a' }, { account: 'b' }], { rest: `router_settings: { ${quiet} }\n` });

  it('is asked even while it rests, and used again when it answers', async () => {
    rules.world.answers('a', usageLimit(600));
    for (let call = 0; call < 6; call += 1) await rules.ask();
    expect((await rules.world.resting()).map(({ scope }) => scope)).toEqual(['account a']);
    rules.world.simulator.script.clear();
    expect(await rules.ask({ model: 'a' })).toMatchObject({ answer: { status: 200 }, to: ['a'] });
    expect(await rules.world.resting()).toEqual([]);
  });
});

describe('time limits of a request', () => {
  rules.withGateway([{ account: 'a' }], {
    rest: `router_settings: { ${quiet}, num_retries: 0 }\n`,
    times: { firstByteHoldMs: 100, idleMs: 300 },
  });

  it.each<[string, Record<string, unknown>, Record<string, string>, string]>([
    ['the whole call, by body', { timeout: 0.2 }, {}, 'timeout'],
    ['the whole call, by header', {}, { 'x-litellm-timeout': '0.2' }, 'timeout'],
    ['the first event, by header', {}, { 'x-litellm-stream-timeout': '0.2' }, 'timeout'],
  ])('%s', async (_, extra, headers, type) => {
    rules.world.simulator.script.always(held(text('late')));
    const startedMs = performance.now();
    const { answer } = await rules.ask(extra, headers);
    expect(answer.status).toBe(504);
    expect(errorOf(answer)['type']).toBe(type);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it.each<[string, number, Record<string, string>]>([
    ['its own', 10_000, { 'x-litellm-timeout': '0.2' }],
    ['that of whole answers', 200, {}],
  ])('hold for a compaction in one call: %s', async (_, wholeJsonMs, headers) => {
    const brief = await startBench({ times: { wholeJsonMs, clientGoneDrainMs: 50 } });
    try {
      brief.simulator.scripts.compact.always(held(compaction()));
      const body = { model: 'gpt-5.5', instructions: 'x', input: [{ type: 'message', role: 'user', content: [] }] };
      const answer = await post(brief, '/v1/responses/compact', body, headers);
      expect([answer.status, errorOf(answer)['type']]).toEqual([504, 'timeout']);
      expect(brief.simulator.counts.compactions).toBe(1);
    } finally {
      await brief.close();
    }
  });

  it.each<[string, Record<string, string>, Reply, string]>([
    ['the whole call', { 'x-litellm-timeout': '0.3' }, held(text('late')), 'request_timeout'],
    ['the response headers', { 'x-litellm-stream-timeout': '0.3' }, held(text('late')), 'upstream_headers_timeout'],
    ['the first event', { 'x-litellm-stream-timeout': '0.3' }, stall(text('late'), 0), 'upstream_first_event_timeout'],
    ['silence in the middle', {}, stall(text('late '.repeat(200)), 9_000), 'upstream_idle_timeout'],
  ])('%s has a code of its own in a stream', async (_, headers, reply, code) => {
    rules.world.simulator.script.always(reply);
    const answer = await post(
      rules.world.bench,
      '/v1/chat/completions',
      chatBody({ model: 'team', stream: true }),
      headers,
    );
    expect(answer.text).toContain(`"type":"timeout","param":null,"code":"${code}"`);
  });

  it.each([{ num_retries: 'two' }, { timeout: -1 }, { fallbacks: 'b' }])(
    '%j is refused with the field',
    async (extra) => {
      const { answer, to } = await rules.ask(extra);
      expect([answer.status, to]).toEqual([400, []]);
      expect(errorOf(answer)['param']).toBe(Object.keys(extra)[0]);
    },
  );
});

describe('retries of a request', () => {
  rules.withGateway([{ account: 'a' }], { rest: `router_settings: { ${quiet}, num_retries: 3 }\n` });

  it.each<[string, Record<string, unknown>, Record<string, string>, number]>([
    ['none, by body', { num_retries: 0 }, {}, 1],
    ['one, by header', {}, { 'x-litellm-num-retries': '1' }, 2],
    ['the body before the header', { num_retries: 0 }, { 'x-litellm-num-retries': '2' }, 1],
  ])('%s', async (_, extra, headers, calls) => {
    rules.world.simulator.script.always(faults.server500);
    expect((await rules.ask(extra, headers)).to).toHaveLength(calls);
  });
});
