import {
  answerEvents,
  answerNames,
  chatOptions,
  decodeAll,
  answerBytes,
  event,
  wholeAnswerNames,
} from '../../../test/support/answer-fixtures';
import { chunksOf, type Delta, joined } from '../../../test/support/joined-chat';
import { type AnswerEvent } from '../canonical/answer-event';
import { type ChatOptions } from '../canonical/canonical-request';
import { encodeWire, parseWire } from '../wire/wire-text';
import { ChatEncoder } from './chat-encoder';
import { ChatFold } from './chat-fold';
import { type ChatAnswerOptions } from './chat-sink';

type Json = Record<string, unknown>;
function options(chat: Partial<ChatOptions> = {}, more: Partial<ChatAnswerOptions> = {}): ChatAnswerOptions {
  return { model: 'team "fast" ü', requestId: 'req_1', nowSeconds: 77, chat: chatOptions(chat), ...more };
}

function stream(batches: readonly (readonly AnswerEvent[])[], given = options()): string {
  const encoder = new ChatEncoder(given);
  return batches.map((batch) => encoder.encode(batch)).join('') + encoder.finish();
}

function fold(events: readonly AnswerEvent[], given = options()): Json {
  const gathered = new ChatFold(given);
  gathered.add(events);
  return parseWire(gathered.result()) as Json;
}

const created = event({ type: 'response.created', response: { id: 'resp_x', created_at: 5.5 } });
const completed = event({ type: 'response.completed', response: { id: 'resp_x', status: 'completed' } });
const say = (delta: string): AnswerEvent => event({ type: 'response.output_text.delta', output_index: 0, delta });

