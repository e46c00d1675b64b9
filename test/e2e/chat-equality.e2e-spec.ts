import { drip } from '../simulator/answer';
import { failedEvent, fixture, noTerminalEvent } from '../simulator/answers';
import { faults } from '../simulator/faults';
import { answerNames, wholeAnswerNames } from '../support/answer-fixtures';
import { askChat, type ChatQuestion, postText, refusalOf, ways } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const question: ChatQuestion = {
  model: 'gpt-5.5',
  messages: [{ role: 'user', content: 'Hello?' }],
  tools: [
    { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } },
    { type: 'custom', custom: { name: 'apply_patch' } },
  ],
};
const failing = answerNames.filter((name) => !wholeAnswerNames.includes(name));

let bench: TestBench;
/** Its one try is the last word. */
let once: TestBench;

/** Each answer is looked at by itself: no account rests after a refusal. */
const restless = 'router_settings:\n  disable_cooldowns: true\n';

beforeAll(async () => {
  bench = await startBench({ config: restless });
  once = await startBench({ config: `litellm_settings:\n  num_retries: 0\n${restless}` });
});

afterEach(() => {
  bench.simulator.script.clear();
});

afterAll(async () => {
  await bench.close();
  await once.close();
});

describe.each(wholeAnswerNames)('a chat answered by the recording %s', (name) => {
  it('is the same streamed and whole, field by field', async () => {
    bench.simulator.script.always(fixture(`synthetic-${name}.sse`));
    const streamed = await askChat(bench.client, 'streamed', question);
    const whole = await askChat(bench.client, 'whole', question);
    expect(withoutId(streamed.completion)).toEqual(withoutId(whole.completion));
    // The request's own, by which the ledger finds it.
    expect(streamed.completion.id).not.toBe(whole.completion.id);
    expect(whole.completion.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('is the same when its bytes come one by one', async () => {
    bench.simulator.script.next(fixture(`synthetic-${name}.sse`), drip(fixture(`synthetic-${name}.sse`), 61, 0));
    const atOnce = await askChat(bench.client, 'streamed', question);
    const torn = await askChat(bench.client, 'streamed', question);
    expect(torn.chunks.map(withoutId)).toEqual(atOnce.chunks.map(withoutId));
  });
});

describe.each(failing)('a chat answered by the recording %s', (name) => {
  it('fails streamed and whole with the same type and words', async () => {
    once.simulator.script.always(fixture(`synthetic-${name}.sse`));
    const streamed = await refusalOf(askChat(once.client, 'streamed', question));
    const whole = await refusalOf(askChat(once.client, 'whole', question));
    expect(whole.status).toBeGreaterThanOrEqual(400);
    expect(words(streamed.error)).toEqual(words(whole.error));
    expect(words(whole.error)).toEqual({ type: expect.any(String) as string, message: expect.any(String) as string });
    // Before the first content the status can still be told; after it the stream is a 200 with an error in it.
    if (streamed.status !== undefined) {
      expect({ status: streamed.status, code: streamed.code }).toEqual({ status: whole.status, code: whole.code });
    }
  });
});

describe.each([
  { what: 'a failure', answer: faults.failedAfterText, said: 'Half of an', code: 'server_error' },
  {
    what: 'a quota that ends',
    answer: failedEvent('usage_limit_reached', 'Used up.', 'Half of an'),
    said: 'Half of an',
    code: 'usage_limit_reached',
  },
  {
    what: 'an end without a terminal event',
    answer: noTerminalEvent('Half of an'),
    said: 'Half of an',
    code: 'stream_cut',
  },
])('$what in the middle of a chat', ({ answer, said, code }) => {
  it('is told in the stream, after what was said and without the word that ends a good one', async () => {
    bench.simulator.script.next(answer);
    const { status, text } = await postText(bench, '/v1/chat/completions', { ...question, stream: true });
    expect(status).toBe(200);
    const frames = text.split('\n\n').filter((frame) => frame.startsWith('data: '));
    const spoken = frames.slice(0, -1).map((frame) => JSON.parse(frame.slice(6)) as Spoken);
    expect(spoken.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(said);
    expect(spoken.every(({ choices }) => choices[0]?.finish_reason === null)).toBe(true);
    expect(JSON.parse(frames.at(-1)?.slice(6) ?? '')).toMatchObject({ error: { code, param: null } });
    expect(text).not.toContain('[DONE]');
  });

  it('is thrown by the SDK, streamed and whole, and not tried again', async () => {
    for (const way of ways) {
      const before = bench.simulator.counts.responses;
      bench.simulator.script.next(answer);
      const error = await refusalOf(askChat(bench.client, way, question));
      expect(error.status).toBe(way === 'streamed' ? undefined : statusOf(code));
      expect(error.error).toMatchObject({ message: expect.any(String) as string, type: expect.any(String) as string });
      expect(bench.simulator.counts.responses).toBe(before + 1);
    }
  });
});

interface Spoken {
  readonly choices: readonly {
    readonly delta: { readonly content?: string | null };
    readonly finish_reason: string | null;
  }[];
}

function withoutId({ id, ...rest }: { readonly id: string }): object {
  expect(id).toMatch(/^chatcmpl-req_/);
  return rest;
}

function words(error: unknown): unknown {
  const { type, message } = error as { type: unknown; message: unknown };
  return { type, message };
}

function statusOf(code: string): number {
  return code === 'usage_limit_reached' ? 429 : 502;
}
