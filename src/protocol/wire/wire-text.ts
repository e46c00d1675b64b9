/**
 * Wire text: a latin1 string in which every character is one byte of UTF-8.
 *
 * Streams are spliced, not decoded: a delta's JSON string travels from the upstream frame into the client's frame as the
 * bytes it came as, which costs a third of decoding and encoding it. Everything that is compared, counted, hashed or
 * logged must be decoded first.
 */

const nonAscii = /[\u0080-\u00ff]/;

/** The text that the bytes of `wire` mean. Cheap when they are ASCII. */
export function decodeWire(wire: string): string {
  return nonAscii.test(wire) ? Buffer.from(wire, 'latin1').toString('utf8') : wire;
}

/** `text` as wire text. Cheap when it is ASCII. */
export function encodeWire(text: string): string {
  return /^[\u0000-\u007f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** JSON of `value` as wire text. */
export function stringifyWire(value: unknown): string {
  return encodeWire(JSON.stringify(value));
}

/** @throws {SyntaxError} when it is not JSON. */
export function parseWire(wire: string): unknown {
  return JSON.parse(decodeWire(wire)) as unknown;
}

/** The same text in one piece: strings put together are ropes, and each use of a rope in another walks through its parts. */
export function flatWire(wire: string): string {
  return Buffer.from(wire, 'latin1').toString('latin1');
}
