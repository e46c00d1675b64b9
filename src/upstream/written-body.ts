import { type JsonObject } from '../protocol/canonical/canonical-request';

/** The bytes of a body, written once. Strings that are wire text are bytes already. */
export function writtenBody(body: JsonObject, isWire: boolean): Buffer {
  return Buffer.from(JSON.stringify(body), isWire ? 'latin1' : 'utf8');
}
