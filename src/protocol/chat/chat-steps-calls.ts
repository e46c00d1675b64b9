import { type ChatOptions, type JsonObject } from '../canonical/canonical-request';
import { asString } from '../canonical/parsed-event';
import { type ToolCall } from './chat-sink';

/** A call that is being told. */
export interface OpenCall extends ToolCall {
  /** Some of its arguments were told; without any, the full text of the done event is. */
  hasArguments: boolean;
}

/** The tool calls of one answer, found by the place or the id of their output item: argument events carry no call id. */
export class CallBook {
  private readonly byPlace = new Map<number, OpenCall>();
  private readonly byItem = new Map<string, OpenCall>();
  private lastPlace: number | undefined;
  private lastCall: OpenCall | undefined;
  private size = 0;

  constructor(private readonly chat: Pick<ChatOptions, 'legacyFunctions' | 'toolNames' | 'customTools'>) {}

  get count(): number {
    return this.size;
  }

  /** Arguments come in runs, so the last answer is remembered. */
  find(place: number | undefined, itemId: () => string | undefined): OpenCall | undefined {
    if (place !== undefined && place === this.lastPlace) return this.lastCall;
    if (place === undefined) {
      const id = itemId();
      return id === undefined ? undefined : this.byItem.get(id);
    }
    this.lastPlace = place;
    this.lastCall = this.byPlace.get(place);
    return this.lastCall;
  }

  open(item: JsonObject, place: number | undefined): OpenCall {
    const index = this.size;
    this.size += 1;
    const id = asString(item['id']);
    const sentName = asString(item['name']) ?? '';
    const name = this.chat.toolNames.get(sentName) ?? sentName;
    const callId = asString(item['call_id']) ?? id ?? `call_${index}`;
    const call: OpenCall = { index, callId, name, kind: this.kindOf(item, name, index), hasArguments: false };
    if (place !== undefined) this.byPlace.set(place, call);
    if (id !== undefined) this.byItem.set(id, call);
    this.lastPlace = undefined;
    return call;
  }

  private kindOf(item: JsonObject, name: string, index: number): ToolCall['kind'] {
    if (this.chat.legacyFunctions) return index === 0 ? 'legacy' : 'unheard';
    return item['type'] === 'custom_tool_call' || this.chat.customTools.has(name) ? 'custom' : 'function';
  }
}
