import type OpenAI from 'openai';
import { answerEvents, answerNames, event, framesOf, wholeAnswerNames } from '../../../test/support/answer-fixtures';
import { GatewayError } from '../../kernel/errors';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { type AnswerEvent } from '../canonical/answer-event';
import { isOwnerOnly } from '../canonical/event-types';
import { parseWire } from '../wire/wire-text';
import { type ResponsesAnswerOptions } from './response-patch';
import { ResponsesEncoder } from './responses-encoder';
import { ResponsesFold } from './responses-fold';

type Json = Record<string, unknown>;

function options(change: Partial<ResponsesAnswerOptions> = {}): ResponsesAnswerOptions {
  return { model: 'team-fast', fallbackId: 'req_1', nowSeconds: 77, ...change };
}

function stream(events: readonly AnswerEvent[], given = options()): { name: string | undefined; json: Json }[] {
  const encoder = new ResponsesEncoder(given);
  return framesOf(encoder.encode(events) + encoder.finish()) as { name: string | undefined; json: Json }[];
}

function fold(events: readonly AnswerEvent[], given = options()): Json {
  const gathered = new ResponsesFold(given);
  gathered.add(events);
  return parseWire(gathered.result()) as Json;
}

describe('a Responses answer, streamed and folded', () => {
  it.each(wholeAnswerNames)('is the same for %s', (name) => {
    const events = answerEvents(name);
    const last = stream(events).at(-1);
    expect(last?.json['response']).toEqual(fold(events));
    expect(last?.name).toBe(events.at(-1)?.type);
  });

  it.each(answerNames)('does not depend on how the events of %s arrive', (name) => {
    const events = answerEvents(name);
    const whole = new ResponsesEncoder(options()).encode(events);
    const single = new ResponsesEncoder(options());
    expect(events.map((one) => single.encode([one])).join('')).toBe(whole);
  });

  /** The only recording in which an item is finished that never began. */
  const doneOnly = 'tool-call-done-only';
  const wellFormed = wholeAnswerNames.filter((name) => name !== doneOnly);
  it.each(wellFormed)('forwards the events of %s as they came, but for the response object', (name) => {
    const events = answerEvents(name).filter(({ type }) => !isOwnerOnly(type));
    const frames = stream(answerEvents(name));
    expect(frames.map(({ name: type }) => type)).toEqual(events.map(({ type }) => type));
    for (const [at, { json }] of frames.entries()) {
      const sent = parseWire(events[at]?.data ?? '') as Json;
      if ('response' in sent) expect(json['response']).toMatchObject({ model: 'team-fast' });
      else expect(json).toEqual(sent);
      expect(json['sequence_number']).toBe(sent['sequence_number']);
    }
  });

  it('opens an item that upstream only finished, and counts on from there', () => {
    const frames = stream(answerEvents(doneOnly));
    expect(frames.map(({ name }) => name)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(frames.map(({ json }) => json['sequence_number'])).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const item = { id: 'fc_1', type: 'function_call', call_id: 'call_AAA', name: 'get_weather' };
    expect(frames[2]?.json).toEqual({
      type: 'response.output_item.added',
      sequence_number: 2,
      output_index: 0,
      item: { ...item, status: 'in_progress', arguments: '' },
    });
    const place = { item_id: 'fc_1', output_index: 0 };
    expect(frames[3]?.json).toMatchObject({ ...place, delta: '{"city":"Berlin"}' });
    expect(frames[4]?.json).toMatchObject({ ...place, name: 'get_weather', arguments: '{"city":"Berlin"}' });
    expect(frames[5]?.json['item']).toEqual({ ...item, status: 'completed', arguments: '{"city":"Berlin"}' });
  });

  it('counts on after each item that it opened, deltas as well', () => {
    const done = (place: number, number: number, item: Json): AnswerEvent =>
      event({ type: 'response.output_item.done', sequence_number: number, output_index: place, item });
    const content = [{ type: 'output_text', text: 'ü', annotations: [] }];
    const message = { type: 'message', id: 'm', status: 'completed', role: 'assistant', content };
    const encoder = new ResponsesEncoder(options());
    const wire = encoder.encode([
      done(0, 0, { type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 'Hm.' }] }),
      done(1, 1, message),
      event({ type: 'response.output_item.added', sequence_number: 2, output_index: 2, item: message }),
      event({ type: 'response.output_text.delta', sequence_number: 3, output_index: 2, delta: '"sequence_number":7' }),
      done(2, 4, message),
      event({ type: 'response.new_thing', about: 'nothing that is counted' }),
    ]);
    const frames = framesOf(wire) as { json: Json }[];
    const numbers = frames.map(({ json }) => json['sequence_number']);
    expect(numbers).toEqual([...numbers.slice(0, -1).map((_, at) => at), undefined]);
    const items = frames.filter(({ json }) => 'item' in json).map(({ json }) => json['item']);
    expect(items[0]).toEqual({ type: 'reasoning', id: 'rs', summary: [] });
    expect(items[2]).toEqual({ ...message, status: 'in_progress', content: [] });
    expect(items[3]).toEqual(message);
    expect(frames.at(-3)?.json['delta']).toBe('"sequence_number":7');
  });

  it('fills the empty output of the last event with the finished items, in their order', () => {
    const output = fold(answerEvents('text-then-tool-call'))['output'] as Json[];
    expect(output.map(({ type }) => type)).toEqual(['message', 'function_call']);
    expect(output[1]).toMatchObject({ call_id: 'call_AAA', arguments: '{"city":"Berlin"}' });
    const reversed = [1, 0].map((place) =>
      event({ type: 'response.output_item.done', output_index: place, item: { type: 'message', id: `m${place}` } }),
    );
    const end = event({ type: 'response.completed', response: { id: 'r', output: [] } });
    expect(fold([...reversed, end])['output']).toEqual([
      { type: 'message', id: 'm0' },
      { type: 'message', id: 'm1' },
    ]);
  });

  it('keeps an output that upstream sent itself', () => {
    const end = event({ type: 'response.completed', response: { id: 'r', output: [{ type: 'message', id: 'own' }] } });
    expect(fold([...answerEvents('text').slice(0, -1), end])['output']).toEqual([{ type: 'message', id: 'own' }]);
  });

  it('tells the text of a message that never finished', () => {
    const pieces = ['Grü', 'ße 👋'].map((delta) =>
      event({ type: 'response.output_text.delta', item_id: 'msg_7', output_index: 2, delta }),
    );
    const end = event({ type: 'response.incomplete', response: { id: 'r', incomplete_details: { reason: 'x' } } });
    expect(fold([...pieces, end])['output']).toEqual([
      {
        id: 'msg_7',
        type: 'message',
        status: 'incomplete',
        role: 'assistant',
        content: [{ type: 'output_text', annotations: [], text: 'Grüße 👋' }],
      },
    ]);
  });

  it('completes the usage for strict clients and leaves a missing one out', () => {
    const end = (usage: unknown): AnswerEvent => event({ type: 'response.completed', response: { id: 'r', usage } });
    expect(fold([end({ input_tokens: 5, output_tokens: 2, output_tokens_details: {} })])['usage']).toEqual({
      input_tokens: 5,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 2,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 7,
    });
    expect(fold([end(null)])['usage']).toBeNull();
  });

  it('hides upstream headers and the name of the upstream model', () => {
    const response = { id: 'r', model: 'gpt-5.5', headers: { 'openai-model': 'other' } };
    const frames = stream([
      event({ type: 'response.created', response, headers: response.headers }),
      event({ type: 'response.completed', response, headers: response.headers }),
    ]);
    for (const { json } of frames) {
      expect(json).not.toHaveProperty('headers');
      expect(json['response']).toMatchObject({ id: 'r', model: 'team-fast' });
      expect(json['response']).not.toHaveProperty('headers');
    }
  });

  it('turns response.done into the name that clients know', () => {
    const [frame] = stream([event({ type: 'response.done', response: { id: 'r', status: 'completed' } })]);
    expect(frame).toMatchObject({ name: 'response.completed', json: { type: 'response.completed' } });
  });

  it("restores the client's own tool names everywhere", () => {
    const long = 'x'.repeat(70);
    const given = options({ toolNames: new Map([['get_weather', long]]) });
    const frames = stream(answerEvents('tool-call'), given);
    const named = JSON.stringify(frames);
    expect(named).toContain(long);
    expect(named).not.toContain('get_weather');
    expect(JSON.stringify(stream(answerEvents(doneOnly), given))).not.toContain('get_weather');
    expect(frames.at(-1)?.json['response']).toEqual(fold(answerEvents('tool-call'), given));
    const done = event({ type: 'response.function_call_arguments.done', name: 'get_weather', arguments: '{}' });
    expect(stream([done], given)[0]?.json).toEqual({ type: done.type, name: long, arguments: '{}' });
  });

  it('counts on behind an item that was opened here, however the host spaces its JSON', () => {
    const spaced = answerEvents(doneOnly).map(({ type, data }) => ({ type, data: data.replaceAll('":', '": ') }));
    const numbers = stream(spaced).map(({ json }) => json['sequence_number']);
    expect(numbers).toEqual(numbers.map((_, place) => place));
    expect(numbers.length).toBe(spaced.length + 3);
  });
});

