import { type Clock } from '../../kernel/clock';
import { type TokenUsage } from '../../kernel/usage';
import { failureOfEvent } from '../codex/codex-failure';
import { quotaFrameType } from '../codex/quota-words';
import { type AnswerEvent } from './answer-event';
import { type AnswerOutcome } from './answer-outcome';
import { asString, skimmedEvent } from './parsed-event';
import { isContent, isShell, isSilentThought } from './event-types';
import { responseStart } from './response-start';
import { isTerminal, terminalOf } from './terminal-event';
import { usageOf } from './token-usage';
import { rawStringField } from '../wire/json-scan';

/**
 * Watches the events of one answer: has it begun, how did it end, what did it use. The first terminal event counts, all
 * later events are ignored. An answer that is still `open` when the body ends was cut; saying so is the caller's part.
 */
export class AnswerTracker {
  private ended: AnswerOutcome = { state: 'open' };
  private begun = false;
  private working = false;
  /** Type of the last delta while the answer is open: its repetitions need no second look. */
  private hotType = '';
  private id: string | undefined;
  private created: number | undefined;
  private tier: string | undefined;
  private model: string | undefined;
  private deltaCount = 0;
  private deltaLength = 0;
  /** Of the JSON around a delta's text, learnt from the first one. */
  private deltaFrame = 0;

  /** @param watch shown finished items and frames about the account's plan: what others than the client want to know of. */
  constructor(
    private readonly clock: Pick<Clock, 'nowMs'>,
    private readonly watch?: (event: AnswerEvent) => void,
  ) {}

  see(event: AnswerEvent): void {
    const { type } = event;
    if (type === this.hotType) {
      this.deltaCount += 1;
      this.deltaLength += event.data.length - this.deltaFrame;
      return;
    }
    if (this.ended.state !== 'open') return;
    // Before the answer has begun a frame only repeats the headers.
    if (type === 'response.output_item.done' || (type === quotaFrameType && this.id !== undefined)) this.watch?.(event);
    if (type.endsWith('.delta')) {
      this.begun = true;
      this.hotType = type;
      this.countFirst(event);
    } else if (isTerminal(type)) {
      this.hotType = '';
      this.ended = this.outcomeOf(event);
    } else if (!this.begun || this.id === undefined) {
      this.seeBeginning(event);
    }
  }

  get outcome(): AnswerOutcome {
    return this.ended;
  }

  /** Something of the answer itself has come: nothing may be retried any more. */
  get hasContent(): boolean {
    return this.begun;
  }

  /** The upstream has begun to think or to write: from here on it uses what somebody pays for. */
  get isWorking(): boolean {
    return this.working || this.begun;
  }

  get responseId(): string | undefined {
    return this.id;
  }

  /** Unix seconds. */
  get createdAt(): number | undefined {
    return this.created;
  }

  /** Tier that really served the answer; known at its end. */
  get serviceTier(): string | undefined {
    return this.tier;
  }

  /** Model that gave the answer by its own word, wire text; known at its end. */
  get answeredModel(): string | undefined {
    return this.model;
  }

  /** Undefined until the terminal event, and after it when upstream did not say. */
  get usage(): TokenUsage | undefined {
    return this.ended.state === 'open' ? undefined : this.ended.usage;
  }

  /** Deltas of text, reasoning and arguments so far. */
  get deltas(): number {
    return this.deltaCount;
  }

  /** Bytes of their texts, about: the JSON around them is taken to be as long as around the first of its kind. */
  get deltaBytes(): number {
    return Math.max(0, this.deltaLength);
  }

  private seeBeginning(event: AnswerEvent): void {
    const { type } = event;
    if (isShell(type) || isSilentThought(event)) this.working = true;
    else if (isContent(type)) this.begun = true;
    else if (this.id === undefined) {
      const start = responseStart(event);
      this.id = start.id;
      this.created = start.createdSeconds;
    }
  }

  private countFirst({ data }: AnswerEvent): void {
    const textLength = (rawStringField(data, '"delta":')?.length ?? 2) - 2;
    this.deltaCount += 1;
    this.deltaLength += textLength;
    this.deltaFrame = data.length - textLength;
  }

  private readResponse(response: Record<string, unknown> | undefined): void {
    this.id ??= asString(response?.['id']);
    const created = response?.['created_at'];
    if (typeof created === 'number') this.created ??= Math.floor(created);
  }

  private outcomeOf(event: AnswerEvent): AnswerOutcome {
    const terminal = terminalOf(event, skimmedEvent) ?? { state: 'failed', response: undefined };
    const usage = usageOf(terminal.response);
    this.readResponse(terminal.response);
    this.tier = asString(terminal.response?.['service_tier']);
    this.model = asString(terminal.response?.['model']);
    switch (terminal.state) {
      case 'completed':
        return { state: 'completed', usage, serviceTier: this.tier };
      case 'incomplete':
        return { state: 'incomplete', reason: terminal.reason, usage };
      case 'failed':
        return { state: 'failed', failure: failureOfEvent(event.data, this.clock.nowMs()), usage };
    }
  }
}
