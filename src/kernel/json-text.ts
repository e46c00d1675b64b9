/** What a text says as JSON, every part still to be checked; undefined for no text and for one that is not JSON. Never throws. */
export function jsonIn(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
