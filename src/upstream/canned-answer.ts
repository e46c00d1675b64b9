import { randomUUID } from 'node:crypto';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { stringifyWire } from '../protocol/wire/wire-text';
import { uncataloguedModel } from '../models/catalog-entry';
import { type UpstreamAnswer } from './upstream';

/** An answer that says `text` and uses nothing: LiteLLM's `mock_response`. Ends like a true one. */
export function cannedAnswer(text: string, slug: string, nowMs: number): UpstreamAnswer {
  let left: readonly AnswerEvent[] | undefined = cannedEvents(text, slug, nowMs);
  const taken = (): readonly AnswerEvent[] | undefined => {
    const events = left;
    left = undefined;
    return events;
  };
  return {
    model: uncataloguedModel(slug),
    passHeaders: {},
    droppedParams: [],
    next: () => Promise.resolve(taken()),
    each: async (take) => {
      const events = taken();
      if (events !== undefined) await take(events);
    },
    release: () => undefined,
    cancel: () => {
      left = undefined;
    },
  };
}

function cannedEvents(text: string, slug: string, nowMs: number): readonly AnswerEvent[] {
  const itemId = `msg_${randomUUID().replaceAll('-', '')}`;
  const response: JsonObject = {
    id: `resp_${randomUUID().replaceAll('-', '')}`,
    object: 'response',
    created_at: Math.floor(nowMs / 1000),
    model: slug,
    status: 'in_progress',
    output: [],
  };
  const part = { type: 'output_text', text, annotations: [] };
  const item = { id: itemId, type: 'message', role: 'assistant', status: 'completed', content: [part] };
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const usage = {
    input_tokens: 0,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 0,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 0,
  };
  const bodies: readonly JsonObject[] = [
    { type: 'response.created', response },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...place, delta: text },
    { type: 'response.output_text.done', ...place, text },
    { type: 'response.content_part.done', ...place, part },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, status: 'completed', output: [], usage } },
  ];
  return bodies.map((body, index) => ({
    type: String(body['type']),
    data: stringifyWire({ ...body, sequence_number: index }),
  }));
}
