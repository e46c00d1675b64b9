import { event, framesOf } from '../../../test/support/answer-fixtures';
import { type AnswerEvent } from '../canonical/answer-event';
import { ResponsesEncoder } from './responses-encoder';

type Json = Record<string, unknown>;

function stream(events: readonly AnswerEvent[]): { name: string | undefined; json: Json }[] {
  const encoder = new ResponsesEncoder({ model: 'team-fast', fallbackId: 'req_1', nowSeconds: 77 });
  return framesOf(encoder.encode(events)) as { name: string | undefined; json: Json }[];
}

describe('items that an upstream only finishes', () => {
  const annotations = [{ type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 2 }];
  const finished: readonly [string, Json, readonly (readonly [type: string, said: Json])[]][] = [
    [
      'a message',
      { type: 'message', content: [{ type: 'output_text', text: 'ü"', annotations, logprobs: [] }] },
      [
        [
          'content_part.added',
          { content_index: 0, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } },
        ],
        ['output_text.delta', { content_index: 0, delta: 'ü"', logprobs: [] }],
        ['output_text.annotation.added', { content_index: 0, annotation_index: 0, annotation: annotations[0] }],
        ['output_text.done', { content_index: 0, text: 'ü"', logprobs: [] }],
        ['content_part.done', { part: { type: 'output_text', text: 'ü"', annotations, logprobs: [] } }],
      ],
    ],
    [
      'a message without lists',
      { type: 'message', content: [{ type: 'output_text', text: 'x' }] },
      [
        [
          'content_part.added',
          { content_index: 0, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } },
        ],
        ['output_text.delta', { content_index: 0, delta: 'x', logprobs: [] }],
        ['output_text.done', { content_index: 0, text: 'x', logprobs: [] }],
        ['content_part.done', { part: { type: 'output_text', text: 'x', annotations: [], logprobs: [] } }],
      ],
    ],
    [
      'a refusal',
      { type: 'message', content: [{ type: 'refusal', refusal: 'no' }] },
      [
        ['content_part.added', { part: { type: 'refusal', refusal: '' } }],
        ['refusal.delta', { delta: 'no' }],
        ['refusal.done', { refusal: 'no' }],
        ['content_part.done', { part: { type: 'refusal', refusal: 'no' } }],
      ],
    ],
    [
      'a thought',
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] },
      [
        ['reasoning_summary_part.added', { summary_index: 0, part: { type: 'summary_text', text: '' } }],
        ['reasoning_summary_text.delta', { summary_index: 0, delta: 'Hm.' }],
        ['reasoning_summary_text.done', { summary_index: 0, text: 'Hm.' }],
        ['reasoning_summary_part.done', { part: { type: 'summary_text', text: 'Hm.' } }],
      ],
    ],
    [
      'a freeform call',
      { type: 'custom_tool_call', input: 'ls' },
      [
        ['custom_tool_call_input.delta', { delta: 'ls' }],
        ['custom_tool_call_input.done', { input: 'ls' }],
      ],
    ],
    ['a silent thought', { type: 'reasoning', summary: [] }, []],
  ];

  it.each(finished)(
    'tells the pieces of %s that upstream told nothing of before its end, opened or not',
    (_, given, pieces) => {
      const item = { id: 'i', ...given };
      const of = (type: string, number: number): AnswerEvent =>
        event({ type: `response.output_item.${type}`, sequence_number: number, output_index: 3, item });
      const last = event({ type: 'response.completed', sequence_number: 9, response: { id: 'r' } });
      const opened = stream([of('added', 7), of('done', 8), last]);
      const unopened = stream([of('done', 8), last]);
      for (const frames of [opened, unopened]) {
        const told = frames.slice(1, -2);
        expect(told.map(({ name }) => name)).toEqual(pieces.map(([type]) => `response.${type}`));
        for (const [at, [, said]] of pieces.entries()) {
          expect(told[at]?.json).toMatchObject({ type: told[at]?.name, item_id: 'i', output_index: 3, ...said });
        }
        const first = Number(frames[0]?.json['sequence_number']);
        expect(frames.map(({ json }) => json['sequence_number'])).toEqual(frames.map((__, at) => first + at));
      }
    },
  );

  it('tells no piece of an item twice', () => {
    const item = { type: 'message', id: 'm', content: [{ type: 'output_text', text: 'one' }] };
    const of = (type: string, place: number): AnswerEvent =>
      event({ type: `response.output_item.${type}`, output_index: place, item });
    const delta = event({ type: 'response.output_text.delta', output_index: 1, delta: 'one' });
    const types = stream([of('added', 0), of('added', 1), delta, of('done', 1), of('done', 0)]).map(({ name }) => name);
    expect(types).toEqual([
      'response.output_item.added',
      'response.output_item.added',
      'response.output_text.delta',
      'response.output_item.done',
      'response.output_item.done',
    ]);
    const unopened = stream([delta, of('done', 1)]).map(({ name }) => name);
    expect(unopened).toEqual(['response.output_text.delta', 'response.output_item.added', 'response.output_item.done']);
    const both = [of('added', 0), of('added', 1), of('done', 0), of('done', 1)];
    expect(stream(both).filter(({ name }) => name === 'response.output_text.delta')).toHaveLength(2);
  });
});
