import { cutAfterBytes, stall } from '../simulator/answer';
import { reasoningThenText, text } from '../simulator/answers';
import { usageLimit } from '../simulator/faults';
import { objectOf, objectsOf } from '../simulator/json';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { dialectDoors } from '../support/doors';
import { endOf, frozen } from '../support/frozen-answer';
import { hangUp, holder, rowsOf } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { firstAndSecond, inOrder, RuledWorld } from '../support/ruled-world';

const droppedHeader = 'x-codex-gateway-reasoning-dropped';
/** A model that thinks without a word about it: an empty item, then for long nothing. */
const thinking = frozen(reasoningThenText('', 'Never seen'));
const thinks = endOf(thinking, 'response.output_item.added');
const speaking = frozen(text('Half of what was to be said'));
/** The same with a finished item, as sealed as it was empty; then the line breaks. */
const stopsAfterThought = cutAfterBytes(thinking, endOf(thinking, 'response.output_item.done'), 'reset');
const holdMs = 400;

const pair = new RuledWorld();
pair.withRules(firstAndSecond, inOrder(1), {
  times: { firstByteHoldMs: holdMs, idleMs: 2_000, keepAliveMs: 30, retryBackoffMs: 5, clientGoneDrainMs: 400 },
});

/** A client that leaves while an answer is held, and the upstream notices. @returns whom was asked. */
async function leave(
  { world }: RuledWorld,
  path: string,
  body: object,
  key = world.bench.key,
): Promise<readonly string[]> {
  const { bench, simulator } = world;
  const before = simulator.seen.length;
  const isOurs = world.isOf('first');
  await hangUp({ url: bench.url, key }, path, body, () => simulator.held > 0);
  const seen = await simulator.waitForRequest((each) => isOurs(each) && simulator.seen.indexOf(each) >= before);
  expect(await seen.ended).toBe('cancelled');
  return world.askedSince(before);
}

describe('a model that thinks and has not said anything yet', () => {
  it.each(dialectDoors)('%s: is made up for by another when its line breaks', async (name, path, body) => {
    pair.world.answers('first', cutAfterBytes(thinking, thinks, 'reset'));
    const { answer, to } = await pair.askAt(path, body);
    expect([answer.status, to]).toEqual([200, ['first', 'second']]);
    expect(answer.text).not.toMatch(/"error":\{|response\.failed/);
    // One answer, with one beginning.
    expect(answer.text.match(/"response\.created"/g) ?? []).toHaveLength(name === 'responses, streamed' ? 1 : 0);
  });

  it.each(dialectDoors)(
    '%s: is made up for by another when it fails after a thought without words',
    async (name, path, body) => {
      pair.world.answers('first', stopsAfterThought);
      const { answer, to } = await pair.askAt(path, body);
      expect([answer.status, to]).toEqual([200, ['first', 'second']]);
      expect(answer.text).not.toMatch(/"error":\{|response\.failed/);
      expect(answer.text.match(/"response\.created"/g) ?? []).toHaveLength(name === 'responses, streamed' ? 1 : 0);
    },
  );

  it('and whose client leaves is read on for a moment, paid for, and asked of nobody else', async () => {
    const own = await holder(pair.world.bench, { max_budget: 1 });
    pair.world.simulator.script.always(stall(thinking, thinks));
    expect(await leave(pair, '/v1/chat/completions', chatBody({ model: 'team' }), own.key)).toEqual(['first']);
    const rows = await rowsOf(pair.world.bench, own, 1);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.prompt_tokens).toBeGreaterThan(0);
    expect(rows[0]?.spend).toBeGreaterThan(0);
  });
});

describe('on_client_disconnect: cancel', () => {
  const brisk = new RuledWorld();
  brisk.withRules(firstAndSecond, inOrder(1), {
    general: 'general_settings: { on_client_disconnect: cancel }\n',
    times: { clientGoneDrainMs: 600_000, idleMs: 600_000 },
  });

  it.each([
    ['while it thinks', thinking, thinks],
    ['in the middle of its words', speaking, endOf(speaking, 'response.output_text.delta')],
  ])('ends the upstream answer with its client, %s', async (_, answer, bytes) => {
    brisk.world.simulator.script.always(stall(answer, bytes));
    await leave(brisk, '/v1/responses', { model: 'team', input: 'Hi' });
    await eventually('nothing is held any more', () => Promise.resolve(brisk.world.simulator.held === 0));
  });
});

describe('headers that leave before anybody has answered', () => {
  it('say all the same that a conversation has lost its reasoning, and what a key has left', async () => {
    const own = await holder(pair.world.bench, { rpm_limit: 100 });
    pair.world.simulator.switches.sealsByAccount = true;
    pair.world.simulator.script.next(reasoningThenText('A thought.', 'Done.'));
    const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };
    const first = await post(own, '/v1/responses', { model: 'team', input: [user] });
    const input = [user, ...objectsOf(objectOf(first.json)['output']), user];
    pair.world.answers('first', usageLimit(600));
    pair.world.simulator.script.always(stall(frozen(text('late')), 0));
    const asked = post(own, '/v1/responses', { model: 'team', input, stream: true });
    await eventually('the upstream is silent', () => pair.world.simulator.held > 0);
    setTimeout(() => {
      pair.world.simulator.release();
    }, 3 * holdMs);
    const answer: ReadAnswer = await asked;
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('late');
    // Nobody knew yet who would answer.
    expect(answer.headers.get('x-litellm-model-id')).toBeNull();
    expect(answer.headers.get(droppedHeader)).toBe('1');
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('100');
    pair.world.simulator.switches.sealsByAccount = false;
  });
});