describe('a Responses answer that fails', () => {
  const cut = new UpstreamFailure({ kind: 'cut', message: 'cut' }).toGatewayError();

  it.each(answerNames.filter((name) => !wholeAnswerNames.includes(name)))(
    'is no success when upstream sends %s',
    (name) => {
      const types = stream(answerEvents(name)).map(({ name: type }) => type);
      for (const type of ['response.completed', 'response.failed', 'error']) expect(types).not.toContain(type);
      expect(() => fold(answerEvents(name))).toThrow('no end');
    },
  );

  it('ends with response.failed under the id and the next number of the stream', () => {
    const encoder = new ResponsesEncoder(options());
    encoder.encode(answerEvents('truncated-no-terminal'));
    const [frame, ...more] = framesOf(encoder.fail(cut));
    expect(more).toEqual([]);
    expect(frame).toMatchObject({
      name: 'response.failed',
      json: {
        type: 'response.failed',
        sequence_number: 5,
        response: {
          id: 'resp_0fake0000000000000000000000000001',
          created_at: 1_795_206_658,
          status: 'failed',
          model: 'team-fast',
          error: { code: 'stream_cut', message: 'cut' },
        },
      },
    });
  });

  it('tells a Codex CLI of an accident in the middle so that it asks again', () => {
    const encoder = new ResponsesEncoder(options({ isCodexCli: true }));
    encoder.encode(answerEvents('truncated-no-terminal'));
    expect(framesOf(encoder.fail(cut))[0]?.json).toMatchObject({ response: { error: { code: 'server_error' } } });
  });

  it('ends with the next number of a stream that was repaired', () => {
    const encoder = new ResponsesEncoder(options());
    encoder.encode(answerEvents('tool-call-done-only').slice(0, -1));
    expect(framesOf(encoder.fail(cut))[0]?.json).toMatchObject({ sequence_number: 6 });
  });

  it('has an id of its own before upstream gave one, and a beginning, which only a CLI can do without', () => {
    const response = { id: 'resp_req_1', created_at: 77, model: 'team-fast' };
    expect(framesOf(new ResponsesEncoder(options()).fail(cut))).toMatchObject([
      { name: 'response.created', json: { sequence_number: 0, response: { ...response, status: 'in_progress' } } },
      { name: 'response.failed', json: { sequence_number: 1, response: { ...response, status: 'failed' } } },
    ]);
    expect(framesOf(new ResponsesEncoder(options({ isCodexCli: true })).fail(cut))).toMatchObject([
      { name: 'response.failed', json: { sequence_number: 0, response } },
    ]);
  });

  it('has every member that SDKs are promised of a response, although nobody answered', () => {
    type Promised = Omit<OpenAI.Responses.Response, 'output_text' | 'id' | 'created_at' | 'model' | 'error'>;
    const promised: Promised = {
      object: 'response',
      incomplete_details: null,
      instructions: null,
      metadata: {},
      output: [],
      parallel_tool_calls: true,
      temperature: null,
      tool_choice: 'auto',
      tools: [],
      top_p: null,
    };
    for (const { json } of framesOf(new ResponsesEncoder(options()).fail(cut))) {
      expect(json).toMatchObject({ response: promised });
    }
  });

  it.each([
    [
      'a spent budget',
      { status: 429, type: 'budget_exceeded', code: 'budget_exceeded', author: 'key' },
      'invalid_prompt',
      'W',
    ],
    [
      'a short limit',
      { status: 429, type: 't', code: 'rate_limit_exceeded', author: 'key', retryAfterMs: 1500 },
      'rate_limit_exceeded',
      'W Please try again in 2s.',
    ],
    [
      'a long limit',
      { status: 429, type: 't', code: 'rate_limit_exceeded', author: 'key', retryAfterMs: 3_600_000 },
      'invalid_prompt',
      'W',
    ],
    [
      'a used-up plan',
      { status: 429, type: 't', code: 'usage_limit_reached', author: 'plan_window' },
      'invalid_prompt',
      'W',
    ],
    ['no capacity', { status: 503, type: 't', code: 'upstream_blocked', author: 'edge' }, 'server_is_overloaded', 'W'],
    ['a failure of our own', { status: 500, type: 't', code: 'hook_failed', author: 'gateway' }, 'invalid_prompt', 'W'],
    [
      'an upstream that is down',
      { status: 502, type: 't', code: 'upstream_unreachable', author: 'upstream' },
      'server_is_overloaded',
      'W',
    ],
    ['a policy', { status: 400, type: 't', code: 'cyber_policy', author: 'upstream' }, 'invalid_prompt', 'W'],
    [
      'a long input',
      { status: 400, type: 't', code: 'context_length_exceeded', author: 'upstream' },
      'context_length_exceeded',
      'W',
    ],
  ] as const)('tells a Codex CLI of %s so that it asks again only when that helps', (_name, given, code, message) => {
    const error = new GatewayError({ ...given, message: 'W' });
    const [frame] = framesOf(new ResponsesEncoder(options({ isCodexCli: true })).fail(error));
    expect(frame?.json).toMatchObject({ response: { error: { code, message } } });
    const [, plain] = framesOf(new ResponsesEncoder(options()).fail(error));
    expect(plain?.json).toMatchObject({ response: { error: { code: given.code, message: 'W' } } });
  });
});
