import { type GatewayError } from '../../kernel/errors';
import { type AnswerEncoder } from '../canonical/answer-encoder';
import { type AnswerEvent } from '../canonical/answer-event';
import { isOwnerOnly } from '../canonical/event-types';
import { asString, parsedObject, asObject } from '../canonical/parsed-event';
import { isTerminal } from '../canonical/terminal-event';
import { failedEvent } from '../responses/failed-event';
import { numberField } from '../wire/json-scan';
import { eventFrame } from '../wire/sse-frames';

/** Stand-ins for an answer that broke before upstream named it. */
export interface NativeAnswerOptions {
  readonly fallbackId: string;
  /** Unix seconds. */
  readonly nowSeconds: number;
}

/** Tells an answer to a Codex CLI as it came, byte for byte of its JSON; only the owner's limits and metadata are left out. */
export class NativeEncoder implements AnswerEncoder {
  /** Every event of the answer is wanted. */
  readonly satisfied = false;
  private ended = false;
  private createdData: string | undefined;
  private lastData = '';

  constructor(private readonly options: NativeAnswerOptions = { fallbackId: 'gateway', nowSeconds: 0 }) {}

  encode(events: readonly AnswerEvent[]): string {
    let frames = '';
    for (const { type, data } of events) {
      if (isOwnerOnly(type) || this.ended) continue;
      if (type === 'response.created') this.createdData = data;
      // An `error` event is no end to a CLI: it reads on, and learns the failure from `fail`.
      else if (isTerminal(type) && type !== 'error') this.ended = true;
      this.lastData = data;
      frames += eventFrame(type, data);
    }
    return frames;
  }

  /** Nothing: the terminal event is the end of a Responses stream. */
  finish(): string {
    return '';
  }

  /** Nothing when upstream's own terminal event already went out. */
  fail(error: GatewayError): string {
    if (this.ended) return '';
    this.ended = true;
    const response = asObject(parsedObject(this.createdData ?? '')?.['response']);
    const created = response?.['created_at'];
    return failedEvent(error, {
      responseId: asString(response?.['id']) ?? `resp_${this.options.fallbackId}`,
      createdAt: typeof created === 'number' ? created : this.options.nowSeconds,
      model: asString(response?.['model']),
      sequenceNumber: (numberField(this.lastData, '"sequence_number":') ?? -1) + 1,
      isCodexCli: true,
    });
  }
}
