import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { type Span } from '../kernel/tracing';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { asString, parsedObject } from '../protocol/canonical/parsed-event';
import { valueFromWire } from '../protocol/wire/wire-json';
import { GatewayLogger } from '../telemetry/logger';
import { type Call } from './call';
import { type EventHook } from './event-hooks';

/** Characters of a question or an answer that are kept. */
const longestText = 65_536;

/** What one call asked and was told, for a key that wants it logged. */
export class CallContent {
  private answer = '';
  private isCut: boolean;

  constructor(
    private readonly call: Call,
    private readonly question: string,
    private readonly into: { readonly logger: GatewayLogger; readonly span: Span | undefined },
  ) {
    this.isCut = question.length > longestText;
  }

  /** Listens to what the client is told: text, and calls of tools. */
  heardBy(hook: EventHook | undefined): EventHook {
    return (events) => {
      const told = hook === undefined ? events : hook(events);
      for (const event of told) this.hear(event);
      return told;
    };
  }

  /** Writes the line, once, when the call is over. */
  close(): void {
    const { context } = this.call;
    const question = this.question.slice(0, longestText);
    const { answer, isCut: cut } = this;
    const keyHash = context.principal?.keyHash.slice(0, 16);
    this.into.logger.event('info', 'content', { requestId: context.requestId, keyHash, question, answer, cut });
    this.into.span?.tell({ question, answer });
  }

  private hear({ type, data }: AnswerEvent): void {
    if (type === 'response.output_text.delta') this.add(asString(parsedObject(data)?.['delta']) ?? '');
    if (type === 'response.function_call_arguments.done') this.add(JSON.stringify(parsedObject(data)?.['arguments']));
  }

  private add(text: string): void {
    const room = longestText - this.answer.length;
    this.isCut ||= text.length > room;
    this.answer += text.slice(0, room);
  }
}

/**
 * Prompts and answers in the log: never, but for keys whose owner asked for it, until a moment that the key names, and only
 * while `turn_off_message_logging` does not forbid it.
 */
@Injectable()
export class ContentLog {
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'observability'>,
    private readonly logger: GatewayLogger,
    private readonly clock: Clock,
  ) {}

  /** Undefined for all calls but those of such a key. To be asked before the question is let go. */
  contentOf(call: Call): CallContent | undefined {
    const untilMs = call.context.principal?.policy.contentLoggingUntilMs;
    if (untilMs === undefined || !this.settings.observability.mayLogContent) return undefined;
    if (this.clock.nowMs() >= untilMs) return undefined;
    const { captureContent } = this.settings.observability.traces;
    const span = captureContent ? call.context.span : undefined;
    return new CallContent(call, questionOf(call), { logger: this.logger, span });
  }
}

function questionOf(call: Call): string {
  if (call.dialect === 'native') return call.native.body.toString('utf8');
  const { canonical } = call.client;
  const { instructions, input } = call.isWire ? valueFromWire(canonical) : canonical;
  return JSON.stringify({ instructions, input });
}
