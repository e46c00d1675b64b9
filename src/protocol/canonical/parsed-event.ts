import { parseWire } from '../wire/wire-text';
import { type AnswerEvent } from './answer-event';
import { type JsonObject } from './canonical-request';

/** Terminal events can be large (echoed tools and instructions) and are read by the tracker and the encoder alike. */
const parsed = new WeakMap<AnswerEvent, JsonObject>();

/** The JSON of an event, parsed once. Shared: never change it. @returns undefined when it is not an object. */
export function parsedEvent(event: AnswerEvent): JsonObject | undefined {
  const known = parsed.get(event);
  if (known !== undefined) return known;
  const value = parsedObject(event.data);
  if (value !== undefined) parsed.set(event, value);
  return value;
}

/** @returns undefined when `wire` is no JSON or no object. */
export function parsedObject(wire: string): JsonObject | undefined {
  try {
    return asObject(parseWire(wire));
  } catch {
    return undefined;
  }
}

/** Narrows to a JSON object; arrays are none. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** Narrows to a string. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
