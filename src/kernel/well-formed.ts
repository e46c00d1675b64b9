/** Half of a character beyond U+FFFF: no UTF-8 stands for it, and what reads JSON strictly refuses its escape. */
const half = /\p{Surrogate}/u;
const halves = new RegExp(half, 'gu');
/** The escape of a half: `JSON.stringify` writes whole characters as they are. What precedes it are whole escapes. */
const escapedHalves = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** Whether every character of a text is whole. */
export function isWellFormed(text: string): boolean {
  return !half.test(text);
}

/** The same text, halves of characters replaced by U+FFFD, as UTF-8 would have them. */
export function wellFormed(text: string): string {
  return isWellFormed(text) ? text : text.replace(halves, '\ufffd');
}

/**
 * The same text as a header may hold it: percent-encoded where it is more than visible ASCII. Half of a character cannot be
 * encoded, and a name must not lose an answer.
 */
export function headerSafe(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(wellFormed(text));
}

/** A value as JSON that strict readers take too (`cjson` of Redis refuses half a character, and with it the whole command). */
export function strictJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.includes('\\ud') ? json.replace(escapedHalves, '$1\ufffd') : json;
}
