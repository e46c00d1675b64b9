/**
 * Cutting text that may be wire text. There the bytes of one character are several, and one of them (A0, the end of `à`)
 * looks like white space to the language: only ASCII may be judged alone.
 */

const longestCharacter = 4;

/** Without the ASCII white space at both ends. */
export function trimAscii(text: string): string {
  let end = text.length;
  while (end > 0 && isAsciiSpace(text.charCodeAt(end - 1))) end -= 1;
  return trimAsciiStart(text.slice(0, end));
}

/** Without the ASCII white space it begins with. */
export function trimAsciiStart(text: string): string {
  let start = 0;
  while (isAsciiSpace(text.charCodeAt(start))) start += 1;
  return start === 0 ? text : text.slice(start);
}

/** At most the first `length` units of `text`, decoded or wire: never a piece of a character. */
export function wholeCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = length;
  while (end > 0 && length - end < longestCharacter - 1 && isContinuation(text.charCodeAt(end))) end -= 1;
  return text.slice(0, end);
}

function isAsciiSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** A later byte of a character as wire text, or the second half of a pair. In decoded text the former costs a character or two. */
function isContinuation(code: number): boolean {
  return (code >= 0x80 && code <= 0xbf) || (code >= 0xdc00 && code <= 0xdfff);
}
