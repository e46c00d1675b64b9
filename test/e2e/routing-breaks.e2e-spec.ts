import { cutAfterBytes, delayed, type Reply, stall } from '../simulator/answer';
import { failedEvent, noTerminalEvent, text } from '../simulator/answers';
import { faults } from '../simulator/faults';
import { chatBody } from '../support/calls';
import { dialectDoors, type Door, expectGoodEnd } from '../support/doors';
import { firstAndSecond, inOrder, RuledWorld } from '../support/ruled-world';

const holdMs = 60;
const doorsThat = (way: string): readonly Door[] => dialectDoors.filter(([name]) => name.endsWith(way));

/** Breaks that strike before the first content, by when they strike. */
const early: readonly (readonly [what: string, reply: Reply])[] = [
  ['a refused connection', faults.refusedConnection],
  ['a stream without any event', faults.emptyBody],
  ['a stream cut before its content', faults.eofBeforeContent],
  ['a stream reset before its content', faults.resetBeforeContent],
  ['a failure told in the stream', faults.failedOverloaded],
  ['a 500', faults.server500],
  ['silence after the headers', stall(text('Never seen'), 0)],
  ['silence after the first control event', stall(text('Never seen'), 400)],
];

const pair = new RuledWorld();
pair.withRules(firstAndSecond, inOrder(2), {
  times: { firstByteHoldMs: holdMs, firstEventMs: 250, idleMs: 250, keepAliveMs: 30, retryBackoffMs: 10 },
});

describe.each(dialectDoors)('%s: before content a break is invisible', (_, path, body) => {
  it.each(early)('%s', async (_name, reply) => {
    pair.world.answers('first', reply);
    const { answer, to } = await pair.askAt(path, body);
    expect(answer.status).toBe(200);
    expectGoodEnd(answer);
    expect(to).toEqual(['first', 'second']);
  });

  it.each(['server500', 'failedOverloaded', 'eofBeforeContent'] as const)(
    '%s, after the first-byte hold',
    async (name) => {
      pair.world.answers('first', delayed(faults[name], 3 * holdMs));
      const { answer, to } = await pair.askAt(path, body);
      expect(answer.status).toBe(200);
      expectGoodEnd(answer);
      expect(to).toEqual(['first', 'second']);
      // The client heard that somebody is there while it waited.
      if (!path.endsWith('whole') && answer.headers.get('content-type')?.includes('event-stream') === true) {
        expect(answer.text).toContain(': keep-alive');
        expect(answer.headers.get('x-litellm-model-id')).toBeNull();
      }
    },
  );
});

/** Breaks after the first words. */
const late: readonly (readonly [what: string, reply: Reply, code: string])[] = [
  ['a failure told in the stream', failedEvent('server_error', 'It failed.', 'half a sentence'), 'server_error'],
  ['an end without a terminal event', noTerminalEvent('half a sentence'), 'stream_cut'],
  ['a cut', cutAfterBytes(text('half a sentence '.repeat(40)), 6_000), 'upstream_unreachable'],
  ['a reset', cutAfterBytes(text('half a sentence '.repeat(40)), 6_000, 'reset'), 'upstream_unreachable'],
  ['a stall', stall(text('half a sentence '.repeat(40)), 6_000), 'upstream_idle_timeout'],
];

describe.each(doorsThat('streamed'))('%s: after content nothing is replayed', (_, path, body) => {
  it.each(late)('%s', async (_name, reply, code) => {
    pair.world.answers('first', reply);
    const { answer, to } = await pair.askAt(path, body);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('half');
    expect(answer.text).toContain(`"code":"${code}"`);
    expect(answer.text).not.toMatch(/data: \[DONE\]|response\.completed/);
    expect(to).toEqual(['first']);
    // A fault of the transport says nothing about the account.
    expect(await pair.world.resting()).toEqual([]);
  });
});

describe.each(doorsThat('whole'))('%s: after content the failure is a status', (_, path, body) => {
  it.each(late)('%s', async (_name, reply) => {
    pair.world.answers('first', reply);
    const { answer, to } = await pair.askAt(path, body);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.json).toMatchObject({ error: { message: expect.any(String) as string } });
    expect(to).toEqual(['first']);
  });
});

describe('a quota that ends in the middle of an answer', () => {
  it('is told in the stream, and keeps the account from further calls', async () => {
    pair.world.answers('first', failedEvent('usage_limit_reached', 'The usage limit has been reached', 'half'));
    const { answer } = await pair.askAt('/v1/responses', { model: 'team', input: 'Hi', stream: true });
    expect(answer.text).toContain('response.failed');
    expect((await pair.world.resting()).map(({ scope, kind }) => [scope, kind])).toEqual([['account first', 'quota']]);
    const next = await pair.askAt('/v1/responses', { model: 'team', input: 'Hi' });
    expect(next.to).toEqual(['second']);
  });
});

describe('when every deployment fails', () => {
  const patient = new RuledWorld();
  // Three tries are over long before this hold, however busy the machine is.
  patient.withRules(firstAndSecond, inOrder(2), { times: { firstByteHoldMs: 20_000, retryBackoffMs: 10 } });

  it.each(dialectDoors)(
    '%s: the client gets one real status, after as many tries as are allowed',
    async (_, path, body) => {
      patient.world.simulator.script.always(faults.overloaded503);
      const { answer, to } = await patient.askAt(path, body);
      expect(answer.status).toBe(503);
      expect(answer.json).toMatchObject({ error: { type: 'service_unavailable', gateway: { author: 'upstream' } } });
      expect(answer.headers.get('x-codex-gateway-refused-by')).toBe('upstream');
      expect([...to].sort()).toEqual(['first', 'first', 'second']);
    },
  );

  it('after the first-byte hold only the status is lost', async () => {
    pair.world.simulator.script.always(delayed(faults.overloaded503, 2 * holdMs));
    const { answer, to } = await pair.askAt('/v1/chat/completions', chatBody({ model: 'team', stream: true }));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"code":"server_is_overloaded"');
    expect(answer.text).not.toContain('[DONE]');
    expect(to).toHaveLength(3);
  });
});
