import { chatOptions, event } from '../../../test/support/answer-fixtures';
import { joined } from '../../../test/support/joined-chat';
import { type AnswerEvent } from '../canonical/answer-event';
import { parseWire } from '../wire/wire-text';
import { ChatEncoder } from './chat-encoder';
import { ChatFold } from './chat-fold';
import { type ChatAnswerOptions } from './chat-sink';

type Json = Record<string, unknown>;
const options: ChatAnswerOptions = { model: 'm', requestId: 'req_1', nowSeconds: 77, chat: chatOptions({}) };

function stream(events: readonly AnswerEvent[]): string {
  const encoder = new ChatEncoder(options);
  return encoder.encode(events) + encoder.finish();
}

function fold(events: readonly AnswerEvent[]): Json {
  const gathered = new ChatFold(options);
  gathered.add(events);
  return parseWire(gathered.result()) as Json;
}

const created = event({ type: 'response.created', response: { id: 'resp_x', created_at: 5 } });
const completed = event({ type: 'response.completed', response: { id: 'resp_x', status: 'completed' } });
const say = (delta: string): AnswerEvent => event({ type: 'response.output_text.delta', output_index: 0, delta });

it('cites by places in the whole text, where the answer has more than one message', () => {
  const cite = (start_index: number): Json => ({
    type: 'url_citation',
    start_index,
    end_index: start_index + 3,
    title: 'A',
    url: 'https://a.example/',
  });
  const text = (said: string, annotations: readonly Json[] = []): Json => ({
    type: 'output_text',
    text: said,
    annotations,
  });
  const done = (place: number, content: readonly Json[]): AnswerEvent =>
    event({ type: 'response.output_item.done', output_index: place, item: { type: 'message', content } });
  const about = (type: string, part: number, more: Json): AnswerEvent =>
    event({ type: `response.output_text.${type}`, output_index: 2, content_index: part, ...more });
  const commentary = done(0, [text('I "look" 🔎.')]);
  const whole = done(2, [text('Yes, see '), text('(a) there.', [cite(0)])]);
  const told = [
    about('delta', 0, { delta: 'Yes, see ' }),
    about('done', 0, { text: 'Yes, see ' }),
    about('delta', 1, { delta: '(a) there.' }),
    about('annotation.added', 1, { annotation: cite(0) }),
    about('done', 1, { text: '(a) there.' }),
  ];
  const spoken = [say('I "look" 🔎.'), commentary];
  const silent = told.filter(({ type }) => !type.includes('annotation'));
  for (const events of [
    [commentary, whole],
    [...spoken, whole],
    [...spoken, ...told, whole],
    [...spoken, ...silent, whole],
  ]) {
    const answer = fold([created, ...events, completed]);
    const annotations = [{ url_citation: { start_index: 20, end_index: 23 } }];
    expect(answer['choices']).toMatchObject([{ message: { content: 'I "look" 🔎.Yes, see (a) there.', annotations } }]);
    expect(joined(stream([created, ...events, completed]))).toEqual(answer);
  }
});
