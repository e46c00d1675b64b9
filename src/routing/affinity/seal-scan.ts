import { type InputItem } from '../../protocol/canonical/canonical-request';

/** Something in the input that only the account which made it can open. */
export interface SealedItem {
  readonly kind: 'reasoning' | 'compaction';
  /** The end of its ciphertext, which no two share: enough to know it again. */
  readonly tail: string;
}

/** Characters of a ciphertext by which it is known; they hold its whole authentication code. */
const tailLength = 64;
const field = '"encrypted_content"';
const quote = 0x22;
const colon = 0x3a;
const space = 0x20;

/** Sealed items of a request in the inner language, oldest first. */
export function sealedIn(input: readonly InputItem[]): readonly SealedItem[] {
  const found: SealedItem[] = [];
  for (const item of input) {
    const sealed = item['encrypted_content'];
    if (typeof sealed !== 'string' || sealed === '') continue;
    found.push({ kind: kindOf(item.type), tail: tailOf(sealed) });
  }
  return found;
}

/**
 * The same of a body that was not read: found by searching its bytes. A string of somebody's text cannot hold the field's
 * name with bare quotes. Of which kind each is is not looked at.
 */
export function sealedInBytes(body: Buffer): readonly SealedItem[] {
  const found: SealedItem[] = [];
  for (let at = body.indexOf(field); at !== -1; at = body.indexOf(field, at + field.length)) {
    let open = at + field.length;
    while (body[open] === space) open += 1;
    if (body[open] !== colon) continue;
    open += 1;
    while (body[open] === space) open += 1;
    if (body[open] !== quote) continue;
    const close = body.indexOf('"', open + 1);
    if (close === -1) break;
    if (close > open + 1)
      found.push({ kind: 'reasoning', tail: body.toString('latin1', Math.max(open + 1, close - tailLength), close) });
  }
  return found;
}

/** The end of a ciphertext. */
export function tailOf(sealed: string): string {
  return sealed.slice(-tailLength);
}

/** Items besides reasoning that carry ciphertext stand for a whole history. */
export function kindOf(type: unknown): SealedItem['kind'] {
  return type === 'reasoning' ? 'reasoning' : 'compaction';
}
