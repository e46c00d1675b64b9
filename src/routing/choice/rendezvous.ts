/**
 * Highest random weight: each name draws a number from the key, and the highest wins. All replicas draw the same ones,
 * and when a name comes or goes only the keys that it wins or won move.
 *
 * @param key any text; should be well mixed with others only as a whole.
 * @param weightOf shares of the names; one that is 0 never wins. Undefined: equal shares.
 */
export function rendezvous<T>(
  key: string,
  members: readonly T[],
  nameOf: (member: T) => string,
  weightOf?: (member: T) => number,
): T | undefined {
  let best: T | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  const seed = mixed(0x811c9dc5, key);
  for (const member of members) {
    const weight = weightOf === undefined ? 1 : weightOf(member);
    if (weight <= 0) continue;
    const drawn = (finished(mixed(seed, nameOf(member))) + 0.5) / 0x1_0000_0000;
    const score = -weight / Math.log(drawn);
    if (score > highest) {
      highest = score;
      best = member;
    }
  }
  return best;
}

/** FNV-1a. */
function mixed(seed: number, text: string): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every bit of the sum moves every bit of the result. */
function finished(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
