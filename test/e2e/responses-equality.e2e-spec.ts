import { failedEvent, fixture, noTerminalEvent } from '../simulator/answers';
import { faults } from '../simulator/faults';
import { answerNames, wholeAnswerNames } from '../support/answer-fixtures';
import { askResponses, postText, refusalOf, type ResponsesQuestion } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const question: ResponsesQuestion = { model: 'gpt-5.5', input: 'Hello?' };
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

describe.each(wholeAnswerNames)('a response answered by the recording %s', (name) => {
  it('is the same in the last event of a stream and whole, field by field', async () => {
    bench.simulator.script.always(fixture(`synthetic-${name}.sse`));
    const streamed = await askResponses(bench.client, 'streamed', question);
    const whole = await askResponses(bench.client, 'whole', question);
    expect(streamed.response).toEqual(whole.response);
    // One recording was filtered before it said anything.
    expect(whole.response.output.length > 0).toBe(name !== 'incomplete-content-filter');
    expect(whole.response.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('has in its output the items that the stream finished, or the text of one that it did not', async () => {
    bench.simulator.script.next(fixture(`synthetic-${name}.sse`));
    const { response, text, events } = await askResponses(bench.client, 'streamed', question);
    const finished = events.flatMap((event) => (event.type === 'response.output_item.done' ? [event.item] : []));
    const told = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []));
    expect(response.output).toEqual(expect.arrayContaining(finished));
    expect(text).toBe(told.join(''));
  });

  it('tells nothing that is meant for the owner of the account', async () => {
    bench.simulator.script.next(fixture(`synthetic-${name}.sse`));
    const { status, text } = await postText(bench, '/v1/responses', { ...question, stream: true });
    expect(status).toBe(200);
    expect(text).not.toContain('codex.');
    expect(text).not.toContain('rate_limits');
  });
});

describe.each(failing)('a response answered by the recording %s', (name) => {
  it('fails streamed and whole with the same words', async () => {
    once.simulator.script.always(fixture(`synthetic-${name}.sse`));
    const whole = await refusalOf(askResponses(once.client, 'whole', question));
    const { status, text } = await postText(once, '/v1/responses', { ...question, stream: true });
    expect(whole.status).toBeGreaterThanOrEqual(400);
    const { message } = whole.error as { message: string };
    expect(message).not.toBe('');
    if (status === 200) {
      // The answer had begun: all that is left is the last event.
      expect(lastEvent(text)).toMatchObject({
        type: 'response.failed',
        response: { status: 'failed', error: { message } },
      });
    } else {
      expect(status).toBe(whole.status);
      expect(JSON.parse(text)).toEqual({ error: whole.error });
    }
  });
});

describe.each([
  { what: 'a failure', answer: faults.failedAfterText, code: 'server_error' },
  {
    what: 'a quota that ends',
    answer: failedEvent('usage_limit_reached', 'Used up.', 'Half'),
    code: 'usage_limit_reached',
  },
  { what: 'an end without a terminal event', answer: noTerminalEvent('Half'), code: 'stream_cut' },
])('$what in the middle of a response', ({ answer, code }) => {
  it('is told as the last event of the stream, which belongs to the same answer', async () => {
    bench.simulator.script.next(answer);
    const stream = await bench.client.responses.create({ ...question, stream: true });
    const events = [];
    for await (const event of stream) events.push(event);
    const [created] = events;
    const last = events.at(-1);
    if (created?.type !== 'response.created' || last?.type !== 'response.failed') throw new Error('unexpected events');
    expect(last.response).toMatchObject({ status: 'failed', model: 'gpt-5.5', error: { code } });
    expect(last.response.id).toBe(created.response.id);
    expect(last.sequence_number).toBe((events.at(-2)?.sequence_number ?? Number.NaN) + 1);
    expect(events.filter(({ type }) => type === 'response.completed' || type === 'response.failed')).toHaveLength(1);
  });

  it('is an HTTP error for a client that wanted the answer whole', async () => {
    bench.simulator.script.next(answer);
    const error = await refusalOf(askResponses(bench.client, 'whole', question));
    expect(error.status).toBe(code === 'usage_limit_reached' ? 429 : 502);
    expect(error.error).toMatchObject({ code: String(error.status), message: expect.any(String) as string });
  });
});

function lastEvent(text: string): unknown {
  const data = text.trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(data.slice('data: '.length));
}
