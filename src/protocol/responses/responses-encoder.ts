import { type GatewayError } from '../../kernel/errors';
import { type AnswerEncoder } from '../canonical/answer-encoder';
import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { isOwnerOnly } from '../canonical/event-types';
import { asObject, asString, parsedEvent } from '../canonical/parsed-event';
import { isTerminal, terminalOf } from '../canonical/terminal-event';
import { numberField } from '../wire/json-scan';
import { eventFrame } from '../wire/sse-frames';
import { stringifyWire } from '../wire/wire-text';
import { createdEvent, failedEvent } from './failed-event';
import { movedBy, OpenedItems } from './opened-items';
import { OutputCollector } from './output-collector';
import { eventWith, finalResponse, renamed, type ResponsesAnswerOptions, shownResponse } from './response-patch';

/**
 * Tells an answer as a Responses stream: events as they came, but for the few that carry the response object (see
 * `shownResponse`) or a shortened tool name. An item that upstream only finishes is told in whole first, and later events are
 * numbered anew. Failed and `error` events say nothing: tell them with `fail`.
 */
export class ResponsesEncoder implements AnswerEncoder {
  /** Every event of the answer is wanted. */
  readonly satisfied = false;
  private readonly collector = new OutputCollector();
  private readonly opened = new OpenedItems();
  /** One look per delta: `moved` when events were put in, and the numbers of later ones are no longer upstream's. */
  private state: 'straight' | 'moved' | 'over' = 'straight';
  private inserted = 0;
  private lastData = '';
  /** Of the last beginning or end of an item. */
  private lastItem = '';
  private responseId: string | undefined;
  private createdAt: number | undefined;

  constructor(private readonly options: ResponsesAnswerOptions) {}

  encode(events: readonly AnswerEvent[]): string {
    let frames = '';
    for (const event of events) frames += this.frameOf(event);
    return frames;
  }

  /** Nothing: the terminal event is the end of a Responses stream. */
  finish(): string {
    return '';
  }

  fail(error: GatewayError): string {
    const answer = {
      responseId: this.responseId ?? `resp_${this.options.fallbackId}`,
      createdAt: this.createdAt ?? this.options.nowSeconds,
      model: this.options.model,
      sequenceNumber: (numberField(this.lastData, '"sequence_number":') ?? -1) + 1,
      isBegun: this.lastData !== '',
      isCodexCli: this.options.isCodexCli ?? false,
    };
    if (answer.isBegun || answer.isCodexCli) return failedEvent(error, answer);
    return createdEvent(answer) + failedEvent(error, { ...answer, sequenceNumber: answer.sequenceNumber + 1 });
  }

  private frameOf(event: AnswerEvent): string {
    if (this.state === 'straight') return this.tell(event);
    return this.state === 'over' ? '' : this.tell(movedBy(event, this.inserted));
  }

  private tell(event: AnswerEvent): string {
    const { type, data } = event;
    if (type.endsWith('.delta')) {
      this.lastData = data;
      this.collector.see(event);
      return eventFrame(type, data);
    }
    if (isOwnerOnly(type)) return '';
    if (isTerminal(type)) return this.lastFrame(event);
    this.collector.see(event);
    if (type.startsWith('response.output_item.')) return this.itemFrames(event);
    this.lastData = data;
    return eventFrame(type, this.shownData(event));
  }

  /** The item's event, after those that upstream has left out before it. */
  private itemFrames(event: AnswerEvent): string {
    const missing = this.opened.missingBefore(event, this.lastData === this.lastItem ? undefined : this.lastData);
    const next = missing.length === 0 ? event : movedBy(event, missing.length);
    this.lastData = this.lastItem = next.data;
    const frame = eventFrame(next.type, this.shownItem(next));
    if (missing.length === 0) return frame;
    this.state = 'moved';
    this.inserted += missing.length;
    return missing.map((each, at) => eventFrame(each.type, this.shownPiece(movedBy(each, at)))).join('') + frame;
  }

  private shownPiece(event: AnswerEvent): string {
    return event.type.startsWith('response.output_item.') ? this.shownItem(event) : this.shownData(event);
  }

  private lastFrame(event: AnswerEvent): string {
    this.state = 'over';
    const terminal = terminalOf(event);
    if (terminal === undefined || terminal.state === 'failed') return '';
    const response = finalResponse(terminal.response, () => this.collector.items(), this.options);
    // Clients know no `response.done`.
    const type = terminal.state === 'incomplete' ? 'response.incomplete' : 'response.completed';
    return eventFrame(type, stringifyWire(eventWith({ ...parsedEvent(event), type }, response)));
  }

  private shownData(event: AnswerEvent): string {
    if (event.type === 'response.function_call_arguments.done') return this.shownCall(event);
    if (!startTypes.has(event.type)) return event.data;
    const parsed = parsedEvent(event);
    const response = asObject(parsed?.['response']);
    if (response === undefined) return event.data;
    this.remember(response);
    return stringifyWire(eventWith(parsed, shownResponse(response, this.options)));
  }

  private shownItem(event: AnswerEvent): string {
    const names = this.options.toolNames;
    if (names === undefined || names.size === 0) return event.data;
    const parsed = parsedEvent(event);
    const item = asObject(parsed?.['item']);
    if (item === undefined || !names.has(asString(item['name']) ?? '')) return event.data;
    return stringifyWire({ ...parsed, item: renamed(item, names) });
  }

  /** Newer hosts repeat the name of the tool beside its arguments. */
  private shownCall(event: AnswerEvent): string {
    const names = this.options.toolNames;
    if (names === undefined || names.size === 0) return event.data;
    const parsed = parsedEvent(event);
    if (parsed === undefined || !names.has(asString(parsed['name']) ?? '')) return event.data;
    return stringifyWire(renamed(parsed, names));
  }

  private remember(response: JsonObject): void {
    this.responseId ??= asString(response['id']);
    const created = response['created_at'];
    if (typeof created === 'number') this.createdAt ??= created;
  }
}

/** Events before the content that carry the response object. */
const startTypes: ReadonlySet<string> = new Set(['response.created', 'response.in_progress', 'response.queued']);
