import { type TokenUsage } from '../../kernel/usage';
import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString, literalText, parsedEvent, skimmedEvent } from '../canonical/parsed-event';
import { responseStart } from '../canonical/response-start';
import { isTerminal, terminalOf } from '../canonical/terminal-event';
import { usageOf } from '../canonical/token-usage';
import { numberField } from '../wire/json-scan';
import { stringifyWire } from '../wire/wire-text';
import { type ChatAnswerOptions, type ChatEnd, chatIdOf, type ChatSink, type FinishReason } from './chat-sink';
import { CallVoice, isToolCall } from './chat-steps-call-voice';
import { Citations } from './chat-steps-citations';
import { CallBook } from './chat-steps-calls';
import { Voice } from './chat-steps-voice';
import { estimatedUsage } from './chat-usage';
import { StopFilter } from './stop-filter';

/** What each event means to a chat client; types that are not here mean nothing to it. */
const meanings = [
  ['response.created', 'begin'],
  ['response.output_item.added', 'itemAdded'],
  ['response.output_item.done', 'itemDone'],
  ['response.output_text.done', 'textDone'],
  ['response.output_text.annotation.added', 'citation'],
  ['response.refusal.delta', 'refusalDelta'],
  ['response.refusal.done', 'refusalDone'],
  ['response.reasoning_summary_part.added', 'paragraph'],
  ['response.reasoning_summary_text.delta', 'reasoningDelta'],
  ['response.reasoning_summary_text.done', 'reasoningDone'],
  ['response.reasoning_text.delta', 'reasoningDelta'],
  ['response.reasoning_text.done', 'reasoningDone'],
  ['response.custom_tool_call_input.delta', 'argumentsDelta'],
  ['response.function_call_arguments.done', 'argumentsDone'],
  ['response.custom_tool_call_input.done', 'argumentsDone'],
  ['response.completed', 'terminal'],
  ['response.done', 'terminal'],
  ['response.incomplete', 'terminal'],
  ['response.failed', 'terminal'],
  ['error', 'terminal'],
] as const;
type Step = (typeof meanings)[number][1];
const steps: ReadonlyMap<string, Step> = new Map<string, Step>(meanings);

/**
 * Chat Completions told from Responses events: one answer, event by event, into a sink.
 * The first terminal event ends it; a failure ends it silently, because telling failures is the caller's part.
 */
export class ChatSteps {
  private readonly calls: CallVoice;
  private readonly stop: StopFilter | undefined;
  private readonly text: Voice;
  private readonly refused: Voice;
  private readonly thought: Voice;
  private readonly citations = new Citations();
  private thoughtBefore = false;
  private paragraphDue = false;
  private characters = 0;
  private started = false;
  private over = false;
  private whole = false;
  private createdSeconds: number | undefined;

  constructor(
    private readonly options: ChatAnswerOptions,
    private readonly sink: ChatSink,
  ) {
    this.calls = new CallVoice(new CallBook(options.chat), sink, () => {
      if (!this.started) this.start(false);
    });
    this.stop = options.chat.stop.length === 0 ? undefined : new StopFilter(options.chat.stop);
    this.text = new Voice((raw) => {
      this.sayText(raw);
    });
    this.refused = new Voice((raw) => {
      this.sayRefusal(raw);
    });
    this.thought = new Voice((raw) => {
      this.sayReasoning(raw);
    });
  }

  /** The answer is whole, or cut where the client wanted it cut; false for one that failed. */
  get finished(): boolean {
    return this.whole;
  }

  /** A stop sequence was met. */
  get satisfied(): boolean {
    return this.stop?.met ?? false;
  }

  /** From the length of what was told: what a cut answer reports and is charged for. */
  get estimatedUsage(): TokenUsage {
    return estimatedUsage(this.options.estimatedInputTokens ?? 0, this.characters + this.calls.characters);
  }

  /** Tells what the event adds to the answer. */
  take(event: AnswerEvent): void {
    if (this.over) {
      // What upstream says at its end in the same chunk is what the books will say.
      if (this.satisfied && !this.whole && isTerminal(event.type)) this.terminal(event);
      return;
    }
    // The two that make up nearly all of an answer come before the table.
    if (event.type === 'response.output_text.delta') {
      this.text.delta(event.data);
    } else if (event.type === 'response.function_call_arguments.delta') {
      this.calls.delta(event.data);
    } else {
      const step = steps.get(event.type);
      if (step !== undefined) this[step](event);
    }
  }

  /** After each chunk: ends an answer that a stop sequence cut before upstream told its usage. */
  settle(): void {
    if (!this.satisfied || this.whole) return;
    this.finish({ reason: this.finishReason(), usage: this.estimatedUsage, serviceTier: undefined });
  }

  /** Dates the answer. */
  private begin(event: AnswerEvent): void {
    this.createdSeconds ??= responseStart(event).createdSeconds;
  }

  private textDone({ data }: AnswerEvent): void {
    this.text.part(data, '"text":');
    this.citations.textDone(data);
  }

  private citation(event: AnswerEvent): void {
    this.citations.added(event);
  }

  private refusalDelta({ data }: AnswerEvent): void {
    this.refused.delta(data);
  }

  private refusalDone({ data }: AnswerEvent): void {
    this.refused.part(data, '"refusal":');
  }

  private reasoningDelta({ data }: AnswerEvent): void {
    this.thought.delta(data);
  }

