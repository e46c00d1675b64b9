import { type JsonObject } from '../protocol/canonical/canonical-request';

/** The bytes of a body, written once. Strings that are wire text are bytes already. */
export function writtenBody(body: JsonObject, isWire: boolean): Buffer {
  return bytesOf(JSON.stringify(body), isWire);
}

/** The same for a body whose `instructions` are `literal`; whatever `body` has in their place is taken out of it. */
export function writtenAround(body: JsonObject, literal: string, isWire: boolean): Buffer {
  body['instructions'] = undefined;
  const rest = JSON.stringify(body);
  return bytesOf(rest === '{}' ? `{"instructions":${literal}}` : `{"instructions":${literal},${rest.slice(1)}`, isWire);
}

function bytesOf(json: string, isWire: boolean): Buffer {
  return Buffer.from(json, isWire ? 'latin1' : 'utf8');
}
