import { effortRanks } from '../../kernel/effort-ranks';

const ranks: readonly string[] = effortRanks;

/**
 * The effort to send for one that was asked for: itself when the model lists it, else the nearest listed one, the lower
 * of two equally near. `ultra` is a mode of the CLI and goes out as the catalog's substitute. A name that nobody knows,
 * or a model of which nothing is known, gets what was asked for.
 */
export function clampEffort(asked: string, listed: readonly string[], ultraEffort: string): string {
  const wanted = asked === 'ultra' ? ultraEffort : asked;
  const rank = ranks.indexOf(wanted);
  if (rank < 0 || listed.includes(wanted)) return wanted;
  let nearest = wanted;
  let distance = Number.POSITIVE_INFINITY;
  for (const effort of ranks) {
    const away = Math.abs(ranks.indexOf(effort) - rank);
    if (effort !== 'ultra' && away < distance && listed.includes(effort)) {
      nearest = effort;
      distance = away;
    }
  }
  return nearest;
}
