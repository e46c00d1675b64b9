/** @returns the higher of a CLI's version and ours; ours when the CLI names none. Parts that are no numbers count as 0. */
export function newerVersion(theirs: string | undefined, ours: string): string {
  return theirs !== undefined && compare(numbersOf(theirs), numbersOf(ours)) > 0 ? theirs : ours;
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A pre-release counts as its release: the backend gates by release. */
function numbersOf(version: string): readonly number[] {
  return version.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0);
}
