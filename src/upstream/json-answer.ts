/** JSON of an upstream answer; undefined when it is none. Check its shape before use. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
