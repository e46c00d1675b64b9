import { asObject, asString } from '../canonical/parsed-event';
import { rawStringField, StringFieldReader } from '../wire/json-scan';
import { stringifyWire } from '../wire/wire-text';

/**
 * One kind of text of an answer (content, refusal, reasoning), told once although upstream says it up to three times: as
 * deltas, as the whole part, and in the finished item. Each repeats the one before and speaks only where that kept silent.
 */
export class Voice {
  private readonly deltaField = new StringFieldReader('"delta":');
  private inPart = false;
  private inItem = false;

  /** @param say takes a JSON string literal that is not empty. */
  constructor(private readonly say: (raw: string) => void) {}

  /** Something of the current item was said. */
  get told(): boolean {
    return this.inItem;
  }

  delta(data: string): void {
    const raw = this.deltaField.read(data);
    if (raw === undefined || raw.length <= 2) return;
    this.inPart = true;
    this.inItem = true;
    this.say(raw);
  }

  /** The whole part; `key` as `rawStringField` takes it. */
  part(data: string, key: string): void {
    const told = this.inPart;
    this.inPart = false;
    if (told) return;
    const raw = rawStringField(data, key);
    if (raw === undefined || raw.length <= 2) return;
    this.inItem = true;
    this.say(raw);
  }

  /** The parts of the finished item, each followed by `afterEach`. */
  item(parts: unknown, field: string, afterEach?: () => void): void {
    if (this.inItem || !Array.isArray(parts)) return;
    for (const part of parts as readonly unknown[]) {
      const text = asString(asObject(part)?.[field]) ?? '';
      if (text === '') continue;
      this.say(stringifyWire(text));
      afterEach?.();
    }
  }

  /** The item is over; the next one starts unheard. */
  rest(): void {
    this.inPart = false;
    this.inItem = false;
  }
}
