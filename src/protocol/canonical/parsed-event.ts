import { innerMembers } from '../wire/json-members';
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

/**
 * Of an event about the whole answer only what this program goes by, its strings undecoded: enough for numbers, flags and
 * words of the protocol, and spares the many kilobytes of tools, instructions and text that terminal events echo.
 */
export function skimmedEvent(event: AnswerEvent): JsonObject | undefined {
  event.skimmed ??= event.parsed ?? skimmed(event.data);
  return asObject(event.skimmed);
}

/** Members of a response that anybody asks a skimmed event for. */
const skimmedMembers: ReadonlySet<string> = new Set([
  'id',
  'created_at',
  'status',
  'model',
  'service_tier',
  'usage',
  'incomplete_details',
]);

function skimmed(wire: string): unknown {
  try {
    const texts = innerMembers(wire, 'response', skimmedMembers);
    if (texts === undefined) return JSON.parse(wire);
    const response: Record<string, unknown> = {};
    for (const [name, text] of texts) response[name] = JSON.parse(text);
    return { response };
  } catch {
    return undefined;
  }
}

/** @returns undefined when `wire` is no JSON or no object. */
export function parsedObject(wire: string): JsonObject | undefined {
  try {
    return asObject(parseWire(wire));
  } catch {
    return undefined;
  }
}

/** The text that a JSON string literal of wire text means; undefined for what is none. */
export function literalText(raw: string | undefined): string | undefined {
  if (raw === undefined) return undefined;
  try {
    return asString(parseWire(raw));
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