  private reasoningDone({ data }: AnswerEvent): void {
    this.thought.part(data, '"text":');
    this.paragraph();
  }

  /** Parts of a reasoning summary are paragraphs: the next one, if any, begins after a blank line. */
  private paragraph(): void {
    this.paragraphDue = this.thoughtBefore;
  }

  private argumentsDelta({ data }: AnswerEvent): void {
    this.calls.delta(data);
  }

  private argumentsDone({ type, data }: AnswerEvent): void {
    this.calls.whole(data, type.includes('custom') ? '"input":' : '"arguments":');
  }

  private itemAdded(event: AnswerEvent): void {
    const { data } = event;
    if (!data.includes('"function_call"') && !data.includes('"custom_tool_call"')) return;
    const item = asObject(parsedEvent(event)?.['item']);
    if (item !== undefined && isToolCall(item)) this.calls.open(item, numberField(data, '"output_index":'));
  }

  private itemDone(event: AnswerEvent): void {
    const place = numberField(event.data, '"output_index":');
    if (this.isTold(event.data)) {
      this.citations.messageDone(place, () => asObject(parsedEvent(event)?.['item'])?.['content']);
      this.itemOver();
      return;
    }
    const item = asObject(parsedEvent(event)?.['item']);
    if (item !== undefined) this.tellItem(item, place);
  }

  private terminal(event: AnswerEvent): void {
    const end = terminalOf(event, skimmedEvent);
    if (end === undefined || end.state === 'failed') {
      this.over = true;
      return;
    }
    this.begin(event);
    this.tellSilentOutput(event);
    const rest = this.stop?.flush() ?? '';
    if (rest !== '') this.sayContent(stringifyWire(rest));
    this.finish({
      reason: end.state === 'incomplete' && !this.satisfied ? incompleteReason(end.reason) : this.finishReason(),
      usage: usageOf(end.response) ?? this.estimatedUsage,
      serviceTier: asString(end.response['service_tier']),
    });
  }

  private start(textFirst: boolean): void {
    this.started = true;
    const id = chatIdOf(this.options.requestId);
    this.sink.start({ id, created: this.createdSeconds ?? this.options.nowSeconds, textFirst });
  }

  private finish(end: ChatEnd): void {
    if (!this.started) this.start(true);
    this.over = true;
    this.whole = true;
    // In one piece: SDKs cannot join two lists.
    const citations = this.citations.all;
    if (citations !== undefined) this.sink.annotations(citations);
    this.sink.finish(end);
  }

  private finishReason(): FinishReason {
    if (this.calls.count === 0) return 'stop';
    return this.options.chat.legacyFunctions ? 'function_call' : 'tool_calls';
  }

  /** The authoritative item: whatever of it was not told in pieces is told now. */
  private tellItem(item: JsonObject, place: number | undefined): void {
    if (isToolCall(item)) {
      this.calls.item(item, place);
    } else if (item['type'] === 'message') {
      this.text.item(item['content'], 'text');
      this.refused.item(item['content'], 'refusal');
      this.citations.item(item['content'], place);
      this.citations.messageDone(place, () => item['content']);
    } else if (item['type'] === 'reasoning') {
      // Some hosts have no summary and show the thought itself.
      for (const parts of [item['summary'], item['content']]) {
        this.thought.item(parts, 'text', () => {
          this.paragraph();
        });
      }
      this.paragraph();
    }
    this.itemOver();
  }

  /** A finished message whose text was told in pieces says nothing new: no need to parse it, however long it is. */
  private isTold(data: string): boolean {
    if (!this.text.told || !data.includes('"type":"message"') || data.includes('"refusal"')) return false;
    return !this.citations.missesIn(data);
  }

  private itemOver(): void {
    this.text.rest();
    this.refused.rest();
    this.thought.rest();
    this.citations.rest();
  }

  /** Some upstreams answer short questions with nothing but the terminal event. */
  private tellSilentOutput(event: AnswerEvent): void {
    if (this.characters > 0 || this.calls.count > 0) return;
    const output = asObject(parsedEvent(event)?.['response'])?.['output'];
    if (!Array.isArray(output)) return;
    for (const [place, entry] of (output as readonly unknown[]).entries()) {
      const item = asObject(entry);
      if (item !== undefined && !this.over) this.tellItem(item, place);
    }
  }

  private sayRefusal(raw: string): void {
    this.characters += raw.length - 2;
    if (!this.started) this.start(false);
    this.sink.refusal(raw);
  }

  private sayReasoning(raw: string): void {
    this.characters += raw.length - 2;
    this.thoughtBefore = true;
    if (!this.started) this.start(false);
    this.sink.reasoning(this.paragraphDue ? `"\\n\\n${raw.slice(1)}` : raw);
    this.paragraphDue = false;
  }

  private sayText(raw: string): void {
    this.characters += raw.length - 2;
    if (this.stop === undefined) {
      this.sayContent(raw);
      return;
    }
    const shown = this.stop.push(literalText(raw) ?? '');
    if (shown !== '') this.sayContent(stringifyWire(shown));
    if (this.stop.met) this.over = true;
  }

  private sayContent(raw: string): void {
    if (!this.started) this.start(true);
    this.sink.content(raw);
  }
}

function incompleteReason(reason: string): FinishReason {
  return reason === 'content_filter' ? 'content_filter' : 'length';
}
