/**
 * Finds where a text stops being JSON. `JSON.parse` knows, but its message quotes what was sent, and some of its
 * messages hold no position; this walk runs only for texts that it refused.
 */
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const blank = /[ \t\r\n]*/y;
const escapes = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/** Offset (UTF-16 units) of the first character that cannot be there; the length when the text ends too early. */
export function jsonFaultOffset(text: string): number {
  return new Walk(text).fault();
}

/** One walk: an explicit stack instead of recursion, since the depth of the text is not known to be small. */
class Walk {
  private at = 0;
  private readonly open: ('{' | '[')[] = [];

  constructor(private readonly text: string) {}

  fault(): number {
    let expects: 'value' | 'after' = 'value';
    for (;;) {
      this.pass(blank);
      if (this.at >= this.text.length) return this.text.length;
      if (expects === 'value') {
        const next = this.value();
        if (next === undefined) return this.at;
        expects = next;
      } else {
        const next = this.after();
        if (next === undefined) return this.at;
        expects = next;
      }
    }
  }

  /** One value, or the opening of one. Undefined: a fault at `at`. */
  private value(): 'value' | 'after' | undefined {
    const character = this.text[this.at];
    if (character === '{' || character === '[') {
      this.at += 1;
      this.open.push(character);
      return this.opened(character);
    }
    const read = character === '"' ? this.string() : this.pass(word) || this.pass(number);
    return read ? 'after' : undefined;
  }

  private opened(bracket: '{' | '['): 'value' | 'after' | undefined {
    this.pass(blank);
    if (this.text[this.at] === (bracket === '{' ? '}' : ']')) return this.closed();
    return bracket === '{' ? this.key() : 'value';
  }

  private closed(): 'after' {
    this.at += 1;
    this.open.pop();
    return 'after';
  }

  private after(): 'value' | 'after' | undefined {
    const inside = this.open.at(-1);
    if (inside === undefined) return undefined;
    if (this.text[this.at] === (inside === '{' ? '}' : ']')) return this.closed();
    if (this.text[this.at] !== ',') return undefined;
    this.at += 1;
    this.pass(blank);
    return inside === '{' ? this.key() : 'value';
  }

  private key(): 'value' | undefined {
    if (this.text[this.at] !== '"' || !this.string()) return undefined;
    this.pass(blank);
    if (this.text[this.at] !== ':') return undefined;
    this.at += 1;
    return 'value';
  }

  private string(): boolean {
    this.at += 1;
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code < 0x20) return false;
      this.at += 1;
      if (code === 0x22) return true;
      if (code === 0x5c && !this.pass(escapes)) return false;
    }
    return false;
  }

  /** Steps over a match at `at`; false when there is none. */
  private pass(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
