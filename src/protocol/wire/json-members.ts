import { stringEnd } from './json-scan';

/**
 * Reading a few members of a large object without making anything of the others.
 *
 * Only the shape of what is passed over is looked at: brackets that match and strings that end. Compact JSON only, as servers
 * write it; for a blank between tokens or a text that ends early the answer is `undefined`, and the
 * caller parses the whole.
 */

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * The wanted members of the object that is the member `outer` of the object `json`, each still as JSON text; of those that
 * come twice the last, as in `JSON.parse`. A name that is spelled with an escape is not found.
 */
export function innerMembers(
  json: string,
  outer: string,
  wanted: ReadonlySet<string>,
): ReadonlyMap<string, string> | undefined {
  let found: Map<string, string> | undefined;
  const end = eachMember(json, 0, (name, from) => {
    if (name !== outer) return valueEnd(json, from);
    const texts = new Map<string, string>();
    found = texts;
    return eachMember(json, from, (inner, at) => {
      const to = valueEnd(json, at);
      if (wanted.has(inner)) texts.set(inner, json.slice(at, to));
      return to;
    });
  });
  return end === json.length ? found : undefined;
}

/**
 * @param pass told the name and the beginning of each value; gives the index after it, -1 when there is no end.
 * @returns the index after the object that begins at `at`; -1 for what is none, is empty or is not compact.
 */
function eachMember(json: string, at: number, pass: (name: string, from: number) => number): number {
  if (json.charCodeAt(at) !== openBrace) return -1;
  let position = at + 1;
  while (json.charCodeAt(position) === quote) {
    const nameEnd = json.indexOf('"', position + 1);
    if (nameEnd === -1 || json.charCodeAt(nameEnd - 1) === backslash || json.charCodeAt(nameEnd + 1) !== colon)
      return -1;
    const end = pass(json.slice(position + 1, nameEnd), nameEnd + 2);
    if (end === -1) return -1;
    const next = json.charCodeAt(end);
    if (next === closeBrace) return end + 1;
    if (next !== comma) return -1;
    position = end + 1;
  }
  return -1;
}

function valueEnd(json: string, at: number): number {
  switch (json.charCodeAt(at)) {
    case quote:
      return stringEnd(json, at);
    case openBrace:
    case openBracket:
      return nestedEnd(json, at);
    default:
      return plainEnd(json, at);
  }
}

/** Numbers, `true`, `false` and `null` end where something else begins. */
function plainEnd(json: string, at: number): number {
  let end = at;
  for (let code = json.charCodeAt(end); isPlain(code); code = json.charCodeAt(end)) end += 1;
  return end === at ? -1 : end;
}

/** Digits, letters, signs and points. */
function isPlain(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2b ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x45
  );
}

function nestedEnd(json: string, at: number): number {
  let depth = 0;
  for (let position = at; position < json.length;) {
    const code = json.charCodeAt(position);
    if (code === quote) {
      position = stringEnd(json, position);
      if (position === -1) return -1;
      continue;
    }
    position += 1;
    if (code === openBrace || code === openBracket) depth += 1;
    else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth === 0) return position;
    }
  }
  return -1;
}
