import { cutAfterBytes, drip, type Reply, type Step, stall } from '../simulator/answer';
import { errorEvent, failedEvent, reasoningThenText, text, textThenToolCalls } from '../simulator/answers';
import { htmlPage } from '../simulator/faults';
import { chatBody, send } from '../support/calls';
import { eventually } from '../support/eventually';
import { readExposition } from '../support/expositions';
import { framesOf, frozen } from '../support/frozen-answer';
import { firstAndSecond, inOrder, RuledWorld } from '../support/ruled-world';

const args = { place: 'Köln', days: 3, hourly: true };
const lost = 'Half of what was to be said, then a call: ';
const saved = text('all is well');

const broken = frozen(textThenToolCalls(lost, [{ name: 'weather', args, callId: 'call_1' }]));
const frames = framesOf(broken);
const firstContent = frames.findIndex(({ type }) => type === 'response.output_text.delta');

/** Where and how an answer breaks off. */
interface Cut {
  readonly place: number;
  readonly type: string;
  readonly how: 'fin' | 'reset';
  readonly bytes: number;
  /** Before its first content. */
  readonly isEarly: boolean;
}

/** After every event, in both ways in turn: at one door the one, at the other door the other. */
function cutsAt(door: string): readonly Cut[] {
  return frames.slice(0, -1).map(({ type, end }, place) => {
    const how = (place % 2 === 0) === (door === 'chat') ? 'fin' : 'reset';
    return { place, type, how, bytes: end, isEarly: place < firstContent };
  });
}

const pair = new RuledWorld();
pair.withRules(firstAndSecond, inOrder(1), {
  times: { firstEventMs: 900, idleMs: 900, keepAliveMs: 30, firstByteHoldMs: 20_000, retryBackoffMs: 5 },
});
beforeEach(() => {
  pair.world.simulator.script.always(saved);
});

const doors = [
  ['chat', '/v1/chat/completions', chatBody({ model: 'team' })],
  ['responses', '/v1/responses', { model: 'team', input: 'Hi' }],
] as const;

