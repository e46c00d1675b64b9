/** Efforts from low to high, as the wire spells them. */
const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'];
/** What a model thinks with when nobody says; the highest default that any model of the catalog has. */
const usualEffort = 'medium';

/**
 * The effort a request may have under a ceiling. Never higher than asked for; without a wish one is named only when the
 * usual one would be too high. Undefined: say nothing. An unknown word counts as too high.
 */
export function effortUnder(ceiling: string | undefined, asked: string | undefined): string | undefined {
  const highest = efforts.indexOf(ceiling ?? '');
  if (highest === -1) return asked;
  const wish = efforts.indexOf(asked ?? usualEffort);
  return wish === -1 || wish > highest ? ceiling : asked;
}
