/**
 * A map that forgets: what was not asked for the longest goes first, half of the bound at a time. Evicting one by one from
 * the front of a `Map` walks over all that was deleted there before, which is slow exactly under attack.
 */
export class BoundedMap<V> {
  private young = new Map<string, V>();
  private old = new Map<string, V>();
  private readonly half: number;

  /**
   * @param most entries at once, give or take one, at least 2; the half of them that was asked for last is always there.
   * @param onDrop told of what was forgotten, not of what was deleted.
   */
  constructor(
    most: number,
    private readonly onDrop?: (key: string, value: V) => void,
  ) {
    this.half = Math.max(1, Math.floor(most / 2));
  }

  /** How many there are. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: string): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older === undefined) return undefined;
    this.old.delete(key);
    this.set(key, older);
    return older;
  }

  set(key: string, value: V): void {
    this.old.delete(key);
    this.young.set(key, value);
    if (this.young.size <= this.half) return;
    const gone = this.old;
    this.old = this.young;
    this.young = new Map();
    if (this.onDrop !== undefined) for (const [each, dropped] of gone) this.onDrop(each, dropped);
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }

  *values(): IterableIterator<V> {
    yield* this.young.values();
    yield* this.old.values();
  }
}
