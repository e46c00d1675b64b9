/** The version that stands for a client without a limit: the backend shows it everything. */
const ungated = '0.0.0';

/** Whether a model that asks for `minimum` is closed to a Codex client of this version. */
export function isTooOld(version: string, minimum: string | undefined): boolean {
  return minimum !== undefined && version !== ungated && compareVersions(version, minimum) < 0;
}

/**
 * @returns negative, zero or positive, like a sort function. Parts that are no numbers count as 0; a pre-release counts
 * as its release, because the backend gates by release.
 */
export function compareVersions(left: string, right: string): number {
  const [mine, theirs] = [numbersOf(left), numbersOf(right)];
  for (let at = 0; at < Math.max(mine.length, theirs.length); at += 1) {
    const difference = (mine[at] ?? 0) - (theirs[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return version.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0);
}
