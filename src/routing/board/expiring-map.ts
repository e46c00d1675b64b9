import { forgetOldest } from '../../kernel/forget-oldest';

/** A map that forgets: what is too old, and what was touched longest ago when there is too much. */
export class ExpiringMap<V> {
  private readonly entries = new Map<string, { readonly value: V; readonly untilMs: number }>();

  constructor(private readonly most: number) {}

  /** @param nowMs on the clock of `set`. */
  get(key: string, nowMs: number): V | undefined {
    const found = this.entries.get(key);
    if (found === undefined) return undefined;
    this.entries.delete(key);
    if (found.untilMs <= nowMs) return undefined;
    this.entries.set(key, found);
    return found.value;
  }

  set(key: string, value: V, untilMs: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, untilMs });
    forgetOldest(this.entries, this.most);
  }
}
