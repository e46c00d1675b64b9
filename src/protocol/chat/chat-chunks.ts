import { flatWire, stringifyWire } from '../wire/wire-text';
import { type ChatAnswerOptions, type ChatEnd, type ChatHead, type ChatSink, type ToolCall } from './chat-sink';
import { chatUsage } from './chat-usage';

const afterPlain = flatWire(',"logprobs":null,"finish_reason":null}]}\n\n');
const afterWithUsage = flatWire(',"logprobs":null,"finish_reason":null}],"usage":null}\n\n');
const contentAfterPlain = flatWire(`}${afterPlain}`);
const contentAfterWithUsage = flatWire(`}${afterWithUsage}`);

/** Writes what the steps say as `chat.completion.chunk` frames: each piece between two ends that are constant for a stream. */
export class ChatChunks implements ChatSink {
  private out = '';
  /** From `data: ` to the colon before the choices; constant once the answer has started. */
  private envelope = '';
  private before = '';
  private contentBefore = '';
  private readonly after: string;
  private readonly contentAfter: string;
  private readonly noUsage: string;

  constructor(private readonly options: Pick<ChatAnswerOptions, 'model' | 'chat' | 'costNanos'>) {
    // With `include_usage` every chunk has the field, and all but the last have null in it.
    this.noUsage = options.chat.includeUsage ? ',"usage":null' : '';
    this.after = options.chat.includeUsage ? afterWithUsage : afterPlain;
    this.contentAfter = options.chat.includeUsage ? contentAfterWithUsage : contentAfterPlain;
  }

  /** The frames written since the last call. */
  drain(): string {
    const frames = this.out;
    this.out = '';
    return frames;
  }

  start({ id, created, textFirst }: ChatHead): void {
    this.envelope = `data: {"id":${nameLiteral(id)},"object":"chat.completion.chunk","created":${created},"model":${nameLiteral(this.options.model)},"choices":`;
    this.before = `${this.envelope}[{"index":0,"delta":`;
    // Joining makes one piece of it.
    this.contentBefore = [this.before, '{"content":'].join('');
    this.say(`{"role":"assistant","content":${textFirst ? '""' : 'null'}}`);
  }

  content(raw: string): void {
    // Three steps make a string that leans to one side, which is written out fastest.
    this.out += this.contentBefore;
    this.out += raw;
    this.out += this.contentAfter;
  }

  reasoning(raw: string): void {
    this.say(`{"reasoning_content":${raw}}`);
  }

  refusal(raw: string): void {
    this.say(`{"refusal":${raw}}`);
  }

  callHead(call: ToolCall): void {
    const name = stringifyWire(call.name);
    if (call.kind === 'legacy') {
      this.say(`{"function_call":{"name":${name},"arguments":""}}`);
      return;
    }
    const named =
      call.kind === 'custom'
        ? `"type":"custom","custom":{"name":${name},"input":""}`
        : `"type":"function","function":{"name":${name},"arguments":""}`;
    this.say(`{"tool_calls":[{"index":${call.index},"id":${stringifyWire(call.callId)},${named}}]}`);
  }

  callArguments(call: ToolCall, raw: string): void {
    if (call.kind === 'legacy') this.say(`{"function_call":{"arguments":${raw}}}`);
    else if (call.kind === 'custom') this.say(`{"tool_calls":[{"index":${call.index},"custom":{"input":${raw}}}]}`);
    else this.say(`{"tool_calls":[{"index":${call.index},"function":{"arguments":${raw}}}]}`);
  }

  annotations(list: string): void {
    this.say(`{"annotations":${list}}`);
  }

  finish({ reason, usage, serviceTier }: ChatEnd): void {
    const tier = serviceTier === undefined ? '' : `,"service_tier":${stringifyWire(serviceTier)}`;
    this.out += `${this.before}{},"logprobs":null,"finish_reason":"${reason}"}]${tier}${this.noUsage}}\n\n`;
    if (this.options.chat.includeUsage) {
      this.out += `${this.envelope}[]${tier},"usage":${stringifyWire(chatUsage(usage, this.options.costNanos?.()))}}\n\n`;
    }
  }

  private say(delta: string): void {
    this.out += this.before + delta + this.after;
  }
}

const plain = /^[\w.:/ -]*$/;

/** JSON string literal of a name; most are plain words. */
function nameLiteral(name: string): string {
  return plain.test(name) ? `"${name}"` : stringifyWire(name);
}
