import { numberField, rawStringField } from '../wire/json-scan';
import { parseWire } from '../wire/wire-text';
import { type AnswerEvent } from './answer-event';
import { asObject, asString, parsedEvent } from './parsed-event';

/** What the first events of an answer say of it. */
export interface ResponseStart {
  readonly id: string | undefined;
  /** Unix seconds. */
  readonly createdSeconds: number | undefined;
}

/** Reads id and date of the response in an event. Scanned where they stand in their usual places: the event echoes instructions and tools. */
export function responseStart(event: AnswerEvent): ResponseStart {
  const id = rawStringField(event.data, '"response":{"id":');
  const createdSeconds = numberField(event.data, '"created_at":');
  if (id !== undefined && createdSeconds !== undefined) return { id: asString(parseWire(id)), createdSeconds };
  const response = asObject(parsedEvent(event)?.['response']);
  const created = response?.['created_at'];
  return {
    id: asString(response?.['id']),
    createdSeconds: typeof created === 'number' && Number.isFinite(created) ? Math.floor(created) : undefined,
  };
}