describe.each(doors)('%s: an upstream that hangs up after any of its events', (door, path, body) => {
  const cuts = cutsAt(door);

  it('is covered from the first to the last one', () => {
    expect(firstContent).toBeGreaterThan(2);
    expect(cuts.filter(({ isEarly }) => isEarly).length).toBeGreaterThan(4);
    expect(cuts.filter(({ isEarly }) => !isEarly).length).toBeGreaterThan(8);
    expect(cuts.some(({ type }) => type === 'response.function_call_arguments.delta')).toBe(true);
  });

  it.each(cuts)('$how after event $place, $type', async ({ how, bytes, isEarly }) => {
    pair.world.answers('first', cutAfterBytes(broken, bytes, how));
    const [whole, streamed] = [await pair.askAt(path, body), await pair.askAt(path, { ...body, stream: true })];
    if (isEarly) {
      // Nobody ever hears of it.
      for (const { answer, to } of [whole, streamed]) {
        expect([answer.status, to]).toEqual([200, ['first', 'second']]);
        expect(answer.text).not.toMatch(/"error":\{|Half/);
      }
      expect(whole.answer.text).toContain('all is well');
      return;
    }
    // Never replayed, never a success, and nobody is punished for the line.
    expect([whole.answer.status, whole.to]).toEqual([502, ['first']]);
    expect([streamed.answer.status, streamed.to]).toEqual([200, ['first']]);
    expect(streamed.answer.text).toMatch(/"code":"(stream_cut|upstream_unreachable)"/);
    expectNoGoodEnd(door, streamed.answer.text);
    expect(await pair.world.resting()).toEqual([]);
  });
});

/** Neither the words of a good end, nor a tool call that looks whole. */
function expectNoGoodEnd(door: string, told: string): void {
  expect(told).not.toMatch(/\[DONE\]|"finish_reason":"(stop|tool_calls|length)"|response\.completed/);
  const last = told.trimEnd().split('\n\n').at(-1) ?? '';
  expect(last).toMatch(door === 'chat' ? /^data: \{"error":\{/ : /^event: (response\.failed|error)\n/);
}

describe.each(doors)('%s: an upstream that hangs up within an event', (_, path, body) => {
  it.each([7, 13, 29])('at every %dth byte is told like one that hangs up between two', async (step) => {
    const end = frames.at(-1)?.end ?? 0;
    // Each length is another place in field names, line ends, JSON and UTF-8; three of them are enough for one call each.
    for (let bytes = step; bytes < end; bytes += Math.ceil(end / 12)) {
      pair.world.simulator.script.clear();
      pair.world.simulator.script.always(saved);
      pair.world.answers('first', cutAfterBytes(broken, bytes));
      const { answer, to } = await pair.askAt(path, { ...body, stream: true });
      expect(answer.status).toBe(200);
      if (to.length === 2) expect(answer.text).not.toMatch(/"error":\{|Half/);
      else expect(answer.text).not.toMatch(/\[DONE\]|response\.completed/);
    }
  });
});

describe.each(doors)('%s: the metrics of a deployment', (_, path, body) => {
  /** What the series of the first deployment read, histograms and requests apart. */
  const figures = async (): Promise<ReadonlyMap<string, number>> => {
    const { series } = readExposition((await send(pair.world.bench, '/metrics')).text);
    const own = series.filter(({ labels }) => labels['model_id'] === 'first');
    return new Map(
      own.map(({ name, labels, value }) => [
        `${name} ${labels['kind'] ?? labels['exception_status'] ?? ''}`.trim(),
        value,
      ]),
    );
  };
  const watched = [
    'litellm_deployment_total_requests_total',
    'litellm_deployment_success_responses_total',
    'litellm_deployment_failure_responses_total 502',
    'codex_upstream_failures_total network',
  ];

  it('show an answer that breaks after its first words as a failure, and one that does not as none', async () => {
    const place = frames.findLastIndex(({ type }) => type === 'response.output_text.delta');
    const grown = async (answer: Reply): Promise<readonly number[]> => {
      const before = await figures();
      pair.world.simulator.script.next(answer);
      await pair.askAt(path, { ...body, stream: true });
      const after = await figures();
      expect(after.get('litellm_deployment_state')).toBe(answer === saved ? 0 : 1);
      return watched.map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0));
    };
    expect(await grown(cutAfterBytes(broken, frames[place]?.end ?? 0, 'fin'))).toEqual([1, 0, 1, 1]);
    expect(await grown(saved)).toEqual([1, 1, 0, 0]);
  });

  it('count a stream that never began as none that failed', async () => {
    const failed = async (): Promise<number | undefined> => {
      const { series } = readExposition((await send(pair.world.bench, '/metrics')).text);
      return series.find(({ name, labels }) => name === 'codex_stream_ends_total' && labels['end'] === 'failed')?.value;
    };
    const ask = async (answer: Reply): Promise<number> => {
      pair.world.simulator.script.always(answer);
      return (await pair.askAt(path, { ...body, stream: true })).answer.status;
    };
    const before = (await failed()) ?? 0;
    expect(await ask(errorEvent({ error: { code: 'invalid_prompt', message: 'No.' } }))).toBeGreaterThanOrEqual(400);
    expect(await failed()).toBe(before);
    expect(await ask(failedEvent('server_error', 'down', 'some words'))).toBe(200);
    expect(await failed()).toBe(before + 1);
  });
});

/** Frames that say nothing, for as long as anybody listens. */
function warm(frame: string, times: number): readonly Step[] {
  return Array.from({ length: times }, (): readonly Step[] => [
    { kind: 'wait', ms: 50 },
    { kind: 'write', bytes: Buffer.from(frame) },
  ]).flat();
}

const noises: readonly (readonly [what: string, frame: string])[] = [
  ['comments', ': keep-alive\n\n'],
  ['keep-alive events', 'event: keepalive\ndata: {"type":"keepalive"}\n\n'],
  [
    'the same handshake again',
    'event: response.in_progress\ndata: {"type":"response.in_progress","response":{"id":"r"}}\n\n',
  ],
];

describe.each(doors)('%s: an upstream that only keeps the line warm', (_, path, body) => {
  it.each(noises)('with %s before its first event is given up for another', async (_what, frame) => {
    pair.world.answers('first', { ...saved, steps: () => warm(frame, 200) });
    const { answer, to } = await pair.askAt(path, { ...body, stream: true });
    expect([answer.status, to]).toEqual([200, ['first', 'second']]);
    expect(answer.text).not.toMatch(/"error":\{/);
  });

  it.each(noises)('with %s in the middle of its answer ends with a code of its own', async (_what, frame) => {
    const content = frames[firstContent]?.end ?? 0;
    const begun = cutAfterBytes(broken, content);
    pair.world.answers('first', {
      ...saved,
      steps: (asked) => [...begun.steps(asked).slice(0, -1), ...warm(frame, 200)],
    });
    const { answer, to } = await pair.askAt(path, { ...body, stream: true });
    expect([answer.status, to]).toEqual([200, ['first']]);
    expect(answer.text).toContain('"code":"upstream_idle_timeout"');
    expect(await pair.world.resting()).toEqual([]);
  });
});

describe('a page of the network edge in the place of an answer', () => {
  it.each([
    ['200', { ...htmlPage(200, 'Just a moment...'), status: 200 }],
    ['200 that calls itself a stream', { ...htmlPage(200, 'x'), headers: { 'content-type': 'text/event-stream' } }],
    ['403', htmlPage(403, 'Attention Required')],
    [
      '503 with a challenge',
      { ...htmlPage(503, 'Just a moment...'), headers: { 'content-type': 'text/html', 'cf-mitigated': 'challenge' } },
    ],
  ])('with %s is never shown, blames no account, and is asked for no proof', async (_, page) => {
    pair.world.simulator.script.always(page);
    const answers = [
      await pair.askAt('/v1/responses', { model: 'team', input: 'Hi' }),
      await pair.askAt('/v1/chat/completions', chatBody({ model: 'team', stream: true })),
    ];
    const [{ answer, to }] = answers as [(typeof answers)[0], (typeof answers)[0]];
    expect([answer.status, to]).toEqual([503, ['first', 'second']]);
    expect(answer.json).toMatchObject({ error: { type: 'upstream_blocked', gateway: { author: 'edge' } } });
    for (const each of answers) expect(each.answer.text).not.toMatch(/<|doctype|moment/i);
    // The only way there is rests, and no account does.
    const resting = await pair.world.resting();
    expect(resting.map(({ scope, kind }) => `${scope.split(' ')[0] ?? ''} ${kind}`)).toEqual(['route edge']);
  });
});

describe('a model that thinks for long', () => {
  it('is not cut off as long as it shows it, and the client hears that somebody is there', async () => {
    const thought = reasoningThenText('I think about it. '.repeat(8), 'Now I know.', { gapMs: 150 });
    pair.world.answers('first', thought);
    const startedMs = performance.now();
    const { answer, to } = await pair.askAt('/v1/responses', { model: 'team', input: 'Hi', stream: true });
    expect([answer.status, to]).toEqual([200, ['first']]);
    expect(answer.text).toContain('Now I know.');
    expect(answer.text).toContain(': keep-alive');
    // Several times as long as either clock.
    expect(performance.now() - startedMs).toBeGreaterThan(1_200);
  });

  it('that is silent for less than its limit is waited for', async () => {
    pair.world.simulator.script.always(stall(drip(saved, 400, 0), frames[0]?.end ?? 0));
    const answering = pair.askAt('/v1/responses', { model: 'team', input: 'Hi' });
    await eventually('the upstream is silent', () => pair.world.simulator.held > 0);
    setTimeout(() => {
      pair.world.simulator.release();
    }, 150);
    expect((await answering).to).toEqual(['first']);
  });
});
