import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, parsedEvent } from '../canonical/parsed-event';
import { numberField } from '../wire/json-scan';
import { stringifyWire } from '../wire/wire-text';

const opening = 'response.output_item.added';
const sequenceNumber = '"sequence_number":';

/** The output items that a stream has opened. Some upstreams only finish theirs, and strict SDKs throw at such a one. */
export class OpenedItems {
  private readonly places = new Set<number>();

  /** @returns what is to be told before this event: the beginning of an item that it finishes, though nobody opened it. */
  missingBefore(event: AnswerEvent): AnswerEvent | undefined {
    const place = numberField(event.data, '"output_index":');
    if (place === undefined || this.places.has(place)) return undefined;
    this.places.add(place);
    if (event.type === opening) return undefined;
    const parsed = parsedEvent(event);
    const item = asObject(parsed?.['item']);
    if (item === undefined) return undefined;
    return { type: opening, data: stringifyWire({ ...parsed, type: opening, item: begun(item) }) };
  }
}

/** The event with a `sequence_number` that is larger by `by`; the same event when it has none. */
export function movedBy(event: AnswerEvent, by: number): AnswerEvent {
  const { type, data } = event;
  const number = numberField(data, sequenceNumber);
  if (number === undefined) return event;
  const at = data.indexOf(sequenceNumber);
  const from = at + sequenceNumber.length;
  // Blanks in the JSON, as some hosts write it.
  if (at === -1 || !data.startsWith(String(number), from))
    return { type, data: stringifyWire({ ...parsedEvent(event), sequence_number: number + by }) };
  return { type, data: `${data.slice(0, from)}${number + by}${data.slice(from + String(number).length)}` };
}

/** Of a finished item what is known when it begins. */
function begun(item: JsonObject): JsonObject {
  const shell: JsonObject = { ...item };
  if ('status' in item) shell['status'] = 'in_progress';
  for (const name of ['arguments', 'input']) if (typeof item[name] === 'string') shell[name] = '';
  for (const name of ['content', 'summary']) if (Array.isArray(item[name])) shell[name] = [];
  // A picture has megabytes.
  if (typeof item['result'] === 'string') shell['result'] = null;
  return shell;
}
