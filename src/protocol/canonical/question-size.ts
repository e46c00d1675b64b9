import { isJsonObject } from '../json-guards';

/** How large a question is, apart by what costs differently. Bytes, but for `images`. */
export interface QuestionSize {
  /** Text, tool definitions and the JSON around them. */
  readonly textBytes: number;
  readonly images: number;
  /** Reasoning and compactions that only upstream can read. */
  readonly sealedBytes: number;
}

/**
 * Sizes of a Responses `input` within a body of `bodyBytes`. Looks at lengths only, and at nothing twice: a conversation
 * has hundreds of items, and they may be megabytes.
 */
export function questionSize(input: unknown, bodyBytes: number): QuestionSize {
  let images = 0;
  let imageBytes = 0;
  let sealedBytes = 0;
  for (const item of Array.isArray(input) ? (input as readonly unknown[]) : []) {
    if (!isJsonObject(item)) continue;
    const sealed = item['encrypted_content'];
    if (typeof sealed === 'string') sealedBytes += sealed.length;
    for (const parts of [item['content'], item['output']]) {
      if (!Array.isArray(parts)) continue;
      for (const part of parts as readonly unknown[]) {
        const url = isJsonObject(part) ? part['image_url'] : undefined;
        if (typeof url !== 'string') continue;
        images += 1;
        imageBytes += url.length;
      }
    }
  }
  return { textBytes: Math.max(0, bodyBytes - imageBytes - sealedBytes), images, sealedBytes };
}
