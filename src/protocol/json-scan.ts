import { invalidRequest } from '../kernel/errors';
import { nestedTooDeep } from './json-limits';

/** Where JSON is not read but only walked: its bytes are those of any ASCII superset. */
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** `[` and `{`, `]` and `}` differ in this bit alone. */
const bracketBit = 0x20;
const opening = 0x7b;
const closing = 0x7d;

/** Bytes of a string looked at one by one before a search is started: most keys are shorter than a call is dear. */
const nearBytes = 64;

/** Values in one body, roughly: each comma outside a string adds one. The longest conversations have a tenth of it. */
const maxCommas = 500_000;

/**
 * Refuses bytes that `JSON.parse` would turn into very deep or very many values, which blocks the process for seconds and
 * costs a hundred bytes for each one sent. Strings are stepped over, so the cost is that of the structure.
 *
 * @param maxDepth levels; an array or object at the top is level 1. Bytes that are no JSON pass or not, as it happens.
 * @throws {GatewayError} 400 naming the limit.
 */
export function assertModestJson(bytes: Buffer, maxDepth: number): void {
  let depth = 0;
  let commas = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      at = stringEnd(bytes, at);
      continue;
    }
    at += 1;
    if (byte === comma) {
      commas += 1;
      if (commas > maxCommas) throw tooManyValues();
    } else if ((byte | bracketBit) === opening) {
      depth += 1;
      if (depth > maxDepth) throw nestedTooDeep(maxDepth);
    } else if ((byte | bracketBit) === closing) {
      depth -= 1;
    }
  }
}

/**
 * Whether a key of ASCII letters stands twice in the object at the top of valid JSON. Parsers take the last, or the first,
 * or refuse: what one of them decided by that key need not hold for the next.
 */
export function repeatsKey(bytes: Buffer, key: string): boolean {
  const name = `"${key}"`;
  const first = bytes.indexOf(name);
  const again = first !== -1 && bytes.indexOf(name, first + name.length) !== -1;
  return (again || escapesLetters(bytes)) && keysAtTheTop(bytes, key) > 1;
}

/** A key may be spelled in escapes: no serializer does that to letters, and every parser takes it. */
function escapesLetters(bytes: Buffer): boolean {
  for (let at = bytes.indexOf('\\u00'); at !== -1; at = bytes.indexOf('\\u00', at + 4)) {
    const digit = bytes[at + 4] ?? 0;
    if (digit >= digitFour && digit <= digitSeven) return true;
  }
  return false;
}

/** `\u0040` to `\u007f`: letters are among them. */
const digitFour = 0x34;
const digitSeven = 0x37;

function keysAtTheTop(bytes: Buffer, key: string): number {
  let depth = 0;
  let found = 0;
  let isKey = true;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      const end = stringEnd(bytes, at);
      if (depth === 1 && isKey && isString(bytes.subarray(at, end), key)) found += 1;
      isKey = false;
      at = end;
      continue;
    }
    at += 1;
    if (byte === comma) isKey = true;
    else if ((byte | bracketBit) === opening) {
      depth += 1;
      isKey = true;
    } else if ((byte | bracketBit) === closing) depth -= 1;
  }
  return found;
}

/** Not longer than the key with every character as an escape of six, and two quotes. */
function isString(token: Buffer, text: string): boolean {
  return token.length <= 6 * text.length + 2 && JSON.parse(token.toString('utf8')) === text;
}

/** Offset behind the string whose opening quote is at `open`; the length when it has no end. */
function stringEnd(bytes: Buffer, open: number): number {
  let at = open + 1;
  for (;;) {
    const near = Math.min(at + nearBytes, bytes.length);
    for (; at < near; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at + 1;
      if (byte === backslash) at += 1;
    }
    const next = at < bytes.length ? bytes.indexOf(quote, at) : -1;
    if (next === -1) return bytes.length;
    if (!isEscaped(bytes, at, next)) return next + 1;
    at = next + 1;
  }
}

/** @param from a place that no backslash before it reaches. */
function isEscaped(bytes: Buffer, from: number, at: number): boolean {
  let before = at - 1;
  while (before >= from && bytes[before] === backslash) before -= 1;
  return (at - 1 - before) % 2 === 1;
}

function tooManyValues(): Error {
  return invalidRequest(
    `The request body holds more than ${maxCommas} values. Send fewer.`,
    undefined,
    'json_too_many_values',
  );
}
