import {
  answerEvents,
  answerNames,
  chatOptions,
  event,
  framesOf,
  wholeAnswerNames,
} from '../../../test/support/answer-fixtures';
import { joined } from '../../../test/support/joined-chat';
import { GatewayError } from '../../kernel/errors';
import { type AnswerEvent } from '../canonical/answer-event';
import { type ChatOptions } from '../canonical/canonical-request';
import { parseWire } from '../wire/wire-text';
import { ChatEncoder } from './chat-encoder';
import { ChatFold } from './chat-fold';
import { type ChatAnswerOptions } from './chat-sink';

type Json = Record<string, unknown>;
function options(chat: Partial<ChatOptions> = {}, more: Partial<ChatAnswerOptions> = {}): ChatAnswerOptions {
  return { model: 'team "fast" ü', requestId: 'req_1', nowSeconds: 77, chat: chatOptions(chat), ...more };
}

function fold(events: readonly AnswerEvent[], given = options()): Json {
  const gathered = new ChatFold(given);
  gathered.add(events);
  return parseWire(gathered.result()) as Json;
}

const created = event({ type: 'response.created', response: { id: 'resp_x', created_at: 5.5 } });
const completed = event({ type: 'response.completed', response: { id: 'resp_x', status: 'completed' } });
const say = (delta: string): AnswerEvent => event({ type: 'response.output_text.delta', output_index: 0, delta });

describe('stop sequences', () => {
  const given = options({ stop: ['STOP', '\n\n'] }, { estimatedInputTokens: 40 });

  it('cut the text wherever the deltas split them, and satisfy the encoder', () => {
    const events = [created, say('one S'), say('T'), say('OP two'), say(' three')];
    const encoder = new ChatEncoder(given);
    const frames = encoder.encode(events) + encoder.finish();
    expect(encoder.satisfied).toBe(true);
    const whole = joined(frames);
    expect(whole).toMatchObject({
      choices: [{ message: { content: 'one ' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 40, completion_tokens: 3, total_tokens: 43 },
    });
    expect(fold(events, given)).toEqual(whole);
    expect(encoder.estimatedUsage).toMatchObject({ inputTokens: 40, outputTokens: 3 });
  });

  it('tell the usage of an upstream that ended in the same chunk, as the books do', () => {
    const response = { id: 'resp_x', usage: { input_tokens: 7, output_tokens: 9, total_tokens: 16 } };
    const usage = { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 };
    for (const type of ['response.completed', 'response.incomplete']) {
      const events = [created, say('one STOP two'), event({ type, response })];
      const encoder = new ChatEncoder(given);
      const whole = joined(encoder.encode(events) + encoder.finish());
      expect(whole).toMatchObject({ choices: [{ message: { content: 'one ' }, finish_reason: 'stop' }], usage });
      expect(fold(events, given)).toEqual(whole);
    }
    const content = [{ type: 'output_text', text: 'one STOP two' }];
    const output = [{ type: 'message', id: 'm', content }];
    const silent = [created, event({ type: 'response.completed', response: { ...response, output } })];
    expect(fold(silent, given)).toMatchObject({ choices: [{ message: { content: 'one ' } }], usage });
  });

  it('leave an answer without them as it is, to its last character', () => {
    const events = [created, say('grüß 👋 S'), say('TO'), completed];
    const encoder = new ChatEncoder(given);
    expect(joined(encoder.encode(events) + encoder.finish())).toMatchObject({
      choices: [{ message: { content: 'grüß 👋 STO' }, finish_reason: 'stop' }],
    });
    expect(encoder.satisfied).toBe(false);
  });
});

describe('a chat answer that fails', () => {
  const error = new GatewayError({
    status: 502,
    type: 'bad_gateway',
    code: 'stream_cut',
    message: 'cut ü',
    author: 'upstream',
  });

  it('is told in the stream with its machine code and never marked as done', () => {
    const encoder = new ChatEncoder(options());
    encoder.encode([created, say('a')]);
    expect(encoder.finish()).toBe('');
    expect(framesOf(encoder.fail(error))).toEqual([
      {
        name: undefined,
        json: {
          error: {
            message: 'cut ü',
            type: 'bad_gateway',
            param: null,
            code: 'stream_cut',
            gateway: { author: 'upstream', limit: null, remaining: null, reset_at: null },
          },
        },
      },
    ]);
  });

  it.each(answerNames.filter((name) => !wholeAnswerNames.includes(name)))(
    'is no success when upstream sends %s',
    (name) => {
      const encoder = new ChatEncoder(options());
      const frames = encoder.encode(answerEvents(name)) + encoder.finish();
      expect(frames).not.toContain('[DONE]');
      expect(frames).not.toContain('"finish_reason":"');
      expect(() => fold(answerEvents(name))).toThrow('no end');
    },
  );
});
