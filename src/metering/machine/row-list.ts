/** A row as it is kept. */
export interface KeptRow {
  readonly id: string;
  /** Counts rows as they come; never given twice. */
  readonly number: number;
  readonly startMs: number;
  readonly text: string;
  /** Written for a process that was taken for dead: its own settlement replaces it. */
  readonly isProvisional: boolean;
  readonly indexes: readonly string[];
}

/** Part of a list, by time of admission. */
export interface RowSpan {
  /** `all`, `key:…`, `team:…`, `user:…`, `customer:…`. */
  readonly index: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

/** A piece of a part. */
export interface RowPage {
  readonly offset: number;
  readonly limit: number;
}

/** The rows of the ledger with their lists, each ordered by admission and then by id. */
export class RowList {
  private readonly byId = new Map<string, KeptRow>();
  private readonly lists = new Map<string, KeptRow[]>();
  private issued = 0;
  private floor = 0;
  private floorMs = 0;

  /** Rows below this number are archived. */
  get archivedBelow(): number {
    return this.floor;
  }

  /** Rows admitted before this moment may be archived; 0 when none is. */
  get archivedUntilMs(): number {
    return this.floorMs;
  }

  get size(): number {
    return this.byId.size;
  }

  /** Number of the next row. */
  get nextNumber(): number {
    return this.issued;
  }

  get(id: string): KeptRow | undefined {
    return this.byId.get(id);
  }

  clear(): void {
    this.byId.clear();
    this.lists.clear();
    this.resume(0, 0, 0);
  }

  /** Goes on where a list that was stored before ended. */
  resume(nextNumber: number, archivedBelow: number, archivedUntilMs: number): void {
    this.issued = nextNumber;
    this.floor = archivedBelow;
    this.floorMs = archivedUntilMs;
  }

  /** What came from this number on is told again in its order: each row gets the number that it had, also one that left since. */
  tellAgain(fromNumber: number): void {
    this.issued = fromNumber;
  }

  /** Adds a row, or puts it in the place of the one with its id. @param number of a row that was stored before. */
  put(row: Omit<KeptRow, 'number'>, number?: number): void {
    if (number !== undefined && number < this.floor) return;
    const known = this.byId.get(row.id);
    if (known !== undefined) this.drop(row.id);
    const { id, startMs, text, isProvisional, indexes } = row;
    const kept = { id, number: known?.number ?? number ?? this.issued, startMs, text, isProvisional, indexes };
    this.issued = Math.max(this.issued, kept.number + 1);
    this.byId.set(row.id, kept);
    for (const index of row.indexes) {
      const list = this.lists.get(index);
      if (list === undefined) this.lists.set(index, [kept]);
      else insert(list, kept);
    }
  }

  drop(id: string): void {
    const row = this.byId.get(id);
    if (row === undefined) return;
    this.byId.delete(id);
    for (const index of row.indexes) this.remove(index, row);
  }

  /** Drops the rows with a number below this one; cheaper than one by one. */
  dropBelow(number: number, archivedUntilMs: number): void {
    this.floor = Math.max(this.floor, number);
    this.floorMs = Math.max(this.floorMs, archivedUntilMs);
    const touched = new Set<string>();
    for (const [id, row] of this.byId) {
      if (row.number >= number) continue;
      this.byId.delete(id);
      for (const index of row.indexes) touched.add(index);
    }
    for (const index of touched) {
      const rest = (this.lists.get(index) ?? []).filter((row) => row.number >= number);
      if (rest.length === 0) this.lists.delete(index);
      else this.lists.set(index, rest);
    }
  }

  /** Rows with the lowest numbers, in their order. */
  first(limit: number): readonly KeptRow[] {
    const rows: KeptRow[] = [];
    // A row that took another's place stands behind younger ones; a few more are looked at for its sake.
    for (const row of this.byId.values()) {
      if (rows.length >= limit + 100) break;
      rows.push(row);
    }
    return rows.sort((one, other) => one.number - other.number).slice(0, limit);
  }

  /** How many rows a part has. */
  count({ index, fromMs, untilMs }: RowSpan): number {
    const list = this.lists.get(index) ?? [];
    return firstAt(list, untilMs) - firstAt(list, fromMs);
  }

  /** Rows of a part, from `offset` on, oldest or newest first. */
  slice(
    { index, fromMs, untilMs }: RowSpan,
    order: 'newest' | 'oldest',
    { offset, limit }: RowPage,
  ): readonly KeptRow[] {
    const list = this.lists.get(index) ?? [];
    const [from, until] = [firstAt(list, fromMs), firstAt(list, untilMs)];
    if (order === 'oldest') return list.slice(Math.min(from + offset, until), Math.min(from + offset + limit, until));
    return list.slice(Math.max(until - offset - limit, from), Math.max(until - offset, from)).reverse();
  }

  /** Every row, in no order. */
  values(): IterableIterator<KeptRow> {
    return this.byId.values();
  }

  private remove(index: string, row: KeptRow): void {
    const list = this.lists.get(index);
    if (list === undefined) return;
    let at = firstAt(list, row.startMs);
    while (at < list.length && list[at]?.id !== row.id) at += 1;
    if (at < list.length) list.splice(at, 1);
    if (list.length === 0) this.lists.delete(index);
  }
}

/** Rows come nearly in order of admission, so the place is near the end. */
function insert(list: KeptRow[], row: KeptRow): void {
  let at = list.length;
  for (let before = list[at - 1]; before !== undefined && isAfter(before, row); before = list[at - 1]) at -= 1;
  if (at === list.length) list.push(row);
  else list.splice(at, 0, row);
}

function isAfter(one: KeptRow, other: KeptRow): boolean {
  return one.startMs > other.startMs || (one.startMs === other.startMs && one.id > other.id);
}

/** Place of the first row that was admitted at or after a moment. */
function firstAt(list: readonly KeptRow[], momentMs: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.startMs ?? Number.POSITIVE_INFINITY) < momentMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
