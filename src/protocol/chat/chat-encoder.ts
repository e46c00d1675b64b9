import { type GatewayError } from '../../kernel/errors';
import { type TokenUsage } from '../../kernel/usage';
import { type AnswerEncoder } from '../canonical/answer-encoder';
import { type AnswerEvent } from '../canonical/answer-event';
import { streamErrorBody } from '../openai/error-body';
import { dataFrame, doneFrame } from '../wire/sse-frames';
import { ChatChunks } from './chat-chunks';
import { type ChatAnswerOptions } from './chat-sink';
import { ChatSteps } from './chat-steps';

/** Tells an answer as a Chat Completions stream. Failed and `error` events say nothing: tell them with `fail`. */
export class ChatEncoder implements AnswerEncoder {
  private readonly chunks: ChatChunks;
  private readonly steps: ChatSteps;

  constructor(options: ChatAnswerOptions) {
    this.chunks = new ChatChunks(options);
    this.steps = new ChatSteps(options, this.chunks);
  }

  /** A stop sequence was met. */
  get satisfied(): boolean {
    return this.steps.satisfied;
  }

  /** Usage of an answer that upstream was not let finish: a quarter of the characters told. */
  get estimatedUsage(): TokenUsage {
    return this.steps.estimatedUsage;
  }

  encode(events: readonly AnswerEvent[]): string {
    for (const event of events) this.steps.take(event);
    this.steps.settle();
    return this.chunks.drain();
  }

  /** `data: [DONE]`, which says that the answer is whole; nothing while it is not. */
  finish(): string {
    return this.steps.finished ? doneFrame : '';
  }

  fail(error: GatewayError): string {
    return dataFrame(streamErrorBody(error));
  }
}
