import { encodeWire } from './wire-text';

/**
 * Whether JSON may be parsed as wire text and be written as wire text again with the same meaning: no escape in it stands
 * for a character beyond ASCII, which would become a single byte that is no UTF-8. Careful rather than exact.
 */
export function survivesAsWire(wire: string): boolean {
  for (let at = wire.indexOf('\\u'); at !== -1; at = wire.indexOf('\\u', at + 2)) {
    if (!wire.startsWith('00', at + 2) || wire.charCodeAt(at + 4) > seven) return false;
  }
  return true;
}

const seven = 0x37;

/** A JSON value with all its strings as wire text; the same value when it is ASCII. */
export function valueAsWire<Value>(value: Value): Value {
  const json = JSON.stringify(value);
  const wire = encodeWire(json);
  return wire === json ? value : (JSON.parse(wire) as Value);
}

/** A JSON value whose strings are wire text, decoded. */
export function valueFromWire<Value>(value: Value): Value {
  return JSON.parse(Buffer.from(JSON.stringify(value), 'latin1').toString('utf8')) as Value;
}
