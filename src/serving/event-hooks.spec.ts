import { event } from '../../test/support/answer-fixtures';
import { type CodexHooks } from '../config/hooks';
import { defaultTimeLimits } from '../config/time-limits';
import { Stopper } from '../kernel/stop-signal';
import { noSpan } from '../kernel/tracing';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { decodeWire } from '../protocol/wire/wire-text';
import { type Call } from './call';
import { EventHooks } from './event-hooks';

const call: Call = {
  context: {
    requestId: 'r',
    callId: 'r',
    startedMs: 0,
    surface: 'openai',
    isCodexCli: false,
    clientIp: '127.0.0.1',
    userAgent: '',
    principal: undefined,
    settled: false,
    span: noSpan,
  },
  route: '/v1/responses',
  dialect: 'responses',
  client: { canonical: { model: 'm', input: [] }, stream: true, droppedParams: [] },
  isWire: false,
  extras: { tags: [] },
  requestedTier: undefined,
  size: { textBytes: 0, images: 0, sealedBytes: 0 },
};
const created = event({ type: 'response.created', response: { id: 'größe' } });

function told(events: readonly AnswerEvent[], ...hooks: readonly unknown[]): readonly AnswerEvent[] {
  const modules = hooks.map((response) => ({ response }) as CodexHooks);
  return new EventHooks(modules, { times: defaultTimeLimits }).forCall(call)?.(events) ?? events;
}

describe('response hooks', () => {
  it('change events one after the other, until one drops it', () => {
    const seen: unknown[] = [];
    const [only, ...more] = told(
      [created],
      (given: object) => ({ ...given, note: 'à' }),
      (given: object) => ({ ...given, type: 'house.event' }),
    );
    expect(more).toEqual([]);
    expect(only?.type).toBe('house.event');
    expect(JSON.parse(decodeWire(only?.data ?? ''))).toEqual({
      type: 'house.event',
      response: { id: 'größe' },
      note: 'à',
    });
    expect(
      told(
        [created],
        () => null,
        (given: unknown) => seen.push(given),
      ),
    ).toEqual([]);
    expect(seen).toEqual([]);
  });

  it.each(['a\nevent: response.completed', 'a\u010adata: {}', 'a b', '', 'x'.repeat(129), 7, undefined])(
    'cannot name an event so that its frame breaks: %j',
    (type) => {
      expect(told([created, created], (given: object) => ({ ...given, type }))).toEqual([]);
    },
  );

  it('never see an event that cannot be read, and it does not pass them by', () => {
    const same = (given: unknown): unknown => given;
    const torn: AnswerEvent = { type: 'response.output_text.delta', data: '{"type":"response.output_text.delta",}' };
    const array: AnswerEvent = { type: 'x', data: '[1]' };
    expect(told([torn, array, created], same).map(({ type }) => type)).toEqual(['response.created']);
  });

  const completed = event({ type: 'response.completed', response: { id: 'r', status: 'completed' } });
  const outcomeOf = (hook: (given: { type: string }) => unknown): unknown => {
    try {
      return told([created, completed], hook);
    } catch (error) {
      return error;
    }
  };

  it.each<[string, (given: { type: string }) => unknown]>([
    ['drop the last event', ({ type, ...given }) => (type === 'response.completed' ? null : { type, ...given })],
    ['rename it', (given) => (given.type === 'response.completed' ? { ...given, type: 'house.event' } : given)],
    ['empty it', (given) => (given.type === 'response.completed' ? { type: given.type } : given)],
    ['end it with an error without words', (given) => ({ ...given, type: 'error' })],
  ])('cannot leave an answer without an end: %s', (_, hook) => {
    expect(outcomeOf(hook)).toMatchObject({ status: 500, code: 'hook_failed' });
  });

  it('may end an answer before its time', () => {
    const early = { type: 'response.completed', response: { id: 'r', status: 'completed' } };
    const heard = told([created, completed], (given: { type: string }) =>
      given.type === 'response.created' ? early : null,
    );
    expect(heard.map(({ type }) => type)).toEqual(['response.completed']);
  });

  it.each<[string, string, object]>([
    [
      'own_code',
      'with its own code',
      { type: 'response.failed', response: { error: { code: 'own_code', message: 'No.' } } },
    ],
    [
      'invalid_prompt',
      'without one',
      { type: 'response.failed', response: { status: 'failed', error: { message: 'No.' } } },
    ],
    ['own_code', 'as an error event', { type: 'error', error: { code: 'own_code', message: 'No.' } }],
    ['invalid_prompt', 'as a flat one', { type: 'error', code: 'a b', message: 'No.' }],
  ])('may refuse an answer: a 400 %s, %s', (code, _, failed) => {
    const refusal = outcomeOf((given) => (given.type === 'response.created' ? given : failed));
    expect(refusal).toMatchObject({ status: 400, code, message: 'No.', author: 'gateway' });
  });

  const itself: Record<string, unknown> = { type: 'a' };
  itself['itself'] = itself;
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'text'],
    ['a number', 1],
    ['a list', [[]]],
    ['a promise of an event', Promise.resolve({ type: 'a' })],
    ['what JSON has no number for', { type: 'a', count: 1n }],
    ['what holds itself', itself],
    ['what is nothing as JSON', { type: 'a', toJSON: () => undefined }],
  ])('fail the request when they return %s', (_, returned) => {
    let outcome: unknown;
    try {
      outcome = told([created], () => returned);
    } catch (error) {
      outcome = error;
    }
    expect(outcome).toMatchObject({ status: 500, code: 'hook_failed' });
  });
});

describe('request hooks', () => {
  const asking = (request: unknown, signal?: Stopper): Promise<unknown> =>
    new EventHooks([{ request } as CodexHooks], { times: { ...defaultTimeLimits, hookMs: 20 } }).onRequest(
      call,
      { model: 'm', input: [{ type: 'message' }] },
      signal,
    );

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a request without input', { model: 'm' }],
    ['a text as its input', { model: 'm', input: 'Hi' }],
    ['an item that is none', { model: 'm', input: [{ content: 'Hi' }] }],
    ['a promise that never settles', new Promise(() => undefined)],
  ])('fail the request when they return %s', async (_, returned) => {
    await expect(asking(() => returned)).rejects.toMatchObject({ status: 500, code: 'hook_failed' });
  });

  it('may leave out that a message is one', async () => {
    const input = [{ role: 'developer', content: 'Be brief.' }];
    expect(await asking(() => ({ model: 'm', input }))).toEqual({
      model: 'm',
      input: [{ type: 'message', role: 'developer', content: 'Be brief.' }],
    });
  });

  it('are not waited for by a call that has ended', async () => {
    const stopper = new Stopper();
    const answer = asking(() => new Promise(() => undefined), stopper);
    stopper.abort(new Error('left'));
    await expect(answer).rejects.toThrow('left');
  });
});
