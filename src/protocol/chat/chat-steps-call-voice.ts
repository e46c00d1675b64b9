import { type JsonObject } from '../canonical/canonical-request';
import { asString, literalText } from '../canonical/parsed-event';
import { numberField, rawStringField } from '../wire/json-scan';
import { stringifyWire } from '../wire/wire-text';
import { type ChatSink } from './chat-sink';
import { type CallBook, type OpenCall } from './chat-steps-calls';

/**
 * The tool calls of an answer, told once although upstream says their arguments up to three times: as deltas, as a whole,
 * and in the finished item.
 */
export class CallVoice {
  private told = 0;

  /** @param beforeHead is called before the head of each call that is told. */
  constructor(
    private readonly book: CallBook,
    private readonly sink: Pick<ChatSink, 'callHead' | 'callArguments'>,
    private readonly beforeHead: () => void,
  ) {}

  /** Calls of the answer, told or not. */
  get count(): number {
    return this.book.count;
  }

  /** Characters of arguments so far. */
  get characters(): number {
    return this.told;
  }

  delta(data: string): void {
    const raw = rawStringField(data, '"delta":');
    const call = this.callOf(data);
    if (raw !== undefined && call !== undefined) this.say(call, raw);
  }

  /** The arguments as a whole; `key` as `rawStringField` takes it. */
  whole(data: string, key: string): void {
    const call = this.callOf(data);
    if (call === undefined || call.hasArguments) return;
    const raw = rawStringField(data, key);
    if (raw !== undefined) this.say(call, raw);
  }

  /** A call begins. */
  open(item: JsonObject, place: number | undefined): OpenCall {
    const call = this.book.open(item, place);
    if (call.kind === 'unheard') return call;
    this.beforeHead();
    this.sink.callHead(call);
    return call;
  }

  /** The finished item: what of the call was not told yet. */
  item(item: JsonObject, place: number | undefined): void {
    const call = this.book.find(place, () => asString(item['id'])) ?? this.open(item, place);
    if (call.hasArguments) return;
    this.say(call, stringifyWire(asString(item['arguments']) ?? asString(item['input']) ?? ''));
  }

  private callOf(data: string): OpenCall | undefined {
    return this.book.find(numberField(data, '"output_index":'), () => literalText(rawStringField(data, '"item_id":')));
  }

  private say(call: OpenCall, raw: string): void {
    if (raw.length <= 2) return;
    call.hasArguments = true;
    this.told += raw.length - 2;
    if (call.kind !== 'unheard') this.sink.callArguments(call, raw);
  }
}

/** Whether an output item is a call of one of the client's tools. */
export function isToolCall(item: JsonObject): boolean {
  return item['type'] === 'function_call' || item['type'] === 'custom_tool_call';
}
