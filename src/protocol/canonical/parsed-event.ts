import { parseWire } from '../wire/wire-text';
import { type AnswerEvent } from './answer-event';
import { type JsonObject } from './canonical-request';

/**
 * The JSON of an event, parsed once: terminal events can be large (echoed tools and instructions) and are read by the
 * tracker and the encoder alike. Shared: never change it. @returns undefined when it is not an object.
 */
export function parsedEvent(event: AnswerEvent): JsonObject | undefined {
  event.parsed ??= parsedObject(event.data);
  return asObject(event.parsed);
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
