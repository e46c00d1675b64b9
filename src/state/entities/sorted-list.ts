interface Item {
  readonly score: number;
  readonly id: string;
}

/** Ids by score, then by the bytes of the id: the order of a Redis sorted set. */
export class SortedList {
  private readonly items: Item[] = [];

  get length(): number {
    return this.items.length;
  }

  /** The caller sees to it that an id is there once. */
  add(score: number, id: string): void {
    const item = { score, id };
    this.items.splice(this.placeOf(item), 0, item);
  }

  /** Nothing happens when it is not there with this score. */
  remove(score: number, id: string): void {
    const at = this.placeOf({ score, id });
    if (this.items[at]?.id === id) this.items.splice(at, 1);
  }

  slice(order: 'newest' | 'oldest', offset: number, limit: number): string[] {
    const { length } = this.items;
    if (order === 'oldest') return this.items.slice(offset, offset + limit).map(({ id }) => id);
    const part = this.items.slice(Math.max(0, length - offset - limit), Math.max(0, length - offset));
    return part.reverse().map(({ id }) => id);
  }

  /** First position whose item is not before this one. */
  private placeOf(item: Item): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.items[middle];
      if (other !== undefined && isBefore(other, item)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.score === b.score ? Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)) < 0 : a.score < b.score;
}
