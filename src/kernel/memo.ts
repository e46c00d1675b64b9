/**
 * A map for what may be forgotten, mostly because it can be worked out again: when there would be too much, it starts over. A
 * look-up costs what that of a `Map` does. For keys of which there are few unless somebody makes them up; where it hurts to
 * forget what is in use, there is `BoundedMap`.
 */
export class Memo<K, V> extends Map<K, V> {
  /** @param most entries at once. */
  constructor(private readonly most: number) {
    super();
  }

  override set(key: K, value: V): this {
    if (this.size >= this.most && !this.has(key)) this.clear();
    return super.set(key, value);
  }
}

/**
 * The same function with a memory for its last results.
 *
 * @param most results at once.
 * @param make the same for the same argument. What it throws is thrown, and not remembered.
 */
export function memoized<A, R extends string | object>(most: number, make: (argument: A) => R): (argument: A) => R {
  const known = new Memo<A, R>(most);
  return (argument) => {
    const met = known.get(argument);
    if (met !== undefined) return met;
    const result = make(argument);
    known.set(argument, result);
    return result;
  };
}
