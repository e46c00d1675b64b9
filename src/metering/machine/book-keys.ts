import { type ScopeKind } from '../../kernel/limits';

/** A book's owner. */
export interface BookOwner {
  readonly kind: ScopeKind;
  readonly id: string;
  readonly model?: string | undefined;
}

const scopeKinds: ReadonlySet<string> = new Set<ScopeKind>(['key', 'team', 'user', 'member', 'customer', 'proxy']);

/** Whether a stored word is a kind of book. */
export function isScopeKind(word: string): word is ScopeKind {
  return scopeKinds.has(word);
}

const unsafe = /[%|\u0000-\u001f\u007f]/;
const everyUnsafe = /[%|\u0000-\u001f\u007f]/g;

/** A name from outside without the characters that separate names here; different names stay different. */
export function safeName(name: string): string {
  return unsafe.test(name) ? name.replace(everyUnsafe, encoded) : name;
}

/** The name again. */
export function plainName(safe: string): string {
  return safe.includes('%')
    ? safe.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    : safe;
}

function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** `kind:id`, or `kind:id|model` for the part of a book that belongs to one model group. */
export function bookKey({ kind, id, model }: BookOwner): string {
  const own = `${kind}:${safeName(id)}`;
  return model === undefined ? own : `${own}|${safeName(model)}`;
}

/** Whose book a key names. */
export function bookOwner(key: string): BookOwner {
  const at = key.indexOf(':');
  const bar = key.indexOf('|');
  const id = plainName(key.slice(at + 1, bar < 0 ? undefined : bar));
  const kind = key.slice(0, at);
  if (!isScopeKind(kind)) throw new Error('not the key of a book');
  return bar < 0 ? { kind, id } : { kind, id, model: plainName(key.slice(bar + 1)) };
}
