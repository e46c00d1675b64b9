import { cutAfterBytes, stall } from '../simulator/answer';
import { reasoningThenText, text } from '../simulator/answers';
import { usageLimit } from '../simulator/faults';
import { objectOf, objectsOf } from '../simulator/json';
import { AccountsBench } from '../support/accounts';
import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { endOf, frozen } from '../support/frozen-answer';
import { eventually } from '../support/login-gateways';
import { firstThenSecond, oneRetry } from '../support/two-accounts';

const droppedHeader = 'x-codex-gateway-reasoning-dropped';
/** A model that thinks without a word about it: an empty item, then for long nothing. */
const thinking = frozen(reasoningThenText('', 'Never seen'));
const thinks = endOf(thinking, 'response.output_item.added');
const speaking = frozen(text('Half of what was to be said'));
const holdMs = 400;

let pair: AccountsBench;

beforeAll(async () => {
  pair = await AccountsBench.start(firstThenSecond, {
    rest: oneRetry,
    times: { firstByteHoldMs: holdMs, idleMs: 2_000, keepAliveMs: 30, retryBackoffMs: 5, clientGoneDrainMs: 400 },
  });
  await post(pair.bench, '/v1/responses', { model: 'team', input: 'Hi' });
});
afterEach(() => pair.rested());
afterAll(() => pair.close());

const doors: readonly (readonly [name: string, path: string, body: Record<string, unknown>])[] = [
  ['chat, whole', '/v1/chat/completions', chatBody({ model: 'team' })],
  ['chat, streamed', '/v1/chat/completions', chatBody({ model: 'team', stream: true })],
  ['responses, whole', '/v1/responses', { model: 'team', input: 'Hi' }],
  ['responses, streamed', '/v1/responses', { model: 'team', input: 'Hi', stream: true }],
];

describe('a model that thinks and has not said anything yet', () => {
  it.each(doors)('%s: is made up for by another when its line breaks', async (name, path, body) => {
    pair.answers('first', cutAfterBytes(thinking, thinks, 'reset'));
    const before = pair.simulator.seen.length;
    const answer = await post(pair.bench, path, body);
    expect([answer.status, pair.askedSince(before)]).toEqual([200, ['first', 'second']]);
    expect(answer.text).not.toMatch(/"error":\{|response\.failed/);
    // One answer, with one beginning.
    expect(answer.text.match(/"response\.created"/g) ?? []).toHaveLength(name === 'responses, streamed' ? 1 : 0);
  });

  it('and whose client leaves is read on for a moment, paid for, and asked of nobody else', async () => {
    const made = await post(pair.bench, '/key/generate', { max_budget: 1 });
    const { key, token } = made.json as { key: string; token: string };
    pair.simulator.script.always(stall(thinking, thinks));
    const leaving = new AbortController();
    const before = pair.simulator.seen.length;
    const asking = fetch(`${pair.bench.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody({ model: 'team' })),
      signal: leaving.signal,
    });
    const seen = await pair.simulator.waitForRequest((each) => pair.isOf('first')(each) && pair.simulator.seen.indexOf(each) >= before);
    while (pair.simulator.held === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await expect(asking).rejects.toThrow();
    expect(await seen.ended).toBe('cancelled');
    expect(pair.askedSince(before)).toEqual(['first']);
    let rows: readonly { readonly spend: number; readonly prompt_tokens: number }[] = [];
    await eventually('the call is in the books', async () => {
      rows = (await send(pair.bench, `/spend/logs?api_key=${token}`)).json as typeof rows;
      return rows.length > 0;
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]?.prompt_tokens).toBeGreaterThan(0);
    expect(rows[0]?.spend).toBeGreaterThan(0);
  }); // prettier-ignore
});

describe('on_client_disconnect: cancel', () => {
  let brisk: AccountsBench;
  beforeAll(async () => {
    const rest = `general_settings: { on_client_disconnect: cancel }\n${oneRetry}`;
    brisk = await AccountsBench.start(firstThenSecond, {
      rest,
      times: { clientGoneDrainMs: 600_000, idleMs: 600_000 },
    });
    await post(brisk.bench, '/v1/responses', { model: 'team', input: 'Hi' });
  });
  afterAll(() => brisk.close());

  it.each([
    ['while it thinks', thinking, thinks],
    ['in the middle of its words', speaking, endOf(speaking, 'response.output_text.delta')],
  ])('ends the upstream answer with its client, %s', async (_, answer, bytes) => {
    brisk.simulator.script.always(stall(answer, bytes));
    const before = brisk.simulator.seen.length;
    const leaving = new AbortController();
    const asking = fetch(`${brisk.bench.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${brisk.bench.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'team', input: 'Hi' }),
      signal: leaving.signal,
    });
    const seen = await brisk.simulator.waitForRequest((each) => brisk.isOf('first')(each) && brisk.simulator.seen.indexOf(each) >= before);
    while (brisk.simulator.held === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await expect(asking).rejects.toThrow();
    expect(await seen.ended).toBe('cancelled');
    await eventually('nothing is held any more', () => Promise.resolve(brisk.simulator.held === 0));
  }); // prettier-ignore
});

describe('headers that leave before anybody has answered', () => {
  it('say all the same that a conversation has lost its reasoning, and what a key has left', async () => {
    const made = await post(pair.bench, '/key/generate', { rpm_limit: 100 });
    const { key } = made.json as { key: string };
    const own = { url: pair.bench.url, key };
    pair.simulator.switches.sealsByAccount = true;
    pair.simulator.script.next(reasoningThenText('A thought.', 'Done.'));
    const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };
    const first = await post(own, '/v1/responses', { model: 'team', input: [user] });
    const input = [user, ...objectsOf(objectOf(first.json)['output']), user];
    pair.answers('first', usageLimit(600));
    pair.simulator.script.always(stall(frozen(text('late')), 0));
    setTimeout(() => {
      pair.simulator.release();
    }, 3 * holdMs);
    const answer: ReadAnswer = await post(own, '/v1/responses', { model: 'team', input, stream: true });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('late');
    // Nobody knew yet who would answer.
    expect(answer.headers.get('x-litellm-model-id')).toBeNull();
    expect(answer.headers.get(droppedHeader)).toBe('1');
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('100');
    pair.simulator.switches.sealsByAccount = false;
  });
});
