import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString, parsedObject } from '../canonical/parsed-event';
import { numberField, rawStringField } from '../wire/json-scan';
import { parseWire } from '../wire/wire-text';

/**
 * The `output` array of an answer, gathered while it streams: the Codex backend leaves it empty in its last event.
 * Finished items count; of a message that never finished, the text that came. Nothing is parsed before it is asked for.
 */
export class OutputCollector {
  private readonly finished = new Map<number, string>();
  /** Place of the message that is being told, its id and the inside of its JSON string literal. */
  private place = 0;
  private itemId = '';
  private text = '';

  see({ type, data }: AnswerEvent): void {
    if (type === 'response.output_text.delta') {
      this.textDelta(data);
    } else if (type === 'response.output_item.done') {
      const place = numberField(data, '"output_index":') ?? this.finished.size;
      this.finished.set(place, data);
      this.text = '';
    }
  }

  /** The items in their order. */
  items(): JsonObject[] {
    const items = new Map<number, JsonObject>();
    for (const [place, data] of this.finished) {
      const item = asObject(parsedObject(data)?.['item']);
      if (item !== undefined) items.set(place, item);
    }
    if (this.text !== '') items.set(this.place, this.unfinishedMessage());
    return [...items].sort(([one], [other]) => one - other).map(([, item]) => item);
  }

  private textDelta(data: string): void {
    const raw = rawStringField(data, '"delta":');
    if (raw === undefined || raw.length <= 2) return;
    if (this.text === '') {
      this.place = numberField(data, '"output_index":') ?? this.finished.size;
      this.itemId = textOf(rawStringField(data, '"item_id":') ?? '""') ?? '';
    }
    this.text += raw.slice(1, -1);
  }

  private unfinishedMessage(): JsonObject {
    return {
      id: this.itemId === '' ? `msg_${this.place}` : this.itemId,
      type: 'message',
      status: 'incomplete',
      role: 'assistant',
      content: [{ type: 'output_text', annotations: [], text: textOf(`"${this.text}"`) ?? '' }],
    };
  }
}

/** The text that a JSON string literal means; undefined for what is none. */
function textOf(raw: string): string | undefined {
  try {
    return asString(parseWire(raw));
  } catch {
    return undefined;
  }
}
