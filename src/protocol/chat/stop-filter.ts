/**
 * Cuts text at the first stop sequence that completes, wherever the pieces were split. Works on decoded text; keeps back
 * only what may still become a stop sequence.
 */
export class StopFilter {
  private kept = '';
  private found = false;

  /** @param stops none empty; one that completes earlier wins, of two that complete together the longer one. */
  constructor(private readonly stops: readonly string[]) {}

  /** A stop sequence was met: nothing more is to be shown. */
  get met(): boolean {
    return this.found;
  }

  /** What may be shown now that `text` came. */
  push(text: string): string {
    if (this.found) return '';
    const open = this.kept + text;
    const cut = this.cutIn(open);
    if (cut !== -1) {
      this.found = true;
      this.kept = '';
      return open.slice(0, cut);
    }
    const shown = open.length - this.possibleStart(open);
    this.kept = open.slice(shown);
    return open.slice(0, shown);
  }

  /** The rest, when no more text can come. */
  flush(): string {
    const rest = this.kept;
    this.kept = '';
    return rest;
  }

  /** Index of the stop sequence that completes first; -1 when none is complete. */
  private cutIn(text: string): number {
    let cut = -1;
    let firstEnd = Number.POSITIVE_INFINITY;
    for (const stop of this.stops) {
      const at = text.indexOf(stop);
      const end = at + stop.length;
      if (at === -1 || end > firstEnd || (end === firstEnd && at >= cut)) continue;
      cut = at;
      firstEnd = end;
    }
    return cut;
  }

  /** Length of the longest end of `text` with which a stop sequence begins. */
  private possibleStart(text: string): number {
    let longest = 0;
    for (const stop of this.stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
