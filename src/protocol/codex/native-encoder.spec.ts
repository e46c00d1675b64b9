import {
  answerBytes,
  answerEvents,
  answerNames,
  decodeAll,
  event,
  framesOf,
} from '../../../test/support/answer-fixtures';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { isOwnerOnly } from '../canonical/event-types';
import { NativeEncoder } from './native-encoder';

const cut = new UpstreamFailure({ kind: 'cut', message: 'cut' }).toGatewayError();

describe('NativeEncoder', () => {
  it.each(answerNames)('forwards %s byte for byte, without what belongs to the owner', (name) => {
    const encoder = new NativeEncoder();
    const frames = encoder.encode(answerEvents(name)) + encoder.finish();
    const kept = answerBytes(name)
      .toString('latin1')
      .split('\n\n')
      .filter((frame) => frame.startsWith('event: ') && !isOwnerOnly(frame.slice(7, frame.indexOf('\n'))));
    expect(frames).toBe(kept.map((frame) => `${frame.trimEnd()}\n\n`).join(''));
    expect(decodeAll(Buffer.from(frames, 'latin1')).every(({ type }) => !isOwnerOnly(type))).toBe(true);
  });

  it('shows no headers of the upstream, under whatever name the model was asked for', () => {
    const headers = { 'openai-model': 'gpt-5.5' };
    const told = ['created', 'in_progress', 'completed'].map((name) =>
      event({
        type: `response.${name}`,
        headers,
        response: { id: 'r', headers, tools: [{ parameters: { headers } }] },
      }),
    );
    const shown = framesOf(new NativeEncoder().encode(told)).map(({ json }) => json);
    expect(shown).toEqual(
      ['created', 'in_progress', 'completed'].map((name) => ({
        type: `response.${name}`,
        response: { id: 'r', tools: [{ parameters: { headers } }] },
      })),
    );
    const echoed = event({ type: 'response.created', response: { tools: [{ parameters: { headers } }] } });
    expect(new NativeEncoder().encode([echoed])).toBe(`event: response.created\ndata: ${echoed.data}\n\n`);
  });

  it('shows no limits of the account that an error event has beside it', () => {
    const headers = { 'x-codex-primary-used-percent': '100' };
    const error = { type: 'usage_limit_reached', message: 'ü', details: { headers: 'x' } };
    const [frame] = framesOf(new NativeEncoder().encode([event({ type: 'error', status: 429, error, headers })]));
    expect(frame?.json).toEqual({ type: 'error', status: 429, error });
  });

  it.each([
    ['completed', 'completed'],
    ['incomplete', 'incomplete'],
    ['failed', 'failed'],
    ['cancelled', 'failed'],
    [undefined, 'completed'],
  ])('tells the older end of an answer, with status %s, under the name that a CLI waits for', (status, name) => {
    const response = { id: 'ü', ...(status === undefined ? {} : { status }), usage: null };
    const encoder = new NativeEncoder();
    const [frame, ...more] = framesOf(encoder.encode([event({ type: 'response.done', response })]));
    expect(frame).toEqual({ name: `response.${name}`, json: { type: `response.${name}`, response } });
    expect([...more, encoder.fail(cut)]).toEqual(['']);
  });

  it.each<[string, object, object]>([
    ['the total', { input_tokens: 5, output_tokens: 2 }, { total_tokens: 7 }],
    [
      'the counters of its details',
      {
        input_tokens: 5,
        input_tokens_details: {},
        output_tokens: 2,
        output_tokens_details: { reasoning_tokens: null },
        total_tokens: 7,
      },
      { input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } },
    ],
  ])('completes a usage that lacks %s, which would cost five more answers', (_, usage, added) => {
    const completed = event({ type: 'response.completed', response: { id: 'ü', status: 'completed', usage } });
    const [frame] = framesOf(new NativeEncoder().encode([completed]));
    expect(frame?.json).toMatchObject({ response: { id: 'ü', usage: { ...usage, ...added } } });
  });

  it('ends a cut answer with response.failed, in its own name', () => {
    const encoder = new NativeEncoder();
    encoder.encode(answerEvents('truncated-no-terminal'));
    expect(framesOf(encoder.fail(cut))).toMatchObject([
      {
        name: 'response.failed',
        json: {
          sequence_number: 5,
          response: { id: 'resp_0fake0000000000000000000000000001', model: 'gpt-5.5', error: { code: 'server_error' } },
        },
      },
    ]);
    expect(encoder.fail(cut)).toBe('');
  });

  it('adds nothing to a failure that upstream told, except after an error event, which the CLI does not hear', () => {
    const told = new NativeEncoder();
    told.encode(answerEvents('failed-overloaded'));
    expect(told.fail(cut)).toBe('');
    const unheard = new NativeEncoder();
    unheard.encode(answerEvents('error-event'));
    expect(unheard.fail(cut)).toContain('response.failed');
  });

  it('has an id even before upstream gave one', () => {
    const [frame] = framesOf(new NativeEncoder({ fallbackId: 'req_1', nowSeconds: 9 }).fail(cut));
    const error = { code: 'server_is_overloaded' };
    expect(frame?.json).toMatchObject({ response: { id: 'resp_req_1', created_at: 9, error } });
  });
});
