import { type GatewayError } from '../../kernel/errors';
import { type AnswerEncoder } from '../canonical/answer-encoder';
import { type AnswerEvent } from '../canonical/answer-event';
import { isOwnerOnly } from '../canonical/event-types';
import { type JsonObject } from '../canonical/canonical-request';
import { asString, parsedEvent, parsedObject, asObject, skimmedEvent } from '../canonical/parsed-event';
import { isTerminal, terminalOf } from '../canonical/terminal-event';
import { failedEvent } from '../responses/failed-event';
import { eventWith, isWholeUsage, wholeUsage } from '../responses/response-patch';
import { numberField } from '../wire/json-scan';
import { eventFrame } from '../wire/sse-frames';
import { stringifyWire } from '../wire/wire-text';

/** Stand-ins for an answer that broke before upstream named it. */
export interface NativeAnswerOptions {
  readonly fallbackId: string;
  /** Unix seconds. */
  readonly nowSeconds: number;
}

/**
 * Tells an answer to a Codex CLI as it came, byte for byte of its JSON; only the owner's limits and metadata are left out, and
 * what the CLI would misread (see `shownData`).
 */
export class NativeEncoder implements AnswerEncoder {
  /** Every event of the answer is wanted. */
  readonly satisfied = false;
  private ended = false;
  private createdData: string | undefined;
  private lastData = '';

  constructor(private readonly options: NativeAnswerOptions = { fallbackId: 'gateway', nowSeconds: 0 }) {}

  encode(events: readonly AnswerEvent[]): string {
    let frames = '';
    for (const each of events) {
      const event = each.type === oldEnd ? underNewName(each) : each;
      const { type, data } = event;
      if (isOwnerOnly(type) || this.ended) continue;
      if (type === 'response.created') this.createdData = data;
      // An `error` event is no end to a CLI: it reads on, and learns the failure from `fail`.
      else if (isTerminal(type) && type !== 'error') this.ended = true;
      this.lastData = data;
      frames += eventFrame(type, aboutTheWhole.has(type) ? shownData(event) : data);
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
      isBegun: this.lastData !== '',
      isCodexCli: true,
    });
  }
}

/** How old backends end every answer. A CLI does not know it, takes the stream to be cut, and asks for the whole answer again. */
const oldEnd = 'response.done';

function underNewName(event: AnswerEvent): AnswerEvent {
  const type = `response.${terminalOf(event)?.state ?? 'failed'}`;
  return { type, data: stringifyWire({ ...parsedEvent(event), type }) };
}

/** Events that carry the response object, or instead of it what went wrong. */
const aboutTheWhole: ReadonlySet<string> = new Set([
  'response.created',
  'response.in_progress',
  'response.queued',
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);

/**
 * The event as it came, but for two things that no CLI may be shown: headers of the upstream, from whose name of the model
 * it concludes under an alias of ours that its account was rerouted, and a usage that it cannot read.
 */
function shownData(event: AnswerEvent): string {
  const usage = tornUsage(event);
  if (usage === undefined && !event.data.includes('"headers"')) return event.data;
  const parsed = parsedEvent(event);
  const response = asObject(parsed?.['response']);
  if (response === undefined) return withoutHeaders(parsed, event.data);
  if (usage === undefined && parsed?.['headers'] === undefined && response['headers'] === undefined) return event.data;
  const shown: JsonObject = usage === undefined ? { ...response } : { ...response, usage: wholeUsage(usage) };
  delete shown['headers'];
  return stringifyWire(eventWith(parsed, shown));
}

/** An event without a response, such as `error`, whose headers tell the limits of the account. @param data as it came. */
function withoutHeaders(parsed: JsonObject | undefined, data: string): string {
  if (parsed?.['headers'] === undefined) return data;
  const shown: JsonObject = { ...parsed };
  delete shown['headers'];
  return stringifyWire(shown);
}

/** The usage of an answer at its end, when a CLI cannot read it. */
function tornUsage(event: AnswerEvent): JsonObject | undefined {
  if (!isTerminal(event.type)) return undefined;
  const usage = asObject(asObject(skimmedEvent(event)?.['response'])?.['usage']);
  return usage === undefined || isWholeUsage(usage) ? undefined : usage;
}
