import { type TokenUsage } from '../../kernel/usage';
import { type AnswerFold } from '../canonical/answer-encoder';
import { type AnswerEvent } from '../canonical/answer-event';
import { stringifyWire } from '../wire/wire-text';
import { type ChatAnswerOptions, type ChatEnd, type ChatHead, type ChatSink, type ToolCall } from './chat-sink';
import { ChatSteps } from './chat-steps';
import { chatUsage } from './chat-usage';

/** Gathers an answer into one `chat.completion` object; what a client joins from the stream comes out the same. */
export class ChatFold implements AnswerFold {
  private readonly parts: ChatParts;
  private readonly steps: ChatSteps;

  constructor(options: ChatAnswerOptions) {
    this.parts = new ChatParts(options.model);
    this.steps = new ChatSteps(options, this.parts);
  }

  /** A stop sequence was met. */
  get satisfied(): boolean {
    return this.steps.satisfied;
  }

  /** Usage of an answer that upstream was not let finish: a quarter of the characters told. */
  get estimatedUsage(): TokenUsage {
    return this.steps.estimatedUsage;
  }

  add(events: readonly AnswerEvent[]): void {
    for (const event of events) this.steps.take(event);
    this.steps.settle();
  }

  /** @throws {Error} when the answer did not end well: a success is never invented. */
  result(): string {
    return this.parts.completion();
  }
}

interface GatheredCall {
  readonly call: ToolCall;
  /** Inside of a JSON string literal. */
  text: string;
}

/** Joins the insides of raw JSON string literals: an escape that was split over two of them is whole again by itself. */
class ChatParts implements ChatSink {
  private head: ChatHead | undefined;
  private end: ChatEnd | undefined;
  private text: string | undefined;
  private thoughts: string | undefined;
  private refused: string | undefined;
  private cited = '';
  private readonly calls: GatheredCall[] = [];

  constructor(private readonly model: string) {}

  start(head: ChatHead): void {
    this.head = head;
    if (head.textFirst) this.text = '';
  }

  content(raw: string): void {
    this.text = (this.text ?? '') + inside(raw);
  }

  reasoning(raw: string): void {
    this.thoughts = (this.thoughts ?? '') + inside(raw);
  }

  refusal(raw: string): void {
    this.refused = (this.refused ?? '') + inside(raw);
  }

  callHead(call: ToolCall): void {
    this.calls.push({ call, text: '' });
  }

  callArguments(call: ToolCall, raw: string): void {
    const gathered = this.calls[call.index];
    if (gathered !== undefined) gathered.text += inside(raw);
  }

  annotations(list: string): void {
    this.cited = `,"annotations":${list}`;
  }

  finish(end: ChatEnd): void {
    this.end = end;
  }

  completion(): string {
    const { head, end } = this;
    if (head === undefined || end === undefined) throw new Error('the answer has no end yet');
    const { id, created } = head;
    const open = stringifyWire({ id, object: 'chat.completion', created, model: this.model }).slice(0, -1);
    const choice = `{"index":0,"message":${this.message()},"logprobs":null,"finish_reason":"${end.reason}"}`;
    const tier = end.serviceTier === undefined ? '' : `,"service_tier":${stringifyWire(end.serviceTier)}`;
    return `${open},"choices":[${choice}],"usage":${stringifyWire(chatUsage(end.usage))}${tier}}`;
  }

  private message(): string {
    const thoughts = this.thoughts === undefined ? '' : `,"reasoning_content":"${this.thoughts}"`;
    return `{"role":"assistant","content":${literal(this.text)},"refusal":${literal(this.refused)}${thoughts}${this.callParts()}${this.cited}}`;
  }

  private callParts(): string {
    const [first] = this.calls;
    if (first === undefined) return '';
    if (first.call.kind === 'legacy') {
      return `,"function_call":{"name":${stringifyWire(first.call.name)},"arguments":"${first.text}"}`;
    }
    return `,"tool_calls":[${this.calls.map(callJson).join(',')}]`;
  }
}

function callJson({ call, text }: GatheredCall): string {
  const head = `{"id":${stringifyWire(call.callId)},"type"`;
  const name = stringifyWire(call.name);
  return call.kind === 'custom'
    ? `${head}:"custom","custom":{"name":${name},"input":"${text}"}}`
    : `${head}:"function","function":{"name":${name},"arguments":"${text}"}}`;
}

function inside(raw: string): string {
  return raw.slice(1, -1);
}

function literal(text: string | undefined): string {
  return text === undefined ? 'null' : `"${text}"`;
}
