import { parseWire, stringifyWire } from './wire-text';

/**
 * Reading single fields of an event without parsing it.
 *
 * A key is given as it is spelled on the wire, quotes and colon included (`'"delta":'`). That spelling cannot occur inside
 * a JSON string, where its quotes would be escaped, so the first hit is a real key. Which depth it has is not looked at:
 * ask only for keys that no nested object of that event type can carry before the wanted one.
 */

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;

/**
 * The JSON string literal that follows `key`, quotes included, escapes untouched.
 * @returns undefined when the field is absent or no string. Unusual spacing costs a parse.
 */
export function rawStringField(json: string, key: string): string | undefined {
  const at = json.indexOf(key);
  const start = at + key.length;
  if (at === -1 || json.charCodeAt(start) !== quote) return slowString(json, key);
  const end = stringEnd(json, start);
  return end === -1 ? undefined : json.slice(start, end);
}

/**
 * `rawStringField` for one field of many alike events: where it stood last time is looked at first, which saves the search.
 */
export class StringFieldReader {
  private readonly opening: string;
  private at = 0;

  constructor(private readonly key: string) {
    this.opening = `${key}"`;
  }

  /** As `rawStringField`. */
  read(json: string): string | undefined {
    if (!json.startsWith(this.opening, this.at)) {
      const found = json.indexOf(this.opening);
      if (found === -1) return rawStringField(json, this.key);
      this.at = found;
    }
    const start = this.at + this.key.length;
    const end = stringEnd(json, start);
    return end === -1 ? undefined : json.slice(start, end);
  }
}

/** The integer that follows `key`; undefined when the field is absent or something else. */
export function numberField(json: string, key: string): number | undefined {
  const at = json.indexOf(key);
  if (at === -1) return slowNumber(json, key);
  let position = at + key.length;
  const negative = json.charCodeAt(position) === minus;
  if (negative) position += 1;
  const first = position;
  let value = 0;
  for (let digit = digitAt(json, position); digit !== -1; digit = digitAt(json, position)) {
    value = value * 10 + digit;
    position += 1;
  }
  const next = json[position];
  if (position === first || (next !== ',' && next !== '}')) return slowNumber(json, key);
  return negative ? -value : value;
}

/** Index just after the closing quote of the literal that opens at `start`; -1 when it never closes. */
export function stringEnd(json: string, start: number): number {
  for (let close = json.indexOf('"', start + 1); close !== -1; close = json.indexOf('"', close + 1)) {
    let before = close - 1;
    while (json.charCodeAt(before) === backslash) before -= 1;
    if ((close - before) % 2 === 1) return close + 1;
  }
  return -1;
}

function digitAt(json: string, position: number): number {
  const code = json.charCodeAt(position) - 0x30;
  return code >= 0 && code <= 9 ? code : -1;
}

function slowString(json: string, key: string): string | undefined {
  const value = slowField(json, key);
  return typeof value === 'string' ? stringifyWire(value) : undefined;
}

function slowNumber(json: string, key: string): number | undefined {
  const value = slowField(json, key);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** Only top-level fields: a scan that met odd spacing falls back to here. */
function slowField(json: string, key: string): unknown {
  const quotedName = key.slice(0, key.lastIndexOf(':'));
  if (!json.includes(quotedName)) return undefined;
  try {
    const parsed = parseWire(json);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    return (parsed as Record<string, unknown>)[quotedName.slice(1, -1)];
  } catch {
    return undefined;
  }
}
