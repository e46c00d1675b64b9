import { answerBytes, answerEvents, answerNames, decodeAll, framesOf } from '../../../test/support/answer-fixtures';
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
    expect(frame?.json).toMatchObject({ response: { id: 'resp_req_1', created_at: 9 } });
  });
});
