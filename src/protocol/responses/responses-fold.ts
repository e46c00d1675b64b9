import { type AnswerFold } from '../canonical/answer-encoder';
import { type AnswerEvent } from '../canonical/answer-event';
import { type JsonObject } from '../canonical/canonical-request';
import { isTerminal, terminalOf } from '../canonical/terminal-event';
import { stringifyWire } from '../wire/wire-text';
import { OutputCollector } from './output-collector';
import { finalResponse, type ResponsesAnswerOptions } from './response-patch';

/** Gathers an answer into one response object: the one that the last event of a stream carries. */
export class ResponsesFold implements AnswerFold {
  /** Every event of the answer is wanted. */
  readonly satisfied = false;
  private readonly collector = new OutputCollector();
  private over = false;
  private response: JsonObject | undefined;

  constructor(private readonly options: ResponsesAnswerOptions) {}

  add(events: readonly AnswerEvent[]): void {
    for (const event of events) {
      if (this.over) return;
      if (isTerminal(event.type)) this.end(event);
      else this.collector.see(event);
    }
  }

  /** @throws {Error} when the answer did not end well: a success is never invented. */
  result(): string {
    if (this.response === undefined) throw new Error('the answer has no end yet');
    return stringifyWire(this.response);
  }

  private end(event: AnswerEvent): void {
    this.over = true;
    const terminal = terminalOf(event);
    if (terminal === undefined || terminal.state === 'failed') return;
    this.response = finalResponse(terminal.response, () => this.collector.items(), this.options);
  }
}
