import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, parsedEvent } from '../canonical/parsed-event';
import { numberField } from '../wire/json-scan';
import { stringifyWire } from '../wire/wire-text';
import { piecesOf } from './item-pieces';

const opening = 'response.output_item.added';
const sequenceNumber = '"sequence_number":';
const outputIndex = '"output_index":';

/**
 * The output items that a stream has opened. Some upstreams only finish theirs, or tell nothing of them in between: strict
 * SDKs throw at the one, and others take the answer to be empty.
 */
export class OpenedItems {
  private readonly places = new Set<number>();
  /** Items that were opened and of which nothing was told since. */
  private readonly silent = new Set<number>();

  /**
   * @param previous the event that was told before; undefined when it was an item's beginning or end.
   * @returns what is to be told before this event: the beginning and the pieces of an item that it finishes, as far as
   * upstream has left them out. Numbered like the event itself.
   */
  missingBefore(event: AnswerEvent, previous: string | undefined): readonly AnswerEvent[] {
    const place = numberField(event.data, outputIndex);
    if (place === undefined) return nothing;
    if (previous !== undefined) this.silent.clear();
    const isOpened = this.places.has(place);
    this.places.add(place);
    if (event.type === opening) {
      this.silent.add(place);
      return nothing;
    }
    const isTold = isOpened ? !this.silent.delete(place) : isAbout(previous, place);
    return isOpened && isTold ? nothing : missingOf(event, isOpened, isTold);
  }
}

const nothing: readonly AnswerEvent[] = [];

function isAbout(previous: string | undefined, place: number): boolean {
  return previous !== undefined && numberField(previous, outputIndex) === place;
}

function missingOf(event: AnswerEvent, isOpened: boolean, isTold: boolean): readonly AnswerEvent[] {
  const parsed = parsedEvent(event);
  const item = asObject(parsed?.['item']);
  if (parsed === undefined || item === undefined) return nothing;
  const number = parsed['sequence_number'];
  const numbered = number === undefined ? {} : { sequence_number: number };
  const pieces = isTold ? [] : piecesOf(item, { item_id: item['id'], output_index: parsed['output_index'] });
  const told = pieces.map((piece) => ({ type: piece.type, data: stringifyWire({ ...piece, ...numbered }) }));
  if (isOpened) return told;
  return [{ type: opening, data: stringifyWire({ ...parsed, type: opening, item: begun(item) }) }, ...told];
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
