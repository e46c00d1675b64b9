/** Every reasoning effort the Codex world knows, lowest first. */
export const effortRanks = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'] as const;

/** The lower of two efforts; a name nobody knows is lower than none. */
export function lowerEffort(a: string, b: string): string {
  const ranks: readonly string[] = effortRanks;
  return ranks.indexOf(a) <= ranks.indexOf(b) ? a : b;
}
