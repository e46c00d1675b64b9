import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString, parsedEvent, parsedObject } from '../canonical/parsed-event';
import { numberField } from '../wire/json-scan';
import { stringifyWire } from '../wire/wire-text';

const kind = 'url_citation';

/** A text that was told whole, measured only when a later one is cited. */
interface ToldText {
  /** Of its output item. */
  readonly place: number;
  /** Of the part; undefined for all parts of the item. */
  readonly part: number | undefined;
  readonly length: () => number;
}

/**
 * The sources that an answer with web search cites, each once although upstream says it as an event and in the finished item.
 * Upstream counts places from the beginning of a part; a chat has one text, in which the parts of all messages follow each other.
 */
export class Citations {
  private readonly found: JsonObject[] = [];
  private readonly texts: ToldText[] = [];
  private inItem = false;

  /** All of the answer as a JSON array, wire text, in the form of Chat Completions; undefined when there are none. */
  get all(): string | undefined {
    return this.found.length === 0 ? undefined : stringifyWire(this.found);
  }

  /** An event that brings one. */
  added(event: AnswerEvent): void {
    const part = numberField(event.data, '"content_index":') ?? 0;
    const start = this.startOf(numberField(event.data, '"output_index":'), part);
    if (this.take(parsedEvent(event)?.['annotation'], start)) this.inItem = true;
  }

  /** The text of a part is whole. @param data of the event that says so. */
  textDone(data: string): void {
    const place = numberField(data, '"output_index":') ?? 0;
    const part = numberField(data, '"content_index":') ?? 0;
    this.texts.push({ place, part, length: once(() => lengthOf(parsedObject(data)?.['text'])) });
  }

  /** A message is over. @param content gives its parts, if anybody ever asks. */
  messageDone(place: number | undefined, content: () => unknown): void {
    if (this.texts.some((text) => text.place === place)) return;
    const length = (): number => partsOf(content()).reduce((sum, part) => sum + lengthOf(part['text']), 0);
    this.texts.push({ place: place ?? 0, part: undefined, length: once(length) });
  }

  /** Whether a finished item, as wire text, has some that no event brought. */
  missesIn(data: string): boolean {
    return !this.inItem && data.includes(`"${kind}"`);
  }

  /** The parts of the finished item. */
  item(content: unknown, place: number | undefined): void {
    if (this.inItem) return;
    let start = this.startOf(place, 0);
    for (const { annotations, text } of partsOf(content)) {
      if (Array.isArray(annotations)) for (const one of annotations as readonly unknown[]) this.take(one, start);
      start += lengthOf(text);
    }
  }

  /** The item is over; the next one starts unheard. */
  rest(): void {
    this.inItem = false;
  }

  /** Where a part begins in the text of the whole answer. */
  private startOf(place: number | undefined, part: number): number {
    const isBefore = (text: ToldText): boolean =>
      text.place < (place ?? 0) || (text.place === place && text.part !== undefined && text.part < part);
    return this.texts.filter(isBefore).reduce((sum, text) => sum + text.length(), 0);
  }

  /** @returns false for an annotation of a kind that chat has no word for. */
  private take(annotation: unknown, start: number): boolean {
    const { type, start_index, end_index, title, url } = asObject(annotation) ?? {};
    if (type !== kind) return false;
    const from = movedBy(start_index, start);
    this.found.push({ type: kind, [kind]: { start_index: from, end_index: movedBy(end_index, start), title, url } });
    return true;
  }
}

function partsOf(content: unknown): readonly JsonObject[] {
  if (!Array.isArray(content)) return [];
  return (content as readonly unknown[]).map(asObject).filter((part) => part !== undefined);
}

/** In characters as upstream counts them, which are code points. */
function lengthOf(text: unknown): number {
  return Array.from(asString(text) ?? '').length;
}

function once(measure: () => number): () => number {
  let known: number | undefined;
  return () => (known ??= measure());
}

function movedBy(index: unknown, start: number): unknown {
  return typeof index === 'number' ? index + start : index;
}
