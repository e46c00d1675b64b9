/**
 * Cuts text at the first stop sequence that completes, wherever the pieces were split. Works on decoded text; keeps back
 * only what may still become a stop sequence. Its work grows with the length of the text alone, whatever the sequences.
 */
export class StopFilter {
  private readonly stops: readonly StopMatcher[];
  private kept = '';
  private found = false;

  /** @param stops none empty; one that completes earlier wins, of two that complete together the longer one. */
  constructor(stops: readonly string[]) {
    this.stops = stops.map((stop) => new StopMatcher(stop));
  }

  /** A stop sequence was met: nothing more is to be shown. */
  get met(): boolean {
    return this.found;
  }

  /** What may be shown now that `text` came. */
  push(text: string): string {
    if (this.found) return '';
    const before = this.kept;
    const open = before + text;
    for (let at = 0; at < text.length; at += 1) {
      const stopLength = this.completedBy(text.charCodeAt(at));
      if (stopLength === 0) continue;
      this.found = true;
      this.kept = '';
      return open.slice(0, before.length + at + 1 - stopLength);
    }
    const shown = open.length - this.possibleStart();
    this.kept = open.slice(shown);
    return open.slice(0, shown);
  }

  /** The rest, when no more text can come. */
  flush(): string {
    const rest = this.kept;
    this.kept = '';
    return rest;
  }

  /** Length of the longest stop sequence that ends with this unit; 0 when none does. */
  private completedBy(unit: number): number {
    let longest = 0;
    for (const stop of this.stops) {
      if (stop.take(unit)) longest = Math.max(longest, stop.length);
    }
    return longest;
  }

  /** Length of the longest end of the text so far with which a stop sequence begins. */
  private possibleStart(): number {
    return this.stops.reduce((longest, { matched }) => Math.max(longest, matched), 0);
  }
}

/** Follows one stop sequence through the text unit by unit and never looks back (Knuth, Morris and Pratt). */
class StopMatcher {
  readonly length: number;
  /** How much of the sequence the text ends with. */
  matched = 0;
  private readonly units: Uint16Array;
  /** At each length: the next shorter beginning of the sequence with which that much of it ends. */
  private readonly shorter: Uint32Array;

  constructor(stop: string) {
    this.length = stop.length;
    this.units = Uint16Array.from({ length: stop.length }, (_, at) => stop.charCodeAt(at));
    this.shorter = new Uint32Array(stop.length + 1);
    let border = 0;
    for (let at = 1; at < stop.length; at += 1) {
      border = this.after(border, this.units[at] ?? 0);
      this.shorter[at + 1] = border;
    }
  }

  /** @returns whether the sequence is complete; it is not to be asked again then. */
  take(unit: number): boolean {
    this.matched = this.after(this.matched, unit);
    return this.matched === this.length;
  }

  private after(length: number, unit: number): number {
    let fitting = length;
    while (fitting > 0 && this.units[fitting] !== unit) fitting = this.shorter[fitting] ?? 0;
    return this.units[fitting] === unit ? fitting + 1 : fitting;
  }
}
