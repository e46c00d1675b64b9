import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, parsedEvent } from '../canonical/parsed-event';
import { stringifyWire } from '../wire/wire-text';

const kind = 'url_citation';

/** The sources that an answer with web search cites, each once although upstream says it as an event and in the finished item. */
export class Citations {
  private readonly found: JsonObject[] = [];
  private inItem = false;

  /** All of the answer as a JSON array, wire text, in the form of Chat Completions; undefined when there are none. */
  get all(): string | undefined {
    return this.found.length === 0 ? undefined : stringifyWire(this.found);
  }

  /** An event that brings one. */
  added(event: AnswerEvent): void {
    if (this.take(parsedEvent(event)?.['annotation'])) this.inItem = true;
  }

  /** Whether a finished item, as wire text, has some that no event brought. */
  missesIn(data: string): boolean {
    return !this.inItem && data.includes(`"${kind}"`);
  }

  /** The parts of the finished item. */
  item(parts: unknown): void {
    if (this.inItem || !Array.isArray(parts)) return;
    for (const part of parts as readonly unknown[]) {
      const annotations = asObject(part)?.['annotations'];
      if (Array.isArray(annotations)) for (const one of annotations as readonly unknown[]) this.take(one);
    }
  }

  /** The item is over; the next one starts unheard. */
  rest(): void {
    this.inItem = false;
  }

  /** @returns false for an annotation of a kind that chat has no word for. */
  private take(annotation: unknown): boolean {
    const { type, start_index, end_index, title, url } = asObject(annotation) ?? {};
    if (type !== kind) return false;
    this.found.push({ type: kind, [kind]: { start_index, end_index, title, url } });
    return true;
  }
}
