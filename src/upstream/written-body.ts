import { type JsonObject } from '../protocol/canonical/canonical-request';

/** Texts whose JSON is remembered; an account has a dozen models. */
const rememberedTexts = 64;

/** JSON string literals of texts that are sent again and again: official instructions are the longest part of a small request. */
export class Literals {
  private readonly known = new Map<string, string>();

  /** The literal of `text`; only for texts of which there are few. */
  of(text: string): string {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    if (this.known.size >= rememberedTexts) this.known.clear();
    const literal = JSON.stringify(text);
    this.known.set(text, literal);
    return literal;
  }
}

/** The bytes of a body, written once. Strings that are wire text are bytes already. */
export function writtenBody(body: JsonObject, isWire: boolean): Buffer {
  return bytesOf(JSON.stringify(body), isWire);
}

/** The same for a body whose `instructions` are `literal`; whatever `body` has in their place is taken out of it. */
export function writtenAround(body: JsonObject, literal: string, isWire: boolean): Buffer {
  body['instructions'] = undefined;
  const rest = JSON.stringify(body);
  return bytesOf(rest === '{}' ? `{"instructions":${literal}}` : `{"instructions":${literal},${rest.slice(1)}`, isWire);
}

function bytesOf(json: string, isWire: boolean): Buffer {
  return Buffer.from(json, isWire ? 'latin1' : 'utf8');
}
