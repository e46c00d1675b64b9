import { type AnswerEvent } from './answer-event';
import { type JsonObject } from './canonical-request';
import { asObject, asString, parsedEvent } from './parsed-event';

/** The one event that ends an answer, read. */
export type TerminalEvent =
  | { readonly state: 'completed'; readonly response: JsonObject }
  | { readonly state: 'incomplete'; readonly response: JsonObject; readonly reason: string }
  | { readonly state: 'failed'; readonly response: JsonObject | undefined };

const terminalTypes: ReadonlySet<string> = new Set([
  'response.completed',
  'response.done',
  'response.incomplete',
  'response.failed',
  'error',
]);

/** Cheap; true for every type that ends an answer. */
export function isTerminal(type: string): boolean {
  return terminalTypes.has(type);
}

/** `parsedEvent`, or `skimmedEvent` for those who look at words of the protocol only. */
type EventReader = (event: AnswerEvent) => JsonObject | undefined;

/**
 * Reads an event that ends an answer; undefined for every other.
 *
 * The response's own `status` outranks the name of the event (`response.done` of old backends carries all of them).
 * A success that cannot be read is a failure: a success is never invented.
 */
export function terminalOf(event: AnswerEvent, read: EventReader = parsedEvent): TerminalEvent | undefined {
  if (!terminalTypes.has(event.type)) return undefined;
  const response = asObject(read(event)?.['response']);
  if (response === undefined || event.type === 'error' || event.type === 'response.failed') {
    return { state: 'failed', response };
  }
  const status = asString(response['status']);
  if (status === 'failed' || status === 'cancelled') return { state: 'failed', response };
  if (event.type === 'response.incomplete' || status === 'incomplete') {
    return { state: 'incomplete', response, reason: incompleteReason(response) };
  }
  return { state: 'completed', response };
}

function incompleteReason(response: JsonObject): string {
  return asString(asObject(response['incomplete_details'])?.['reason']) ?? 'unknown';
}
