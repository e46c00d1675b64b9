import { isJsonObject } from '../json-guards';
import { type JsonObject } from './canonical-request';

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
  const sum = { images: 0, imageBytes: 0, sealedBytes: 0 };
  for (const item of Array.isArray(input) ? (input as readonly unknown[]) : []) {
    if (isJsonObject(item)) addItem(sum, item);
  }
  const { images, imageBytes, sealedBytes } = sum;
  return { textBytes: Math.max(0, bodyBytes - imageBytes - sealedBytes), images, sealedBytes };
}

interface Sum {
  images: number;
  imageBytes: number;
  sealedBytes: number;
}

function addItem(sum: Sum, item: JsonObject): void {
  const { encrypted_content: sealed, content, output } = item;
  if (typeof sealed === 'string') sum.sealedBytes += sealed.length;
  addImages(sum, partsOf(content));
  addImages(sum, partsOf(output));
}

function addImages(sum: Sum, parts: readonly unknown[]): void {
  for (const part of parts) {
    const url = isJsonObject(part) ? part['image_url'] : undefined;
    if (typeof url !== 'string') continue;
    sum.images += 1;
    sum.imageBytes += url.length;
  }
}

const noParts: readonly unknown[] = [];

function partsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : noParts;
}