describe('a chat answer, streamed and folded', () => {
  it.each(wholeAnswerNames)('is the same for %s', (name) => {
    const events = answerEvents(name);
    expect(joined(stream([events]))).toEqual(fold(events));
  });

  it.each(answerNames)('does not depend on how the events of %s arrive', (name) => {
    const events = answerEvents(name);
    const expected = stream([events]);
    for (let at = 1; at < events.length; at += 1) {
      expect(stream([events.slice(0, at), events.slice(at)])).toBe(expected);
    }
    const dribbled = decodeAll(...Array.from(answerBytes(name), (byte) => Buffer.of(byte)));
    expect(stream(dribbled.map((one) => [one]))).toBe(expected);
  });

  it('cites each source once, in one piece, whether events bring it or only the finished item', () => {
    const accented = ({ type, data }: AnswerEvent): AnswerEvent => ({
      type,
      data: data.replaceAll('"Boll"', encodeWire('"Böll"')),
    });
    const events = answerEvents('web-search-citations').map(accented);
    const silent = events.filter(({ type }) => !type.includes('annotation'));
    const cite = (url: string, title: string, start_index: number, end_index: number): Json => ({
      type: 'url_citation',
      url_citation: { start_index, end_index, title, url },
    });
    const annotations = [cite('https://boll.example/', 'Böll', 4, 12), cite('https://two.example/', 'Two', 15, 23)];
    const content = 'See (a.example) (b.example)';
    for (const told of [events, silent]) {
      const message = { role: 'assistant', content, refusal: null, annotations };
      expect(fold(told)['choices']).toMatchObject([{ message }]);
      expect(joined(stream([told]))).toEqual(fold(told));
    }
  });

  it('tells a thought that came in one piece, be it a summary or the thought itself', () => {
    const thought = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'A' }] };
    const raw = { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'B' }] };
    const done = (place: number, item: Json): AnswerEvent =>
      event({ type: 'response.output_item.done', output_index: place, item });
    const told = [created, done(0, thought), done(1, raw), say('Hi'), completed];
    expect(fold(told)['choices']).toMatchObject([{ message: { content: 'Hi', reasoning_content: 'A\n\nB' } }]);
    expect(joined(stream([told]))).toEqual(fold(told));
  });

  it('cites nothing that chat has no word for', () => {
    const annotation = { type: 'file_citation', file_id: 'f', index: 0 };
    const added = event({ type: 'response.output_text.annotation.added', output_index: 0, annotation });
    const told = [created, say('Hi'), added, completed];
    expect(JSON.stringify(fold(told))).not.toContain('annotations');
    expect(joined(stream([told]))).toEqual(fold(told));
  });

  it('tells text with its role first, its end and its usage last', () => {
    const chunks = chunksOf(stream([answerEvents('text')]));
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '' },
      { content: 'Hel' },
      { content: 'lo ' },
      { content: 'there' },
      {},
      undefined,
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, null, 'stop', undefined]);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: 'chatcmpl-req_1',
        object: 'chat.completion.chunk',
        created: 1_795_206_658,
        model: 'team "fast" ü',
      });
    }
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      service_tier: 'default',
      usage: {
        prompt_tokens: 1200,
        completion_tokens: 7,
        total_tokens: 1207,
        prompt_tokens_details: { cached_tokens: 1024 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it('has no usage anywhere in a stream that did not ask for it', () => {
    const chunks = chunksOf(stream([answerEvents('text')], options({ includeUsage: false })));
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  });

  it.each(['tool-call', 'tool-call-done-only', 'parallel-tool-calls', 'text-then-tool-call'])(
    'tells the calls of %s by a running index',
    (name) => {
      const { choices } = fold(answerEvents(name)) as unknown as {
        choices: { message: Delta; finish_reason: string }[];
      };
      const cities = name === 'parallel-tool-calls' ? ['Berlin', 'Paris'] : ['Berlin'];
      expect(choices[0]?.message.tool_calls).toEqual(
        cities.map((city, at) => ({
          id: at === 0 ? 'call_AAA' : 'call_BBB',
          type: 'function',
          function: { name: 'get_weather', arguments: `{"city":"${city}"}` },
        })),
      );
      expect(choices[0]?.message.content).toBe(name === 'text-then-tool-call' ? 'Let me check.' : null);
      expect(choices[0]?.finish_reason).toBe('tool_calls');
    },
  );

  it('puts a blank line between the parts of a reasoning summary', () => {
    expect(fold(answerEvents('reasoning-text'))).toMatchObject({
      choices: [
        {
          message: { content: '42', reasoning_content: '**Planning the answer** first\n\n**Checking details** second' },
        },
      ],
    });
  });

  it('tells a refusal apart from content', () => {
    expect(fold(answerEvents('refusal'))).toMatchObject({
      choices: [{ message: { content: null, refusal: 'I cannot help with that.' }, finish_reason: 'stop' }],
    });
  });

  it('tells a custom call as one', () => {
    expect(fold(answerEvents('custom-tool-call'))).toMatchObject({
      choices: [
        {
          message: {
            tool_calls: [
              {
                id: 'call_CCC',
                type: 'custom',
                custom: { name: 'apply_patch', input: '*** Begin Patch\n*** End Patch' },
              },
            ],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
  });

  it('names why an answer is incomplete', () => {
    expect(fold(answerEvents('incomplete-max-tokens'))).toMatchObject({ choices: [{ finish_reason: 'length' }] });
    expect(fold(answerEvents('incomplete-content-filter'))).toMatchObject({
      choices: [{ finish_reason: 'content_filter' }],
    });
  });

  it('answers the legacy functions field with its first call', () => {
    const given = options({ legacyFunctions: true });
    const events = answerEvents('parallel-tool-calls');
    const whole = fold(events, given);
    expect(whole).toMatchObject({
      choices: [
        {
          message: { function_call: { name: 'get_weather', arguments: '{"city":"Berlin"}' } },
          finish_reason: 'function_call',
        },
      ],
    });
    expect(joined(stream([events], given))).toEqual(whole);
  });

  it("gives tools the client's own names back, and its custom tools their kind", () => {
    const long = 'x'.repeat(70);
    const given = options({ toolNames: new Map([['get_weather', long]]), customTools: new Set([long]) });
    const events = answerEvents('tool-call');
    expect(fold(events, given)).toMatchObject({
      choices: [{ message: { tool_calls: [{ type: 'custom', custom: { name: long, input: '{"city":"Berlin"}' } }] } }],
    });
    expect(joined(stream([events], given))).toEqual(fold(events, given));
  });
});

describe('a chat answer from upstreams that leave something out', () => {
  it('speaks from done events where no delta came, once', () => {
    const part = event({ type: 'response.output_text.done', output_index: 0, text: 'whole' });
    const item = event({
      type: 'response.output_item.done',
      output_index: 0,
      item: { type: 'message', content: [{ type: 'output_text', text: 'whole' }] },
    });
    for (const events of [[part], [item], [part, item], [say('wh'), say('ole'), part, item]]) {
      expect(fold([created, ...events, completed])).toMatchObject({ choices: [{ message: { content: 'whole' } }] });
    }
    expect(fold([created, item, item, completed])).toMatchObject({ choices: [{ message: { content: 'wholewhole' } }] });
  });

  it('speaks from the output of the last event when nothing else came', () => {
    const output = [
      { type: 'reasoning', summary: [{ text: 'a' }, { text: 'b' }] },
      { type: 'message', content: [{ type: 'output_text', text: 'ü' }] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    ];
    const events = [event({ type: 'response.completed', response: { id: 'resp_q', output } })];
    const whole = fold(events);
    expect(whole).toMatchObject({
      id: 'chatcmpl-req_1',
      created: 77,
      choices: [{ message: { content: 'ü', reasoning_content: 'a\n\nb', tool_calls: [{ id: 'c' }] } }],
    });
    expect(joined(stream([events]))).toEqual(whole);
  });

  it('finds the call of an argument event without a place by its item', () => {
    const events = [
      created,
      event({ type: 'response.output_item.added', item: { type: 'function_call', id: 'fc', call_id: 'c', name: 'f' } }),
      event({ type: 'response.function_call_arguments.delta', item_id: 'fc', delta: '{"a":' }),
      event({ type: 'response.function_call_arguments.delta', item_id: 'fc', delta: '1}' }),
      event({
        type: 'response.output_item.done',
        item: { type: 'function_call', id: 'fc', call_id: 'c', name: 'f', arguments: '{"a":1}' },
      }),
      completed,
    ];
    expect(fold(events)).toMatchObject({
      choices: [{ message: { tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{"a":1}' } }] } }],
    });
  });

  it('joins an emoji that was escaped in two halves', () => {
    const half = (delta: string): AnswerEvent => ({
      type: 'response.output_text.delta',
      data: `{"type":"response.output_text.delta","output_index":0,"delta":"${delta}"}`,
    });
    expect(fold([created, half(String.raw`\ud83d`), half(String.raw`\udc4b`), completed])).toMatchObject({
      choices: [{ message: { content: '👋' } }],
    });
  });

  it('tells an empty answer as an empty string, with an id and a date of our own', () => {
    const events = [event({ type: 'response.completed', response: {} })];
    expect(fold(events)).toMatchObject({
      id: 'chatcmpl-req_1',
      created: 77,
      choices: [{ message: { content: '' }, finish_reason: 'stop' }],
    });
    expect(joined(stream([events]))).toEqual(fold(events));
  });

  it('ignores what it does not know and what comes after the end', () => {
    const odd = event({ type: 'response.web_search_call.searching', item_id: 'ws' });
    expect(stream([[created, odd, say('a'), completed, say('late'), completed]])).toBe(
      stream([[created, say('a'), completed]]),
    );
  });
});
